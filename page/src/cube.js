// Sums of cells. A cell has a value of each facet (a dimension, or a time), and numbers that can be added.

// What follows from the numbers of a cell and its outcome.
const FAILED = { errors: (outcome) => outcome !== "ok", denied: (outcome) => outcome === "denied",
  throttled: (outcome) => outcome === "throttled" };

export class Cube {
  // `cells` are columns: the time, the value of each dimension, the numbers. `sizes` are the numbers of cells of each
  // call that was recorded for several accounts; their cells are in `shared`, of which only the first selected one
  // counts. `facets` are functions from the columns to the values of all cells, by name.
  constructor(document, facets, cells, { sizes, columns: shared }) {
    this.names = [...document.columns, ...Object.keys(FAILED)];
    this.facets = Object.keys(facets);
    this.plain = this.#table(document, facets, cells);
    this.shared = this.#table(document, facets, shared);
    this.sizes = sizes;
  }

  #table(document, facets, columns) {
    const count = columns[0]?.length ?? 0;
    const first = 1 + document.dimensions.length;
    const outcomes = document.dimensions.findIndex(({ name }) => name === "outcome");
    const named = document.dimensions[outcomes].values;
    const numbers = document.columns.map((_, place) => columns[first + place] ?? new Float64Array(count));
    const failed = Object.values(FAILED).map((test) => {
      const tests = named.map(test);
      const calls = new Float64Array(count);
      for (let row = 0; row < count; row++) if (tests[columns[1 + outcomes][row]]) calls[row] = numbers[0][row];
      return calls;
    });
    return { count, values: this.facets.map((name) => facets[name](columns)), numbers: [...numbers, ...failed], places: new Map() };
  }

  // The sums of each grouping. A grouping has the facets whose values it tells apart (`by`), the `size` of each, and
  // `own`: the facets whose filters do not apply to it, as it is what they are chosen from. `filters` maps facets to
  // sets of values. A sum is an object of numbers by name.
  sums(filters, groupings) {
    const chosen = this.facets.map((name) => filters.get(name));
    const plans = groupings.map(({ by, sizes, own }) => ({
      by: by.map((name) => this.facets.indexOf(name)),
      sizes,
      blocking: ~this.#mask(own),
      sums: new Float64Array(sizes.reduce((product, size) => product * size, 1) * this.names.length),
    }));
    const failing = failed(this.plain, chosen);
    for (const plan of plans) addAll(plan, this.plain, failing);
    const ofShared = failed(this.shared, chosen);
    let begin = 0;
    for (const size of this.sizes) {
      for (const plan of plans) this.#addShared(plan, ofShared, begin, begin + size);
      begin += size;
    }
    return plans.map(({ sums }) => new Sums(this.names, sums));
  }

  #addShared(plan, failing, begin, end) {
    const at = places(plan, this.shared);
    const seen = new Set();
    for (let row = begin; row < end; row++) {
      if (seen.has(at[row]) || (failing && failing[row] & plan.blocking)) continue;
      seen.add(at[row]);
      add(plan.sums, at[row], this.shared, row);
    }
  }

  #mask(names) {
    return names.reduce((mask, name) => mask | (1 << this.facets.indexOf(name)), 0);
  }
}

class Sums {
  constructor(names, sums) {
    this.names = names;
    this.sums = sums;
  }

  get length() {
    return this.sums.length / this.names.length;
  }

  at(place) {
    const begin = place * this.names.length;
    return Object.fromEntries(this.names.map((name, number) => [name, this.sums[begin + number]]));
  }

  // All groups as objects, in the order of their places.
  all() {
    return Array.from({ length: this.length }, (_, place) => this.at(place));
  }
}

// For each cell, a bit for each facet whose filter it does not meet; null without filters.
function failed(table, chosen) {
  if (!chosen.some(Boolean)) return null;
  const masks = new Int32Array(table.count);
  chosen.forEach((wanted, facet) => {
    if (!wanted) return;
    const values = table.values[facet];
    for (let row = 0; row < table.count; row++) if (!wanted.has(values[row])) masks[row] |= 1 << facet;
  });
  return masks;
}

// The place of each cell in the sums of a plan, which filters do not change.
function places({ by, sizes }, table) {
  const key = by.join();
  let at = table.places.get(key);
  if (!at) {
    at = new Int32Array(table.count);
    by.forEach((facet, number) => {
      const values = table.values[facet];
      for (let row = 0; row < table.count; row++) at[row] = at[row] * sizes[number] + values[row];
    });
    table.places.set(key, at);
  }
  return at;
}

// Adds all cells: number by number, as a browser adds up one column of numbers much faster than all of each cell.
function addAll({ by, sizes, sums, blocking }, table, failing) {
  const at = places({ by, sizes }, table);
  const width = table.numbers.length;
  table.numbers.forEach((column, number) => {
    for (let row = 0; row < table.count; row++) {
      if (column[row] && !(failing && failing[row] & blocking)) sums[at[row] * width + number] += column[row];
    }
  });
}

function add(sums, at, table, row) {
  const begin = at * table.numbers.length;
  for (let number = 0; number < table.numbers.length; number++) sums[begin + number] += table.numbers[number][row];
}
