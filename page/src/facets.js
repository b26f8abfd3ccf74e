// What can be filtered by: the dimensions of the calls, and times.

const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const TITLES = {
  service: "Services",
  outcome: "Outcomes",
  credentials: "Kinds of credentials",
  operation: "Operations",
  principal: "Principals",
  resource: "Resources",
  "source-ip": "Addresses",
  region: "Regions",
  account: "Accounts",
  engine: "Engines",
  team: "Teams",
  network: "Networks",
};
// With hours, a window of at most so many days is shown hour by hour.
const MOST_DAYS_OF_HOURS = 3;

// The facets of a document by name: `values` are texts for people, `of` gives the values of all cells, `others` and
// `absent` are the places of values with a meaning of their own.
export function facetsOf(data) {
  const facets = new Map();
  for (const [place, dimension] of data.dimensions.entries()) {
    facets.set(dimension.name, {
      ...dimension,
      title: TITLES[dimension.name] ?? dimension.name,
      values: dimension.values.map((value, number) => (value === null ? special(dimension, number) : value)),
      of: (columns) => new Uint16Array(columns[1 + place] ?? []),
    });
  }
  const period = periodFacet(data);
  facets.set(period.name, period);
  if (data.unit === "hour") facets.set("slot", slotFacet(data));
  return facets;
}

const special = ({ others }, number) => (number === others ? "(all others)" : "(none)");

// The times of the charts: days, or hours of a short window, or months.
function periodFacet(data) {
  const days = [...new Set(data.times.map((time) => time.slice(0, 10)))];
  const inHours = data.unit === "hour" && days.length <= MOST_DAYS_OF_HOURS;
  const name = inHours ? "hour" : data.unit === "hour" ? "day" : data.unit;
  const values = name === "day" ? days : data.times;
  const places = new Map(values.map((value, place) => [value, place]));
  const ofTime = data.times.map((time) => places.get(name === "day" ? time.slice(0, 10) : time));
  return { name, title: `${name[0].toUpperCase()}${name.slice(1)}s`, values, isTime: true,
    of: (columns) => placesIn(ofTime, columns[0]) };
}

// The period of a time with its offset, such as 2026-11-20T14:05:06+01:00.
export function periodOf(facet, time) {
  const hour = `${time.slice(0, 13)}:00${time.length > 16 ? time.slice(time.length > 19 ? 19 : 16) : ""}`;
  return facet.values.indexOf({ hour, day: time.slice(0, 10), month: time.slice(0, 7) }[facet.name]);
}

// The hours of the week of a report whose cells have no hours: nothing can be filtered by them.
export const fixedSlots = () => ({ name: "slot", values: slots(), isFixed: true });

const slots = () => WEEKDAYS.flatMap((day) => Array.from({ length: 24 }, (_, hour) => `${day} ${pad(hour)}:00`));

function slotFacet(data) {
  const ofTime = data.times.map((time) => weekday(time) * 24 + Number(time.slice(11, 13)));
  return { name: "slot", title: "Hours of the week", values: slots(), isTime: true,
    of: (columns) => placesIn(ofTime, columns[0]) };
}

// The places of times; cells of a window without times are at the first one.
function placesIn(ofTime, times = []) {
  const found = new Uint16Array(times.length);
  for (let row = 0; row < times.length; row++) found[row] = ofTime[times[row]] ?? 0;
  return found;
}

const pad = (number) => String(number).padStart(2, "0");
const weekday = (time) => (new Date(`${time.slice(0, 10)}T00:00:00Z`).getUTCDay() + 6) % 7;

// A period with its weekday.
export const named = (period) => (/^\d{4}-\d\d-\d\d/.test(period) ? `${WEEKDAYS[weekday(period)]} ${period}` : period);
export { WEEKDAYS };
