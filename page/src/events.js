// Notable events in a table that can be searched and sorted.

import { el, panel } from "./dom.js";
import { periodOf } from "./facets.js";
import { count } from "./numbers.js";

const COLUMNS = [
  { name: "localTime", title: "Time" },
  { name: "kind", title: "Why" },
  { name: "operation", title: "Operation" },
  { name: "principal", title: "Principal" },
  { name: "resource", title: "Resource" },
  { name: "source-ip", title: "From" },
  { name: "outcome", title: "Outcome" },
  { name: "region", title: "Region" },
];
const WHY = { root: "root", denied: "denied", policy: "policy change", delete: "delete", network: "new network" };
const state = { search: "", by: "localTime", down: true };

export function events({ data, facets, filters, note }) {
  const places = new Map(data.events.map((event) => [event, placesOf(event, data, facets)]));
  const body = el("tbody");
  const found = el("p", { class: "note", role: "status" });
  const heads = COLUMNS.map(({ name, title }) => {
    const button = el("button", { onclick: () => {
      state.down = state.by === name ? !state.down : false;
      state.by = name;
      fill();
    } }, title);
    return el("th", { scope: "col" }, button);
  });
  const fill = () => {
    heads.forEach((head, place) => {
      const isBy = COLUMNS[place].name === state.by;
      head.setAttribute("aria-sort", isBy ? (state.down ? "descending" : "ascending") : "none");
    });
    const words = state.search.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = data.events.filter((event) => meets(places.get(event), filters))
      .filter((event) => words.every((word) => text(event).includes(word)));
    const key = (event) => (state.by === "kind" ? WHY[event.kind] : event[state.by]) ?? "";
    rows.sort((one, other) => (key(one) < key(other) ? -1 : key(one) > key(other) ? 1 : 0) * (state.down ? -1 : 1));
    body.replaceChildren(...rows.map((event) => line(event, data)));
    found.textContent = rows.length ? `${count(rows.length)} of ${count(data.events.length)} events are shown.` : "No event meets the filters.";
  };
  const search = el("input", { type: "search", value: state.search, "aria-label": "Search events", placeholder: "Search",
    oninput: (event) => {
      state.search = event.target.value;
      fill();
    } });
  fill();
  return panel("Notable events", { note, wide: true, id: "events" },
    data.events.length ? [el("div", { class: "tools" }, search, found),
      el("div", { class: "scrolled", tabIndex: 0, role: "region", "aria-label": "Notable events" },
        el("table", { class: "events" }, el("caption", { class: "unseen" }, "Notable events"),
          el("thead", {}, el("tr", {}, heads, el("th", { scope: "col" }, "Event ID"))), body))]
      : el("p", { class: "nothing" }, `None: no root, no denied change, no changed policy, nothing deleted${data.newNetworks ? ", no new network" : "; which networks are new is not known"}.`));
}

const text = (event) => Object.values(event).concat(WHY[event.kind]).join("\n").toLowerCase();

// The event's place in each facet; undefined if the facet is not about single events.
function placesOf(event, data, facets) {
  const found = new Map();
  for (const [name, facet] of facets) {
    if (name === "slot") found.set(name, facet.values.findIndex((slot) => slot === slotOf(event.localTime)));
    else if (facet.isTime) found.set(name, periodOf(facet, event.localTime));
    else {
      const place = name in event ? facet.values.findIndex((value, at) => value === event[name] && at !== facet.others && at !== facet.absent) : facet.absent;
      found.set(name, place === -1 ? facet.others : place);
    }
  }
  return found;
}

function slotOf(time) {
  const day = new Date(`${time.slice(0, 10)}T00:00:00Z`).getUTCDay();
  return `${["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][day]} ${time.slice(11, 13)}:00`;
}

const meets = (places, filters) => [...filters.chosen].every(([name, values]) => values.has(places.get(name)));

function line(event, data) {
  const command = `${data.eventCommand} ${event.idAsArgument}${data.eventOptions ? ` ${data.eventOptions}` : ""}`;
  return el("tr", { class: event.kind },
    COLUMNS.map(({ name }) => el("td", { class: name === "localTime" ? "time" : null },
      name === "kind" ? el("span", { class: `why ${event.kind}` }, WHY[event.kind]) : name === "localTime" ? event.localTime.replace("T", " ") : (event[name] ?? ""),
      name === "outcome" && event.errorCode ? el("div", { class: "code" }, event.errorCode) : null)),
    el("td", {}, el("code", { title: event.eventID }, event.eventID), " ", copier("Copy ID", event.eventID, `Copy the ID ${event.eventID}`), " ",
      copier("Copy command", command, command)));
}

function copier(title, value, about) {
  const button = el("button", { class: "copy", title: about, onclick: async () => {
    button.textContent = (await copied(value)) ? "Copied" : "Press Ctrl+C";
    setTimeout(() => (button.textContent = title), 1500);
  } }, title);
  return button;
}

async function copied(value) {
  try {
    await navigator.clipboard.writeText(value);
    return true;
  } catch { // not allowed for files in this browser
    const field = el("textarea", { value, readOnly: true, class: "unseen", "aria-hidden": "true" });
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}
