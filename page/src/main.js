// The page: reads the data once, draws what is seen first, and everything again when the filters change.

import { about, billed, callers, metering, proof, span } from "./about.js";
import { amountsOf, known, shown } from "./amounts.js";
import { bars } from "./bars.js";
import { Cube } from "./cube.js";
import { read, unpack } from "./data.js";
import { el, hideTip, panel } from "./dom.js";
import { events } from "./events.js";
import { facetsOf, fixedSlots, periodOf } from "./facets.js";
import { Filters } from "./filters.js";
import { heatMap } from "./heat.js";
import { list } from "./lists.js";
import { change, count, counted, decimals } from "./numbers.js";

const OUTCOMES = ["denied", "throttled", "client-error", "server-error"];
const COLORS = 7; // of series; all further ones together have one more
const LISTS = ["team", "principal", "operation", "resource", "network", "source-ip", "engine", "credentials", "outcome", "region", "account"];
const IN_ONE_ROW = 8; // headline numbers
const ICONS = { root: "▲", denied: "▲", throttled: "▲", network: "◆", idle: "◆", new: "●", silent: "○" };

async function start() {
  const data = read();
  const facets = facetsOf(data);
  const cube = await cubeOf(data, facets, data.cells, data.shared);
  const timeless = new Map([...facets].filter(([, facet]) => !facet.isTime));
  const before = data.cellsBefore && (await cubeOf(data, timeless, data.cellsBefore, data.sharedBefore));
  const page = { data, facets, cube, before, amounts: amountsOf(data), period: [...facets.values()].find(({ isTime }) => isTime) };
  page.filters = new Filters(facets, () => draw(page));
  document.getElementById("window").textContent = `${span(data.window)} (${data.timezone})`;
  await open(page);
  document.documentElement.dataset.ready = "true";
}

async function cubeOf(data, facets, cells, shared) {
  const of = Object.fromEntries([...facets].map(([name, facet]) => [name, facet.of]));
  return new Cube(data, of, await unpack(cells), { sizes: shared.sizes, columns: await unpack(shared.cells) });
}

// Draws everything again.
function draw(page) {
  const focused = document.activeElement?.dataset.key;
  hideTip();
  page.drawn = (page.drawn ?? 0) + 1;
  const { first, rest } = sections(page);
  document.getElementById("report").replaceChildren(...first(), ...rest());
  fit();
  if (focused) document.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

// Draws what is seen first, and the rest when that is on the screen.
async function open(page) {
  const { first, rest } = sections(page);
  document.getElementById("report").replaceChildren(...first());
  fit();
  await painted();
  if (page.drawn) return; // a filter was chosen: everything is there
  document.getElementById("report").append(...rest());
  fit();
}

// A page that nobody looks at has no frames.
const painted = () => new Promise((done) => {
  requestAnimationFrame(() => setTimeout(done));
  setTimeout(done, 100);
});

function sections(page) {
  const { data, facets, filters } = page;
  const sums = sumsOf(page);
  document.getElementById("filters").replaceChildren(...chips(page));
  const first = () => [standingOut(page), headlines(page, sums), ...overTime(page, sums)];
  const rest = () => [
    el("div", { class: "lists wide" }, LISTS.filter((name) => facets.has(name)).map((name) =>
      list({ facet: facets.get(name), filters, sums: sums[name], cost: page.amounts.find(({ name }) => name === "cost"), redraw: () => draw(page) }))),
    ...[metering(data)].filter(Boolean),
    week(page, sums),
    callers(data, facets, filters),
    proof(data),
    ...[billed(data)].filter(Boolean),
    events({ data, facets, filters, note: eventNote(data) }),
    about(data),
  ];
  return { first, rest };
}

function fit() {
  const figures = [...document.querySelectorAll("figure.chart")];
  const widths = figures.map((figure) => figure.clientWidth); // all before the first chart: each would need a layout
  figures.forEach((figure, place) => figure.fit(widths[place]));
}

// All sums that the page shows, by name.
function sumsOf({ facets, filters, cube, before, period }) {
  const lists = [...facets.values()].filter(({ name }) => name !== period.name);
  const one = ({ name, values }) => ({ by: [name], sizes: [values.length], own: [name] });
  const two = (name) => ({ by: [period.name, name], sizes: [period.values.length, facets.get(name).values.length], own: [period.name] });
  const plans = { total: { by: [], sizes: [], own: [] }, period: one(period), services: two("service"), outcomes: two("outcome"),
    principals: { ...one(facets.get("principal")), own: [] } };
  for (const facet of lists) plans[facet.name] = one(facet);
  const found = cube.sums(filters.chosen, Object.values(plans));
  const sums = Object.fromEntries(Object.keys(plans).map((name, place) => [name, found[place].all()]));
  const isTimed = [...filters.chosen.keys()].some((name) => facets.get(name).isTime);
  if (before && !isTimed) {
    const [total, principals] = before.sums(filters.chosen, [plans.total, plans.principals]);
    sums.before = { total: total.at(0), principals: principals.all() };
  }
  return sums;
}

function chips({ facets, filters }) {
  const found = [...filters.chosen].flatMap(([name, values]) => [...values].map((value) => {
    const text = `${facets.get(name).title}: ${facets.get(name).values[value]}`;
    return el("button", { class: "chip", "aria-label": `Remove the filter ${text}`, onclick: () => filters.toggle(name, value) }, text, el("span", { "aria-hidden": "true" }, " ×"));
  }));
  if (!found.length) return [el("p", { class: "note" }, "Choose a day, a name, or a bar to filter everything by it.")];
  return [...found, el("button", { class: "chip all", onclick: () => filters.clear() }, "Clear all filters")];
}

function standingOut({ data, facets, filters, period }) {
  const items = data.standsOut.map(({ kind, text, filters: values }) => {
    const chosen = Object.fromEntries(Object.entries(values).map(([name, value]) => {
      const facet = name === "time" ? period : facets.get(name);
      return [facet.name, name === "time" ? periodOf(facet, value) : facet.values.indexOf(value)];
    }));
    const words = [el("span", { class: "icon", "aria-hidden": "true" }, ICONS[kind]), el("span", {}, text)];
    const show = Object.keys(chosen).length ? () => filters.only(chosen) : kind === "network" ? () => searchEvents("new network") : () => go(kind === "idle" ? "billed" : "callers");
    return el("li", { class: kind }, el("button", { onclick: show }, words, el("span", { class: "go" }, "Show")));
  });
  if (!data.records) items.unshift(el("li", {}, el("p", {}, "There are no calls in this window. Check the window, the conditions, and whether log files arrive.")));
  return el("section", { class: "panel wide outstanding" }, el("h2", {}, "What stands out"),
    items.length ? el("ul", {}, items) : el("p", { class: "nothing" }, `Nothing: no root, no burst of failures${data.principals.whyNotNew ? "; who is new is not known" : ", nobody new"}.`));
}

function go(id) {
  document.getElementById(id).scrollIntoView();
}

function searchEvents(text) {
  const search = document.querySelector("#events input");
  search.value = text;
  search.dispatchEvent(new Event("input"));
  go("events");
}

function headlines({ data, facets, amounts }, sums) {
  const principal = facets.get("principal");
  const total = sums.total[0];
  const earlier = sums.before?.total;
  const distinct = (all) => all.filter((sum, place) => sum.calls && place !== principal.others && place !== principal.absent).length;
  const principals = distinct(sums.principals);
  const isMore = (all) => all[principal.others]?.calls > 0;
  const least = (all) => `${isMore(all) ? "≥ " : ""}${count(distinct(all))}`;
  const past = sums.before?.principals;
  const card = (title, value, past, { text = count(value), pastText = past === undefined ? null : count(past), bad = false, note = "" } = {}) =>
    el("div", { class: bad && value ? "card bad" : "card" }, el("dt", {}, title), el("dd", {}, el("strong", {}, text),
      el("span", { class: "before" }, pastText === null ? (data.before ? "before: not known" : "") : `before: ${pastText} `, past ? el("span", { class: "change" }, change(value, past)) : null),
      note ? el("span", { class: "missing" }, note) : null));
  const cards = [
    card("Calls", total.calls, earlier?.calls),
    card("Failed", total.errors, earlier?.errors),
    card("Denied", total.denied, earlier?.denied, { bad: true }),
    card("Throttled", total.throttled, earlier?.throttled, { bad: true }),
    card("Principals", principals, past && !isMore(past) && !isMore(sums.principals) ? distinct(past) : undefined,
      { text: least(sums.principals), pastText: past ? least(past) : null }),
    ...amounts.map((amount) => {
      const isKnown = !amount.unknown(total);
      const isComparable = earlier && !data.metered; // no metrics of the time before have been read
      const part = amount.shared(total);
      const notes = [part ? `measured ${amount.show(amount.of(total) ?? 0)}, shared ${amount.show(part)}` : "", isKnown ? "" : `unknown for ${counted(amount.unknown(total), "call")}`];
      return card(amount.title, known(amount, total) ?? 0, isKnown && isComparable && !amount.unknown(earlier) ? (amount.of(earlier) ?? undefined) : undefined, {
        text: shown(amount, total),
        pastText: isComparable ? shown(amount, earlier) : null,
        note: notes.filter(Boolean).join("; "),
      });
    }),
  ];
  return el("section", { class: "wide" }, el("h2", { class: "unseen" }, "Headline numbers"), el("dl", { class: cards.length > IN_ONE_ROW ? "cards many" : "cards" }, cards));
}

function overTime({ facets, filters, period, amounts }, sums) {
  const at = (all, size, value) => period.values.map((_, place) => all[place * size + value]?.calls ?? 0);
  const service = facets.get("service");
  const outcome = facets.get("outcome");
  const services = service.values.map((name, value) => ({ name, value, values: at(sums.services, service.values.length, value) }))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .map((each, place) => ({ ...each, color: Math.min(place, COLORS), choose: () => filters.toggle("service", each.value), chosen: filters.has("service", each.value) }));
  const failures = OUTCOMES.map((name) => ({ name, value: outcome.values.indexOf(name) })).filter(({ value }) => value >= 0)
    .map(({ name, value }) => ({ name, color: `-${name}`, values: at(sums.outcomes, outcome.values.length, value),
      choose: () => filters.toggle("outcome", value), chosen: filters.has("outcome", value) }));
  const shared = { facet: period, filters };
  return [
    panel(`Calls by ${period.name} and service`, {}, bars({ ...shared, title: `Calls by ${period.name} and service`, unit: "calls", series: services, height: 220 })),
    panel(`Failed calls by ${period.name}`, { note: failures.length ? null : "No call failed." },
      failures.length ? bars({ ...shared, title: `Failed calls by ${period.name}`, unit: "calls", series: failures, height: 220 }) : null),
    el("div", { class: "amounts wide" }, amounts.map((amount) => {
      const values = sums.period.map((sum) => amount.of(sum));
      const unknown = sums.period.map((sum) => amount.unknown(sum));
      const some = unknown.some(Boolean);
      const parts = sums.period.map((sum) => amount.shared(sum));
      const isShared = parts.some(Boolean);
      const measured = { name: isShared ? "measured" : amount.unit, color: 0, values: values.map((value, place) => (value === null && unknown[place] ? null : (value ?? 0))) };
      const estimate = isShared ? [{ name: "shared, an estimate", color: "-shared", values: parts }] : [];
      return panel(amount.title, { note: `${amount.unit} by ${period.name}${some ? "; +: at least this much" : ""}` },
        bars({ ...shared, title: amount.title, unit: amount.unit, show: decimals, unknown: some ? unknown : null, height: 150, series: [measured, ...estimate] }));
    })),
  ];
}

function week({ data, facets, filters }, sums) {
  const note = `Calls by hour, in ${data.timezone}.`;
  if (facets.has("slot")) return heatMap({ facet: facets.get("slot"), filters, sums: sums.slot, note });
  const why = "The cells of this report have no hours: there are too many combinations, or too much time.";
  if (filters.isEmpty) return heatMap({ facet: fixedSlots(), filters, sums: data.slots.map((calls) => ({ calls })), note: `${note} ${why}` });
  return panel("When in the week", { wide: true }, el("p", { class: "nothing" }, `Not known with filters. ${why} Ask for less time, or for fewer calls.`));
}

function eventNote(data) {
  const kinds = Object.entries(data.eventKinds).filter(([kind]) => data.eventCounts[kind]);
  const shownOf = (kind) => data.events.filter((event) => event.kind === kind).length;
  const left = kinds.filter(([kind]) => data.eventCounts[kind] > shownOf(kind)).map(([kind]) => `${kind}: ${count(data.eventCounts[kind])} in all`);
  return left.length ? `The newest of each kind (${left.join(", ")}).` : null;
}

start();
