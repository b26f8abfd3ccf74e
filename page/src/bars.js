// Stacked bars over time. Each period can be focused, explained, and chosen.

import { axisBottom, axisLeft } from "d3-axis";
import { scaleBand, scaleLinear } from "d3-scale";
import { select } from "d3-selection";

import { behind, el, explain, fitted, roving, svg, table } from "./dom.js";
import { named } from "./facets.js";
import { compact, count, counted } from "./numbers.js";

const MARGIN = { top: 14, right: 8, bottom: 24, left: 48 };
const LABEL = 84; // the room of a date

// A chart of `series`, each with a `name`, a `color` (the number of a class), and a number for each period, null where
// it is not known. `unknown` has, for each period, of how many calls it is not known: such bars have a mark.
export function bars({ title, unit, facet, filters, series, height = 190, unknown = null, show = count }) {
  const draw = (width) => drawn({ title, unit, facet, filters, series, height, unknown, show, width });
  const legend = series.length > 1 ? [el("ul", { class: "legend" }, series.map((each) => el("li", {}, entry(title, each))))] : [];
  const rows = facet.values.map((period, place) => [named(period), ...series.map(({ values }) => text(values[place], show)),
    ...(unknown ? [count(unknown[place])] : [])]);
  const heads = [facet.title, ...series.map(({ name }) => name), ...(unknown ? ["calls of unknown amount"] : [])];
  return fitted(draw, legend, behind(table(title, heads, rows)));
}

// A series that can be chosen is a button.
function entry(title, { name, color, choose, chosen }) {
  const words = [el("span", { class: `swatch c${color}`, "aria-hidden": "true" }), name];
  return choose ? el("button", { class: chosen ? "chosen" : null, "data-key": `${title} ${name}`, "aria-pressed": String(chosen), onclick: choose }, words)
    : el("span", {}, words);
}

const text = (number, show) => (number === null ? "not known" : show(number));

function drawn({ title, unit, facet, filters, series, height, unknown, show, width }) {
  const totals = facet.values.map((_, place) => series.reduce((sum, { values }) => sum + (values[place] ?? 0), 0));
  const x = scaleBand(facet.values, [MARGIN.left, width - MARGIN.right]).paddingInner(0.18);
  const y = scaleLinear([0, Math.max(...totals) || 1], [height - MARGIN.bottom, MARGIN.top]).nice(4);
  const chart = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "group", "aria-label": `${title}, in ${unit}. Use the arrow keys.` });
  const ticks = y.ticks(4).filter((tick) => unit !== "calls" || Number.isInteger(tick));
  select(chart).append("g").attr("class", "axis y").attr("transform", `translate(${MARGIN.left},0)`).attr("aria-hidden", "true")
    .call(axisLeft(y).tickValues(ticks).tickFormat(compact).tickSize(-(width - MARGIN.left - MARGIN.right)));
  const every = Math.ceil(facet.values.length / Math.max(1, Math.floor((width - MARGIN.left) / LABEL)));
  const labelled = facet.values.filter((_, place) => place % every === 0);
  select(chart).append("g").attr("class", "axis x").attr("transform", `translate(0,${height - MARGIN.bottom})`).attr("aria-hidden", "true")
    .call(axisBottom(x).tickValues(labelled).tickFormat(label).tickSizeOuter(0));
  const columns = facet.values.map((period, place) => column({ title, period, place, x, y, series, totals, unknown, show, unit, facet, filters }));
  chart.append(...columns);
  roving(columns, 1, Math.max(0, facet.values.findIndex((_, place) => filters.has(facet.name, place))));
  return chart;
}

// Days as 11-20, hours as 20 14:00.
const label = (period) => (period.length > 10 ? `${period.slice(8, 10)}. ${period.slice(11, 16)}` : period.length === 10 ? period.slice(5) : period);

function column({ title, period, place, x, y, series, totals, unknown, show, unit, facet, filters }) {
  const chosen = filters.has(facet.name, place);
  const isOther = filters.chosen.has(facet.name) && !chosen;
  const parts = series.filter(({ values }) => values[place]).map(({ name, values }) => `${name} ${show(values[place])}`);
  const missing = unknown?.[place] ? [`unknown for ${counted(unknown[place], "call")}: at least this`] : [];
  const about = [`${named(period)}: ${show(totals[place])} ${unit}`, ...(series.length > 1 ? parts : []), ...missing];
  const left = x(period);
  let below = 0;
  const rects = series.map(({ values, color }) => {
    const value = values[place] ?? 0;
    const from = y(below);
    below += value;
    return value ? svg("rect", { class: `c${color}`, x: left, y: y(below), width: x.bandwidth(), height: Math.max(1, from - y(below)) }) : null;
  });
  const mark = unknown?.[place] ? svg("text", { class: "mark", x: left + x.bandwidth() / 2, y: y(below) - 3 }, "+") : null;
  const group = svg("g", { class: isOther ? "column other" : "column", role: "button", "data-key": `${title} ${period}`, "aria-pressed": String(chosen), "aria-label": about.join(", "),
    click: () => filters.toggle(facet.name, place) },
    svg("rect", { class: "hit", x: left - (x.step() - x.bandwidth()) / 2, y: y.range()[1] - 8, width: x.step(), height: y(0) - y.range()[1] + 8 }),
    rects, mark);
  explain(group, () => about.join("\n"));
  return group;
}
