// What the report is about, whether its numbers are complete, and lists that filters do not change.

import { el, panel, table } from "./dom.js";
import { count, counted, money } from "./numbers.js";

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

// The rules by which CloudWatch's totals became amounts of calls, and what no row tells of.
export function metering(data) {
  const found = data.metered;
  if (!found) return null;
  const rules = Object.entries(found.rules).map(([name, rule]) => el("li", {}, `Shared ${name}: ${rule}.`));
  const apart = Object.entries(found.notRecorded);
  const cost = (each) => (each.cost === null ? "not known" : money(each.cost));
  return panel("Measured and shared", { id: "metered", wide: true, note: `Amounts ${found.window}, in whole hours.` },
    el("p", {}, "Measured is what records say, or what a metric tells of exactly these calls. Shared is CloudWatch's total, less what is measured, divided among the calls whose records do not say it: an estimate, marked with ≈, which adds up to the total exactly."),
    rules.length ? el("ul", {}, rules) : el("p", {}, "Nothing was shared."),
    el("h3", {}, "Not recorded: counted by CloudWatch, without a row"),
    apart.length ? table("What CloudWatch has counted and no row tells of", ["Amount", "calls", "amount", `cost${data.currency ? ` (${data.currency})` : ""}`],
      apart.map(([name, each]) => [name, count(each.calls), each.amount === null ? "not known" : count(each.amount), cost(each)]))
      : el("p", { class: "nothing" }, "CloudWatch has counted nothing else in this window, whatever is filtered."));
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


export function billed(data) {
  const title = "Billed whether or not anybody calls";
  const found = data.billed;
  if (!found) return null;
  const what = "Campaigns, recommenders and solutions with automatic training of Personalize";
  const first = found.since ? ` Rows begin at ${stamp(found.since)}: what was created before, and no row names since, may exist as well.` : "";
  const uses = found.usesAreRecorded ? "" : " No row is a call that uses one: CloudTrail may not record them, so this does not tell what nobody calls.";
  const note = `${what} at the end of the window, whatever is filtered.${first}${found.count ? uses : ""}`;
  if (!found.count) return panel(title, { wide: true, id: "billed", note }, el("p", { class: "nothing" }, "None that rows name."));
  const cost = (each) => (each.costPerDay === null ? "not known" : `${each.costPerDayIsAtLeast ? "≥\u00a0" : ""}${money(each.costPerDay)}`);
  const when = (time, otherwise) => (time ? stamp(time) : otherwise);
  const used = (each) => (each.idle === null ? "cannot be told" : each.lastCallTime ? `${stamp(each.lastCallTime)} by ${each.lastCaller ?? "(none)"}` : "no recorded call");
  const rows = found.resources.map((each) => [each.resource, each.account, each.region,
    `${when(each.createdTime, "before the rows")}${each.createdBy ? ` by ${each.createdBy}` : ""}`, used(each), each.billed ? "yes" : "not known", cost(each)]);
  const more = found.count - found.resources.length;
  return panel(title, { wide: true, id: "billed", note },
    el("div", { class: "scrolled", tabIndex: 0, role: "region", "aria-label": title },
      table(title, ["Resource", "Account", "Region", "Created", "Last call", "Billed", `Cost a day (${found.resources[0].currency})`], rows, { numbers: 6 })),
    more > 0 ? el("p", { class: "note" }, `and ${count(more)} more`) : null);
}
