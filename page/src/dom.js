// Elements. Texts of log files become text nodes and attributes with a fixed meaning, never HTML.

const SVG = "http://www.w3.org/2000/svg";

// An element with properties, and children that are elements or texts. `class`, `role`, `scope` and names with a hyphen
// are attributes.
export function el(name, properties = {}, ...children) {
  return filled(document.createElement(name), properties, children);
}

export function svg(name, properties = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

function filled(element, properties, children) {
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    if (key.includes("-") || ["class", "role", "scope"].includes(key)) element.setAttribute(key, value);
    else element[key] = value;
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

export function table(caption, heads, rows, { numbers = 1 } = {}) {
  return el(
    "table",
    {},
    el("caption", { class: "unseen" }, caption),
    el("thead", {}, el("tr", {}, heads.map((head, place) =>
      el("th", { scope: "col", class: place >= numbers ? "number" : null }, head)))),
    el("tbody", {}, rows.map((cells) =>
      el("tr", {}, cells.map((cell, place) =>
        place === 0 ? el("th", { scope: "row" }, cell) : el("td", { class: place >= numbers ? "number" : null }, cell))))),
  );
}

// A panel with a heading, and what explains it.
export function panel(title, { note = null, wide = false, id = null } = {}, ...children) {
  const heading = el("h2", {}, title);
  return el("section", { class: wide ? "panel wide" : "panel", id }, heading, note && el("p", { class: "note" }, note), children);
}

// A table that is shown on demand.
export const behind = (content) =>
  el("details", { class: "behind" }, el("summary", {}, "Table"), el("div", { class: "scrolled", tabIndex: 0, role: "region",
    "aria-label": "Table of the chart" }, content));

// A figure whose chart is drawn for a width by `fit`, and again when its width changes.
export function fitted(draw, ...below) {
  const figure = el("figure", { class: "chart" }, below);
  let width = 0;
  figure.fit = (wanted) => {
    if (wanted === width) return;
    width = wanted;
    figure.querySelector(":scope > svg")?.remove();
    figure.prepend(draw(Math.max(240, width)));
  };
  new ResizeObserver(() => figure.fit(figure.clientWidth)).observe(figure);
  return figure;
}

const tip = el("div", { class: "tip", hidden: true, "aria-hidden": "true" });

// Shows a text beside an element while it has the pointer or the focus.
export function explain(element, text) {
  const show = () => {
    tip.replaceChildren(...text().split("\n").map((line) => el("div", {}, line)));
    tip.hidden = false;
    const { left, top, width, bottom } = element.getBoundingClientRect();
    const own = tip.getBoundingClientRect();
    const x = Math.max(4, Math.min(left + width / 2 - own.width / 2, document.documentElement.clientWidth - own.width - 4));
    const above = top - own.height - 6;
    tip.style.left = `${x + scrollX}px`;
    tip.style.top = `${(above < 0 ? bottom + 6 : above) + scrollY}px`;
  };
  const hide = () => (tip.hidden = true);
  element.addEventListener("pointerenter", show);
  element.addEventListener("focus", show);
  element.addEventListener("pointerleave", hide);
  element.addEventListener("blur", hide);
  if (!tip.isConnected) document.body.append(tip);
}

export const hideTip = () => (tip.hidden = true);

// Arrow keys move among the elements, of which one has the focus of the Tab key. `across` is the length of a row.
export function roving(elements, across = 1, current = 0) {
  elements.forEach((element, place) => {
    element.setAttribute("tabindex", place === current ? "0" : "-1");
    element.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across, Home: -place, End: elements.length - 1 - place };
      const target = elements[place + (steps[event.key] ?? NaN)];
      if (target) {
        event.preventDefault();
        element.setAttribute("tabindex", "-1");
        target.setAttribute("tabindex", "0");
        target.focus();
      } else if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        element.dispatchEvent(new MouseEvent("click"));
      }
    });
  });
}
