const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAY = '(?:mon|tue|wed|thu|fri|sat|sun)';
const LONG_DAY = '(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)';
const MONTH = `(?<month>${MONTHS.join('|')})`;
const TIME = '(?<hour>[01][0-9]|2[0-3]):(?<minute>[0-5][0-9]):(?<second>[0-5][0-9]|60)';

/**
 * The three forms of RFC 9110 section 5.6.7. A cache compares them without regard to case (RFC 9111 section 4.2).
 */
const FORMS = [
  `${DAY}, (?<day>[0-9]{2}) ${MONTH} (?<year>[0-9]{4}) ${TIME} gmt`,
  `${LONG_DAY}, (?<day>[0-9]{2})-${MONTH}-(?<year>[0-9]{2}) ${TIME} gmt`,
  `${DAY} ${MONTH} (?<day>[0-9]{2}| [0-9]) ${TIME} (?<year>[0-9]{4})`,
].map((form) => new RegExp(`^${form}$`, 'i'));

/** A date with two digits of a year that seems to lie further in the future than this is one of the past. */
const MAX_YEARS_AHEAD = 50;

/**
 * Reads a date as HTTP writes it, in whole seconds since 1970; null for everything else (RFC 9110 section 5.6.7). The
 * name of the day is not compared with the date.
 *
 * @param nowEpochSeconds decides the century of a year of two digits
 */
export function readHttpDate(text: string, nowEpochSeconds: number): number | null {
  for (const form of FORMS) {
    const groups = form.exec(text)?.groups;
    if (groups === undefined) continue;
    const { year = '' } = groups;
    return year.length === 4
      ? epochSecondsOf(groups, Number(year))
      : withShortYear(groups, Number(year), nowEpochSeconds);
  }
  return null;
}

/** The form that every sender writes: `Sun, 06 Nov 1994 08:49:37 GMT`. */
export function toHttpDate(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toUTCString();
}

type DateGroups = Readonly<Record<string, string>>;

function epochSecondsOf({ day, month = '', hour, minute, second }: DateGroups, year: number): number | null {
  const date = new Date(0);
  date.setUTCFullYear(year, MONTHS.indexOf(month.toLowerCase()), Number(day));
  // 31 February would be a day in March.
  if (date.getUTCDate() !== Number(day)) return null;
  return date.setUTCHours(Number(hour), Number(minute), Number(second)) / 1000;
}

/** The latest such date that is not too far in the future. */
function withShortYear(groups: DateGroups, year: number, nowEpochSeconds: number): number | null {
  const latest = new Date(nowEpochSeconds * 1000);
  latest.setUTCFullYear(latest.getUTCFullYear() + MAX_YEARS_AHEAD);
  const latestYear = latest.getUTCFullYear();
  const full = latestYear - ((((latestYear - year) % 100) + 100) % 100);
  const date = epochSecondsOf(groups, full);
  return date !== null && date * 1000 > latest.getTime() ? epochSecondsOf(groups, full - 100) : date;
}
