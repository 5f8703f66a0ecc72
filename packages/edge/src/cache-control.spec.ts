import * as fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import { IS_WHOLE } from '../../../test/support/whole.js';
import { MAX_SECONDS, readCacheControl, readDeltaSeconds, secondsOf } from './cache-control.js';

const RUNS = IS_WHOLE ? 2_000 : 150;

const read = (...lines: readonly string[]) =>
  readCacheControl(lines.map((line) => ['Cache-Control', line] as const));
const read1 = (line: string) => Object.fromEntries(read(line));

describe('Cache-Control (RFC 9111 section 5.2)', () => {
  it.each<[string, Readonly<Record<string, string | null>>]>([
    ['max-age=60', { 'max-age': '60' }],
    ['Public, Max-Age=60', { public: '', 'max-age': '60' }],
    [' , max-age=60,, ,no-cache ,', { 'max-age': '60', 'no-cache': '' }],
    ['max-age="60"', { 'max-age': '60' }],
    ['max-age="6\\0"', { 'max-age': '60' }],
    ['ext="a, max-age=60", max-age=1', { ext: 'a, max-age=60', 'max-age': '1' }],
    ['max-age=1, ext="a, max-age=60"', { 'max-age': '1', ext: 'a, max-age=60' }],
    ['ext="a \\", no-store"', { ext: 'a ", no-store' }],
    ['max-age=1, max-age=60', { 'max-age': '1' }],
    ['no-cache="Set-Cookie"', { 'no-cache': 'Set-Cookie' }],
    ["max-age='60'", { 'max-age': "'60'" }],
    ['max-age = 60', { 'max-age': null }],
    ['max-age= 60', { 'max-age': null }],
    ['max-age=', { 'max-age': null }],
    ['no-store foo', { 'no-store': null }],
    ['ext="never closed, max-age=60', { ext: null }],
    ['=60, max-age=1', { 'max-age': '1' }],
    ['', {}],
  ])('%s', (line, expected) => {
    expect(read1(line)).toEqual(expected);
  });

  it('of several lines is one list, whose first word counts', () => {
    expect(Object.fromEntries(read('max-age=1', 'no-cache, max-age=60'))).toEqual({
      'max-age': '1',
      'no-cache': '',
    });
  });

  it('looks at no other header', () => {
    expect(readCacheControl([['X-Cache-Control', 'no-store']]).size).toBe(0);
  });
});

describe('a number of seconds (RFC 9111 section 1.2.2)', () => {
  it.each([
    ['max-age=0', 0],
    ['max-age=003600', 3600],
    ['max-age="3600"', 3600],
    ['max-age=2147483649', 2_147_483_649],
    ['max-age=31536000000', MAX_SECONDS],
    [`max-age=${'9'.repeat(400)}`, MAX_SECONDS],
    ['max-age=-1', 0],
    ['max-age=3600.0', 0],
    ["max-age='3600'", 0],
    ['max-age=1h', 0],
    ['max-age', 0],
    ['max-age =60', 0],
    ['public', null],
  ])('%s', (line, seconds) => {
    expect(secondsOf(read(line), 'max-age')).toBe(seconds);
  });
});

/** A second reader, letter by letter, of RFC 9110 section 5.6: no regular expression. */
function oracle(line: string): Record<string, string | null> {
  const TOKEN = new Set("!#$%&'*+.^_`|~-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
  const found: Record<string, string | null> = {};
  let at = 0;
  while (at < line.length) {
    while (line[at] === ' ' || line[at] === '\t') at += 1;
    const begin = at;
    let isQuoted = false;
    while (at < line.length && (isQuoted || line[at] !== ',')) {
      if (isQuoted && line[at] === '\\') at += 1;
      else if (line[at] === '"') isQuoted = !isQuoted;
      at += 1;
    }
    const member = line.slice(begin, Math.min(at, line.length));
    at += 1;
    let nameEnd = 0;
    while (TOKEN.has(member[nameEnd] ?? '')) nameEnd += 1;
    const name = member.slice(0, nameEnd).toLowerCase();
    if (name === '' || Object.hasOwn(found, name)) continue;
    let last = member.length;
    while (member[last - 1] === ' ' || member[last - 1] === '\t') last -= 1;
    found[name] = argument(member.slice(nameEnd, last), TOKEN);
  }
  return found;
}

function argument(rest: string, token: ReadonlySet<string>): string | null {
  if (rest === '') return '';
  if (!rest.startsWith('=') || rest.length === 1) return null;
  const value = rest.slice(1);
  if (!value.startsWith('"'))
    return value.split('').every((character) => token.has(character)) ? value : null;
  let text = '';
  for (let at = 1; at < value.length; at += 1) {
    if (value[at] === '"') return at === value.length - 1 ? text : null;
    if (value[at] === '\\') at += 1;
    if (at < value.length) text += value[at] ?? '';
  }
  return null;
}

describe('every line', () => {
  const piece = fc.constantFrom(
    'max-age',
    's-maxage',
    'no-store',
    'No-Cache',
    'private',
    'ext',
    '=',
    '=',
    ',',
    ',',
    ' ',
    '\t',
    '"',
    '"',
    '\\',
    '60',
    '-1',
    '60.5',
    "'",
    ';',
    '\u00e9',
    '\u00a0',
  );
  it('is read as a second reader reads it', () => {
    let directives = 0;
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join('')),
        (line) => {
          const seen = read1(line);
          directives += Object.keys(seen).length;
          expect(seen).toEqual(oracle(line));
        },
      ),
      { numRuns: 10 * RUNS },
    );
    expect(directives).toBeGreaterThan(5 * RUNS);
  });

  it('that a sender writes is read back', () => {
    const name = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9a-z-]{1,12}$/);
    const value = fc.string({ unit: fc.constantFrom('a', 'b', ',', '=', '"', '\\', ' ', '\t', '\u00e9') });
    const quoted = (text: string) => `"${text.replaceAll(/(["\\])/g, '\\$1')}"`;
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(name, value), { selector: ([one]) => one, maxLength: 6 }),
        (members) => {
          const line = members.map(([one, text]) => `${one}=${quoted(text)}`).join(', ');
          expect([...read(line)]).toEqual(members);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('of digits is their number or the longest time, and nothing else is a number', () => {
    fc.assert(
      fc.property(fc.oneof(fc.bigInt({ min: 0n, max: 10n ** 30n }).map(String), fc.string()), (text) => {
        const isDigits = text !== '' && text.split('').every((character) => '0123456789'.includes(character));
        const expected = isDigits
          ? BigInt(text) > BigInt(MAX_SECONDS)
            ? MAX_SECONDS
            : Number(BigInt(text))
          : null;
        expect(readDeltaSeconds(text)).toBe(expected);
      }),
      { numRuns: RUNS },
    );
  });

  it('of a hundred thousand quotes and escapes takes no longer than its length', () => {
    const line = '"\\'.repeat(50_000);
    const began = performance.now();
    expect(read(line).size).toBe(0);
    expect(read(`ext=${line}`).size).toBe(1);
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});
