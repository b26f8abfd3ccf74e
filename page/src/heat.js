// Calls by weekday and hour: the darker, the more.

import { behind, el, explain, fitted, panel, roving, svg, table } from "./dom.js";
import { WEEKDAYS } from "./facets.js";
import { count, counted } from "./numbers.js";

const HOURS = 24;
const STEPS = 5;

const range = (first, last) => (first === last ? count(last) : `${count(first)}–${count(last)}`);

export function heatMap({ facet, filters, sums, note }) {
  const calls = sums.map((sum) => sum.calls);
  const most = Math.max(...calls);
  const bounds = [...new Set(Array.from({ length: STEPS }, (_, step) => Math.ceil((most * (step + 1)) / STEPS)))];
  const level = (number) => (number ? bounds.findIndex((bound) => number <= bound) + 1 : 0);
  const draw = (whole) => {
    const [left, top, width, height] = [34, 18, (whole - 34) / HOURS, 22];
    const cells = calls.map((number, place) => cell({ place, number, level: level(number), left, top, width, height, facet, filters }));
    const labels = [
      ...WEEKDAYS.map((day, row) => svg("text", { x: 0, y: top + row * height + 14 }, day)),
      ...[0, 6, 12, 18].map((hour) => svg("text", { x: left + hour * width, y: 12 }, `${hour}:00`)),
    ];
    roving(cells, HOURS, Math.max(0, calls.findIndex((_, place) => filters.has(facet.name, place))));
    return svg("svg", { viewBox: `0 0 ${whole} ${top + WEEKDAYS.length * height}`, role: "group",
      "aria-label": "Calls by weekday and hour. Use the arrow keys." }, svg("g", { class: "labels", "aria-hidden": "true" }, labels), cells);
  };
  const legend = el("ul", { class: "legend steps" }, [0, ...bounds].map((bound, step) =>
    el("li", {}, el("span", { class: `swatch h${step}`, "aria-hidden": "true" }), step === 0 ? "0" : range((step === 1 ? 0 : bounds[step - 2]) + 1, bound))));
  const rows = Array.from({ length: HOURS }, (_, hour) => [`${hour}:00`, ...WEEKDAYS.map((_, row) => count(calls[row * HOURS + hour]))]);
  return panel("When in the week", { note, wide: true },
    fitted(draw, legend, behind(table("Calls by hour and weekday", ["Hour", ...WEEKDAYS], rows))));
}

function cell({ place, number, level, left, top, width, height, facet, filters }) {
  const about = `${facet.values[place]}: ${counted(number, "call")}`;
  const chosen = filters.has(facet.name, place);
  const rect = svg("rect", { class: `cell h${level}${filters.chosen.has(facet.name) && !chosen ? " other" : ""}`, x: left + (place % HOURS) * width,
    y: top + Math.floor(place / HOURS) * height, width: width - 2, height: height - 2, rx: 2, role: facet.isFixed ? "img" : "button", "data-key": `slot ${place}`, "aria-pressed": facet.isFixed ? null : String(chosen),
    "aria-label": about, click: facet.isFixed ? null : () => filters.toggle(facet.name, place) });
  explain(rect, () => about);
  return rect;
}
