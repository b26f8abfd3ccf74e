// Sums of cells. A cell has a value of each facet (a dimension, or a time), and numbers that can be added.

// What follows from the numbers of a cell and its outcome.
const FAILED = { errors: (outcome) => outcome !== "ok", denied: (outcome) => outcome === "denied",
  throttled: (outcome) => outcome === "throttled" };

export class Cube {
  // `cells` are columns: the time, the value of each dimension, the numbers. `sizes` are the numbers of cells of each
  // call that was recorded for several accounts; their cells are in `shared`, of which only the first selected one
  // counts. `facets` are functions from the columns to the value of a cell, by name.
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
    const values = this.facets.map((name) => Uint16Array.from({ length: count }, (_, row) => facets[name](columns, row)));
    const numbers = document.columns.map((_, place) => columns[first + place] ?? new Float64Array(count));
    const named = document.dimensions[outcomes].values;
    const failed = Object.values(FAILED).map((test) =>
      Float64Array.from({ length: count }, (_, row) => (test(named[columns[1 + outcomes][row]]) ? numbers[0][row] : 0)),
    );
    return { count, values, numbers: [...numbers, ...failed] };
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
    for (let row = 0; row < this.plain.count; row++) {
      const failing = failed(this.plain, chosen, row);
      for (const plan of plans) {
        if (!(failing & plan.blocking)) add(plan.sums, place(plan, this.plain, row), this.plain, row);
      }
    }
    let begin = 0;
    for (const size of this.sizes) {
      for (const plan of plans) this.#addShared(plan, chosen, begin, begin + size);
      begin += size;
    }
    return plans.map(({ sums }) => new Sums(this.names, sums));
  }

  #addShared(plan, chosen, begin, end) {
    const seen = new Set();
    for (let row = begin; row < end; row++) {
      const at = place(plan, this.shared, row);
      if (seen.has(at) || failed(this.shared, chosen, row) & plan.blocking) continue;
      seen.add(at);
      add(plan.sums, at, this.shared, row);
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

// A bit for each facet whose filter the cell does not meet.
function failed(table, chosen, row) {
  let mask = 0;
  for (let facet = 0; facet < chosen.length; facet++) {
    if (chosen[facet] && !chosen[facet].has(table.values[facet][row])) mask |= 1 << facet;
  }
  return mask;
}

function place(plan, table, row) {
  let at = 0;
  for (let number = 0; number < plan.by.length; number++) {
    at = at * plan.sizes[number] + table.values[plan.by[number]][row];
  }
  return at;
}

function add(sums, at, table, row) {
  const begin = at * table.numbers.length;
  for (let number = 0; number < table.numbers.length; number++) sums[begin + number] += table.numbers[number][row];
}
