// The amounts of calls: what records say, what was shared of CloudWatch's totals, and how many calls do not tell. What is
// not known is not 0, and what was shared is an estimate.

import { count, decimals } from "./numbers.js";

const NONE = () => 0;
const METERED = {
  characters: { title: "Characters", unit: "characters" },
  audioSeconds: { title: "Audio seconds of jobs", unit: "seconds" },
  requests: { title: "Requests of Lex", unit: "requests" },
  recommendationRequests: { title: "Recommendation requests", unit: "requests" },
};

// The amounts of a document. `of` is the amount of a sum that records tell, null if it is not known at all; `shared` is
// the part of CloudWatch's totals that was shared by its calls; `unknown` is the number of calls that have an amount
// which is not known, so that it is at least what is shown.
export function amountsOf(data) {
  const minutes = { name: "minutes", title: "Stream minutes", unit: "minutes at most", of: (sum) => sum.streamSeconds / 60,
    shared: NONE, unknown: (sum) => sum.unknownStreams, show: decimals };
  if (data.metered) return [...data.metered.amounts.map((name) => metered(name, METERED[name])), minutes, ...meteredCost(data)];
  const amounts = [
    { name: "characters", ...METERED.characters, of: (sum) => sum.characters, shared: NONE,
      unknown: (sum) => sum.unknownCharacters, show: count },
    minutes,
  ];
  if (data.currency) {
    amounts.push({ name: "cost", title: `Polly cost in ${data.currency}`, unit: data.currency, shared: NONE,
      of: (sum) => (sum.priced && !(sum.unpriced && !sum.cost) ? sum.cost / data.costUnit : null),
      unknown: (sum) => sum.unpriced, show: decimals });
  }
  return amounts;
}

const metered = (name, words) => ({ name, ...words, of: (sum) => sum[`${name}Measured`], shared: (sum) => sum[`${name}Shared`],
  unknown: (sum) => sum[`${name}Unknown`], show: count });

const meteredCost = (data) => (data.currency ? [{ ...metered("cost", { title: `Cost in ${data.currency}`, unit: data.currency }),
  of: (sum) => sum.costMeasured / data.costUnit, shared: (sum) => sum.costShared / data.costUnit, show: decimals }] : []);

// What is known of an amount, with what was shared; null if nothing is.
export function known(amount, sum) {
  const number = amount.of(sum);
  const part = amount.shared(sum);
  return number === null && !part ? null : (number ?? 0) + part;
}

// An amount as text: 12, >= 12 if some calls do not tell, ~ 12 if it has an estimate, or – if nothing is known.
export function shown(amount, sum) {
  const number = known(amount, sum);
  if (number === null || (!number && amount.unknown(sum))) return amount.unknown(sum) ? "not known" : "–";
  return `${amount.unknown(sum) ? "≥\u00a0" : ""}${amount.shared(sum) ? "≈\u00a0" : ""}${amount.show(number)}`;
}
