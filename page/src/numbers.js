// Numbers for people.

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

export const count = (number) => whole.format(number);
export const compact = (number) => (Math.abs(number) < 10_000 ? decimals(number) : short.format(number));
export const counted = (number, thing) => `${count(number)} ${thing}${number === 1 ? "" : "s"}`;

// As many decimals as a small number needs.
export function decimals(number) {
  const most = number === 0 || Math.abs(number) >= 1000 || Number.isInteger(number) ? 0 : Math.abs(number) >= 1 ? 2 : 4;
  return number.toLocaleString("en-US", { minimumFractionDigits: most === 2 ? 2 : 0, maximumFractionDigits: most });
}

export const money = (number) => number.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

// How much more it is than before; empty if that cannot be told.
export function change(now, before) {
  if (!before) return "";
  const percent = Math.round((100 * (now - before)) / before);
  return percent > 0 ? `+${count(percent)}%` : percent < 0 ? `−${count(-percent)}%` : "±0%";
}
