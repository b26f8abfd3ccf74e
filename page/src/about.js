// What the report is about, and whether its numbers are complete.

import { el, panel, table } from "./dom.js";
import { count, counted } from "./numbers.js";

const list = (entries) => el("dl", {}, entries.filter(([, value]) => value !== null && value !== undefined && value !== "")
  .map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));

const texts = (value) => (Array.isArray(value) ? value.join(", ") : String(value));

export const span = (window) => window && `${window.since ? stamp(window.since) : "the beginning"} to ${stamp(window.until)}`;

// Midnights are shown as days.
const stamp = (time) => (time.slice(11, 19) === "00:00:00" ? time.slice(0, 10) : time.slice(0, 16).replace("T", " "));

export function about(data) {
  return panel("About this report", { wide: true },
    list([
      ["Window", `${span(data.window)} (${data.timezone}), the end is not included`],
      ["Compared with", data.before && `${span(data.before)}, ${data.before.relation}`],
      ["New if not seen in", span(data.lookback)],
      ["Conditions", Object.entries(data.conditions).map(([name, value]) => `${name.replaceAll("_", " ")}: ${texts(value)}`).join("; ") || "none: all calls"],
      ["Source", data.source],
      ["Records", count(data.records)],
      ["Prices", data.prices],
      ["Made", `${data.now} by aitrail ${data.version}`],
      ["Command", el("code", {}, data.command)],
    ]),
    data.notes.length ? el("ul", { class: "notes" }, data.notes.map((note) => el("li", {}, note))) : null);
}

export function proof(data) {
  const title = "Is this complete?";
  if (!data.proof) return panel(title, {}, el("p", {}, "Not known: no ledger was read. `aitrail verify` proves what a deployed stack has recorded."));
  const stacks = Object.entries(data.proof.stacks).map(([name, facts]) => {
    if (facts.unknown) return el("div", {}, el("h3", {}, name), el("p", { class: "verdict" }, `Not known. ${facts.unknown}`));
    const clean = !facts.inTheWay.length && facts.delivered > 0 && facts.ingested === facts.verified;
    const pending = facts.ingested - facts.verified;
    return el("div", {}, el("h3", {}, name),
      el("p", { class: clean ? "verdict good" : "verdict" }, clean ? "✓ Every log file that was delivered is ingested and verified."
        : facts.inTheWay.length ? "✗ There is something in the way of a proof:" : `${counted(pending, "log file")} not verified yet: digests follow every hour.`),
      facts.inTheWay.length ? el("ul", {}, facts.inTheWay.map((text) => el("li", {}, text))) : null,
      list([["Log files delivered", count(facts.delivered)], ["ingested", count(facts.ingested)], ["verified by digests", count(facts.verified)],
        ["Records in them", count(facts.records)], ["rows", count(facts.rows)], ["rejected", count(facts.rejected)], ["Digests verified", count(facts.digests)]]));
  });
  return panel(title, {}, stacks);
}

export function callers(data, facets, filters) {
  const facet = facets.get("principal");
  const name = (text) => {
    const place = facet.values.findIndex((value, at) => value === text && at !== facet.others && at !== facet.absent);
    return place < 0 ? (text ?? "(none)") : el("button", { class: "link", onclick: () => filters.toggle("principal", place) }, text);
  };
  const part = (kind, title, column, heads) => {
    const groups = data.principals[kind];
    const more = data.principals[`${kind}Count`] - groups.length;
    return el("div", {}, el("h3", {}, `${title} (${count(data.principals[`${kind}Count`])})`),
      groups.length ? el("div", { class: "scrolled", tabIndex: 0, role: "region", "aria-label": title }, table(title, heads,
        groups.map((group) => [name(group.principal), group[column]?.replace("T", " ") ?? "", ...(kind === "new" ? [count(group.calls), count(group.errors)] : [])]), { numbers: 2 })) : el("p", { class: "nothing" }, "None."),
      more > 0 ? el("p", { class: "note" }, `and ${count(more)} more`) : null);
  };
  if (data.principals.whyNotNew) return panel("New and silent principals", { id: "callers" }, el("p", { class: "nothing" }, data.principals.whyNotNew));
  return panel("New and silent principals", { note: "In the whole window, whatever is filtered.", id: "callers" },
    part("new", "New: not seen in the time before", "firstSeen", ["Principal", "First seen (UTC)", "calls", "failed"]),
    part("silent", "Silent: only seen in the time before", "lastSeen", ["Principal", "Last seen (UTC)"]));
}

