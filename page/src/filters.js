// The filters: chosen values of facets, which are also in the fragment of the page's address.

// Marks of values that are no values of calls. A value that begins with the mark has it twice.
const MARK = "!";

export class Filters {
  constructor(facets, changed) {
    this.facets = facets;
    this.changed = changed;
    this.#read();
    addEventListener("hashchange", () => {
      if (location.hash === this.hash) return;
      this.#read();
      changed();
    });
  }

  #read() {
    this.hash = location.hash;
    this.chosen = this.#parsed(this.hash);
  }

  has(name, value) {
    return this.chosen.get(name)?.has(value) ?? false;
  }

  get isEmpty() {
    return this.chosen.size === 0;
  }

  toggle(name, value) {
    const values = new Set(this.chosen.get(name));
    if (!values.delete(value)) values.add(value);
    this.#set(new Map([...this.chosen, [name, values]]));
  }

  // Only these values, by the names of facets.
  only(values) {
    this.#set(new Map(Object.entries(values).map(([name, value]) => [name, new Set([value])])));
  }

  clear() {
    this.#set(new Map());
  }

  #set(chosen) {
    const parts = [];
    for (const [name, values] of chosen) {
      for (const value of values) parts.push(`${encodeURIComponent(name)}=${encodeURIComponent(this.#text(name, value))}`);
    }
    location.hash = parts.join("&");
    this.#read();
    this.changed();
  }

  #text(name, value) {
    const facet = this.facets.get(name);
    if (value === facet.others) return `${MARK}others`;
    if (value === facet.absent) return `${MARK}none`;
    const text = facet.values[value];
    return text.startsWith(MARK) ? MARK + text : text;
  }

  #parsed(hash) {
    const chosen = new Map();
    for (const part of hash.replace(/^#/, "").split("&").filter(Boolean)) {
      const [name, text = ""] = part.split("=").map(decoded);
      const value = this.#value(name, text);
      if (value >= 0) chosen.set(name, (chosen.get(name) ?? new Set()).add(value));
    }
    return chosen;
  }

  #value(name, text) {
    const facet = this.facets.get(name);
    if (!facet) return -1;
    if (text === `${MARK}others`) return facet.others ?? -1;
    if (text === `${MARK}none`) return facet.absent ?? -1;
    const value = text.startsWith(MARK) ? text.slice(1) : text;
    return facet.values.findIndex((each, place) => each === value && place !== facet.others && place !== facet.absent);
  }
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // somebody has edited the address
  }
}
