// The amounts of calls: what was measured, and how many calls do not tell. What is not known is not 0.

import { count, decimals } from "./numbers.js";

// The amounts of a document. `of` is the amount of a sum, null if it is not known at all; `unknown` is the number of
// calls that have one which is not known, so that the amount is at least what is shown.
export function amountsOf(data) {
  const amounts = [
    { name: "characters", title: "Characters", unit: "characters", of: (sum) => sum.characters,
      unknown: (sum) => sum.unknownCharacters, show: count },
    { name: "minutes", title: "Stream minutes", unit: "minutes at most", of: (sum) => sum.streamSeconds / 60,
      unknown: (sum) => sum.unknownStreams, show: decimals },
  ];
  if (data.currency) {
    amounts.push({ name: "cost", title: `Cost in ${data.currency}`, unit: data.currency,
      of: (sum) => (sum.priced && !(sum.unpriced && !sum.cost) ? sum.cost / data.costUnit : null),
      unknown: (sum) => sum.unpriced, show: decimals });
  }
  return amounts;
}

// An amount as text: 12, >= 12, or – if nothing is known.
export function shown(amount, sum) {
  const number = amount.of(sum);
  if (number === null || (!number && amount.unknown(sum))) return amount.unknown(sum) ? "not known" : "–";
  return `${amount.unknown(sum) ? "≥\u00a0" : ""}${amount.show(number)}`;
}
