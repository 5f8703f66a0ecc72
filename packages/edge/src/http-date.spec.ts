import * as fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import { ANY_CHARACTER } from '../../../test/support/any-character.js';
import { IS_WHOLE } from '../../../test/support/whole.js';
import { readHttpDate, toHttpDate } from './http-date.js';

const RUNS = IS_WHOLE ? 2_000 : 500;
/** 28 November 2026. */
const NOW = 1_795_860_000;
const NOVEMBER_1994 = 784_111_777;

describe('a date of HTTP (RFC 9110 section 5.6.7)', () => {
  it.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', NOVEMBER_1994],
    ['Sunday, 06-Nov-94 08:49:37 GMT', NOVEMBER_1994],
    ['Sun Nov  6 08:49:37 1994', NOVEMBER_1994],
    ['Sun Nov 06 08:49:37 1994', NOVEMBER_1994],
    ['sun, 06 NOV 1994 08:49:37 gMT', NOVEMBER_1994],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['Thu, 31 Dec 1998 23:59:60 GMT', 915_148_800],
    ['Thu, 29 Feb 2024 00:00:00 GMT', 1_709_164_800],
    ['Fri, 01 Jan 9999 00:00:00 GMT', 253_370_764_800],
    ['Mon, 01 Jan 0001 00:00:00 GMT', -62_135_596_800],
  ])('is %s', (text, epochSeconds) => {
    expect(readHttpDate(text, NOW)).toBe(epochSeconds);
  });

  it.each([
    ['two digits of a year up to 50 years ahead', 'Saturday, 28-Nov-76 00:00:00 GMT', 3_373_747_200],
    ['those beyond, which are of the past', 'Monday, 29-Nov-76 00:00:00 GMT', 218_073_600],
    ['those of this century', 'Thursday, 18-Aug-50 02:01:18 GMT', 2_544_400_878],
    ['those of the last one', 'Sunday, 31-Dec-99 00:00:00 GMT', 946_598_400],
  ])('reads %s', (_what, text, epochSeconds) => {
    expect(readHttpDate(text, NOW)).toBe(epochSeconds);
  });

  it.each([
    '',
    '0',
    '-1',
    'Thu, 18 Aug 2050 02:01:18 UTC',
    'Thu, 18 Aug 2050 02:01:18 AEST',
    'Thu, 18 Aug 2050 02:01:18 +0000',
    'Thu, 18 Aug 50 02:01:18 GMT',
    'Thu 18 Aug 2050 02:01:18 GMT',
    'Thu, 18  Aug 2050 02:01:18 GMT',
    'Thu, 18-Aug-2050 02:01:18 GMT',
    'Thursday, 18-Aug-2050 02:01:18 GMT',
    'Thu, 18 Aug 2050 02.01.18 GMT',
    'Thu, 18 Aug 2050 2:01:18 GMT',
    'Thu, 18 Aug 2050 24:00:00 GMT',
    'Thu, 18 Aug 2050 02:60:18 GMT',
    'Thu, 18 Aug 2050 02:01:61 GMT',
    'Thu, 8 Aug 2050 02:01:18 GMT',
    'Wed, 30 Feb 2028 00:00:00 GMT',
    'Thu, 00 Aug 2050 02:01:18 GMT',
    'Xyz, 18 Aug 2050 02:01:18 GMT',
    'Thu Aug 8 02:01:18 2050',
    'Thu Aug  8 02:01:18 50',
    'Thu Aug  8 02:01:18 2050 GMT',
    ' Thu, 18 Aug 2050 02:01:18 GMT',
    'Thu, 18 Aug 2050 02:01:18 GMT\n',
    '18 Aug 2050 02:01:18 GMT',
    '2050-08-18T02:01:18Z',
    'August 18, 2050',
  ])('is not %j', (text) => {
    expect(readHttpDate(text, NOW)).toBeNull();
  });
});

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const two = (value: number) => String(value).padStart(2, '0');

/** A second reader, which cuts the text into pieces and counts days itself: no regular expression, no Date. */
function oracle(text: string): number | null {
  const lower = text.toLowerCase();
  const words = lower.split(' ');
  const [first = '', day = '', month = '', year = '', time = '', zone = ''] = words;
  const isDay = DAYS.some((name) => `${name.slice(0, 3).toLowerCase()},` === first);
  if (!isDay || words.length !== 6 || zone !== 'gmt' || day.length !== 2 || year.length !== 4) return null;
  return secondsSince1970(day, month, year, time);
}

function secondsSince1970(day: string, month: string, year: string, time: string): number | null {
  const monthIndex = MONTHS.findIndex((name) => name.toLowerCase() === month);
  const clock = time.split(':');
  const digits = [day, year, ...clock];
  if (monthIndex === -1 || clock.length !== 3 || clock.some((part) => part.length !== 2)) return null;
  if (digits.some((part) => part.split('').some((character) => !'0123456789'.includes(character))))
    return null;
  const [hours = 0, minutes = 0, seconds = 0] = clock.map(Number);
  const isLeap = (one: number) => one % 4 === 0 && (one % 100 !== 0 || one % 400 === 0);
  const length = (LENGTHS[monthIndex] ?? 0) + (monthIndex === 1 && isLeap(Number(year)) ? 1 : 0);
  if (Number(day) < 1 || Number(day) > length || hours > 23 || minutes > 59 || seconds > 60) return null;
  let days = Number(day) - 1;
  for (let index = 0; index < monthIndex; index += 1) {
    days += (LENGTHS[index] ?? 0) + (index === 1 && isLeap(Number(year)) ? 1 : 0);
  }
  for (let one = 1970; one < Number(year); one += 1) days += isLeap(one) ? 366 : 365;
  for (let one = Number(year); one < 1970; one += 1) days -= isLeap(one) ? 366 : 365;
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}

const clock = fc.tuple(fc.nat(25), fc.nat(61), fc.nat(62)).map((parts) => parts.map(two).join(':'));
const nearlyFixdate = fc
  .tuple(
    fc.constantFrom(...DAYS.map((day) => day.slice(0, 3)), 'Sunday', 'Xyz', 'SUN'),
    fc.constantFrom(', ', ' ', ',', ',  '),
    fc.oneof(fc.nat(33).map(two), fc.nat(33).map(String)),
    fc.constantFrom(' ', '-', '  '),
    fc.constantFrom(...MONTHS, 'JAN', 'Mai', ''),
    fc.constantFrom(' ', '-'),
    fc.oneof(
      fc.integer({ min: 1, max: 9999 }).map((year) => String(year).padStart(4, '0')),
      fc.nat(99).map(two),
    ),
    fc.oneof(clock, fc.constantFrom('2:01:18', '02.01.18', '')),
    fc.constantFrom(' GMT', ' gmt', ' UTC', ' +0000', '', 'GMT'),
  )
  .map(([name, comma, day, one, month, other, year, time, zone]) =>
    [name, comma, day, one, month, other, year, ' ', time, zone].join(''),
  );

describe('every text', () => {
  it('that looks like the fixed form is read as a second reader reads it', () => {
    let dates = 0;
    fc.assert(
      fc.property(
        fc.oneof(
          nearlyFixdate,
          fc
            .date({
              min: new Date(-62_135_596_800_000),
              max: new Date(253_402_300_799_000),
              noInvalidDate: true,
            })
            .map((date) => date.toUTCString()),
        ),
        (text) => {
          const read = readHttpDate(text, NOW);
          if (read !== null) dates += 1;
          // The other two forms are another property's.
          expect(/^[a-z]{3},/i.test(text) ? read : oracle(text)).toBe(oracle(text));
        },
      ),
      { numRuns: RUNS },
    );
    expect(dates).toBeGreaterThan(RUNS / 5);
  });

  it('in any of the three forms gives the same second', () => {
    fc.assert(
      fc.property(fc.integer({ min: NOW - 49 * 31_536_000, max: NOW + 49 * 31_536_000 }), (epochSeconds) => {
        const fixed = toHttpDate(epochSeconds);
        const [, day = '', month = '', year = '', time = ''] = fixed.split(' ');
        const weekday = DAYS[new Date(epochSeconds * 1000).getUTCDay()] ?? '';
        const obsolete = `${weekday}, ${day}-${month}-${year.slice(2)} ${time} GMT`;
        const asctime = `${weekday.slice(0, 3)} ${month} ${day.replace(/^0/, ' ')} ${time} ${year}`;
        expect([fixed, obsolete, asctime].map((text) => readHttpDate(text, NOW))).toEqual(
          Array.from({ length: 3 }, () => epochSeconds),
        );
      }),
      { numRuns: RUNS },
    );
  });

  it('else is no date', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: ANY_CHARACTER })), (text) => {
        expect(readHttpDate(text, NOW)).toBeNull();
      }),
    );
  });
});
