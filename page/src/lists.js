// The values of a dimension with the most calls, each with a bar; a click filters by it.

import { shown } from "./amounts.js";
import { el, panel } from "./dom.js";
import { count } from "./numbers.js";

const FEW = 8;
// Credentials that last, or can do everything, come first.
const FIRST = ["root", "iam-user"];
// Lists that are shown in full, as the reader left them.
const whole = new Set();

export function list({ facet, filters, sums, cost, redraw }) {
  const rows = sums.map((sum, value) => ({ sum, value, text: facet.values[value] })).filter(({ sum }) => sum.calls)
    .sort((one, other) => order(facet, one) - order(facet, other) || other.sum.calls - one.sum.calls || (one.text < other.text ? -1 : 1));
  const most = Math.max(1, ...rows.map(({ sum }) => sum.calls));
  const visible = whole.has(facet.name) ? rows : rows.slice(0, FEW);
  const heads = ["", "calls", "failed", ...(cost ? ["cost"] : [])];
  const content = el("table", { class: "list" },
    el("caption", { class: "unseen" }, `${facet.title} by calls`),
    el("thead", {}, el("tr", {}, heads.map((head, place) => el("th", { scope: "col", class: place ? "number" : "name" }, head || el("span", { class: "unseen" }, facet.title))))),
    el("tbody", {}, visible.map((row) => line({ ...row, facet, filters, most, cost }))));
  const hidden = rows.length - visible.length;
  const more = rows.length > FEW && el("button", { class: "more", onclick: () => {
    if (!whole.delete(facet.name)) whole.add(facet.name);
    redraw();
  }, "data-key": `more ${facet.name}` }, hidden ? `Show ${count(hidden)} more` : "Show fewer");
  const kept = sums[facet.others]?.calls ? `The ${count(facet.kept)} with the most calls; one line sums all others.` : null;
  return panel(facet.title, { note: kept }, rows.length ? content : el("p", { class: "nothing" }, "No calls."), more || null);
}

// Root and long-lived keys, then the others; sums of all others are last.
function order(facet, { value, text }) {
  if (value === facet.others) return FIRST.length + 1;
  const place = facet.name === "credentials" ? FIRST.indexOf(text) : -1;
  return place < 0 ? FIRST.length : place;
}

function line({ sum, value, text, facet, filters, most, cost }) {
  const chosen = filters.has(facet.name, value);
  const isOther = filters.chosen.has(facet.name) && !chosen;
  const isAlarming = facet.name === "credentials" && FIRST.includes(text);
  const bar = el("span", { class: "bar", "aria-hidden": "true" }, el("span", { class: "failed" }));
  bar.style.width = `${(100 * sum.calls) / most}%`;
  bar.firstChild.style.width = `${(100 * sum.errors) / sum.calls}%`;
  const button = el("button", { "data-key": `${facet.name} ${value}`, "aria-pressed": String(chosen), title: text, onclick: () => filters.toggle(facet.name, value) }, el("span", { class: "text" }, text));
  return el("tr", { class: [isOther && "other", chosen && "chosen", isAlarming && "alarming"].filter(Boolean).join(" ") || null },
    el("th", { scope: "row", class: "name" }, button, bar),
    el("td", { class: "number" }, count(sum.calls)),
    el("td", { class: sum.errors ? "number bad" : "number" }, count(sum.errors)),
    cost ? el("td", { class: "number" }, shown(cost, sum)) : null);
}
