import { describe, expect, it } from '@jest/globals';
import type { HeaderList } from '../header-list.js';
import { lifetimeOf } from './lifetime.js';

const NOW = 1_795_000_000;
const at = (seconds: number) => new Date((NOW + seconds) * 1000).toUTCString();

function lifetime(headers: HeaderList, [min, fallback, max]: readonly number[], status = 200) {
  const ttls = { minTtlSeconds: min ?? 0, defaultTtlSeconds: fallback ?? 0, maxTtlSeconds: max ?? 0 };
  return lifetimeOf({ status, headers }, ttls, 10, NOW)?.freshSeconds ?? null;
}
const cacheControl = (value: string): HeaderList => [['Cache-Control', value]];

describe('how long a copy is fresh (R62)', () => {
  it.each<[string, HeaderList, readonly number[], number | null]>([
    ['the default without a word of the origin', [], [0, 86400, 31536000], 86400],
    ['the default also when it is 0', [], [0, 0, 31536000], 0],
    ['max-age', cacheControl('max-age=60'), [0, 86400, 31536000], 60],
    ['s-maxage before max-age', cacheControl('max-age=60, s-maxage=30'), [0, 86400, 31536000], 30],
    ['max-age before Expires', [...cacheControl('max-age=60'), ['Expires', at(5)]], [0, 100, 1000], 60],
    ['Expires', [['Expires', at(5)]], [0, 100, 1000], 5],
    ['0 for an Expires that has passed', [['Expires', at(-5)]], [0, 100, 1000], 0],
    ['0 for an Expires that is no date', [['Expires', '0']], [0, 100, 1000], 0],
    ['at most the maximum', cacheControl('max-age=5000'), [0, 100, 1000], 1000],
    ['at least the minimum', cacheControl('max-age=1'), [50, 100, 1000], 50],
    ['nothing for no-store', cacheControl('no-store'), [0, 100, 1000], null],
    ['nothing for private', cacheControl('private, max-age=60'), [0, 100, 1000], null],
    ['0 for no-cache: kept, and asked about each time', cacheControl('no-cache'), [0, 100, 1000], 0],
    ['as usual for no-cache of one header', cacheControl('no-cache="Set-Cookie"'), [0, 100, 1000], 100],
    ['the minimum in spite of no-store', cacheControl('no-store'), [1, 100, 1000], 1],
    ['the minimum in spite of private', cacheControl('private'), [1, 100, 1000], 1],
    ['the minimum in spite of no-cache', cacheControl('no-cache'), [1, 100, 1000], 1],
    ['max-age in any case and quotes', cacheControl('Public, Max-Age="60"'), [0, 100, 1000], 60],
    ['0 for a max-age that is no number', cacheControl('max-age=-1'), [0, 100, 1000], 0],
    ['the maximum for 31536000000, a common slip', cacheControl('max-age=31536000000'), [0, 9, 99999], 99999],
    ['0 for a max-age in single quotes', cacheControl("max-age='60'"), [0, 100, 1000], 0],
    ['no max-age of a quoted text', cacheControl('ext="max-age=60", max-age=1'), [0, 100, 1000], 1],
    ['the first of two', cacheControl('max-age=60, max-age=1'), [0, 100, 1000], 60],
    [
      'max-age less the Age of the answer',
      [...cacheControl('max-age=60'), ['Age', '20']],
      [0, 100, 1000],
      40,
    ],
    ['0 for an Age above max-age', [...cacheControl('max-age=60'), ['Age', '90']], [0, 100, 1000], 0],
    [
      'whole for an Age that is no number',
      [...cacheControl('max-age=60'), ['Age', '-9']],
      [0, 100, 1000],
      60,
    ],
    ['less the first of two ages', [...cacheControl('max-age=60'), ['Age', '20, 0']], [0, 100, 1000], 40],
    [
      'max-age less the time since Date',
      [...cacheControl('max-age=60'), ['Date', at(-20)]],
      [0, 100, 1000],
      40,
    ],
    [
      'less Age or Date, whichever is longer',
      [...cacheControl('max-age=60'), ['Date', at(-20)], ['Age', '30']],
      [0, 100, 1000],
      30,
    ],
    [
      'whole for a clock that is ahead',
      [...cacheControl('max-age=60'), ['Date', at(20)]],
      [0, 100, 1000],
      60,
    ],
    [
      'Expires from Date on',
      [
        ['Date', at(20)],
        ['Expires', at(25)],
      ],
      [0, 100, 1000],
      5,
    ],
    [
      'Expires from Date on, less Age',
      [
        ['Date', at(-10)],
        ['Expires', at(10)],
        ['Age', '15'],
      ],
      [0, 100, 1000],
      5,
    ],
    [
      'Expires from now on for a Date that is none',
      [
        ['Date', 'foo'],
        ['Expires', at(5)],
      ],
      [0, 100, 1000],
      5,
    ],
    ['Expires in its obsolete form', [['Expires', 'Wednesday, 18-Nov-26 11:06:45 GMT']], [0, 100, 1000], 5],
    [
      '0 for an answer that varies by everything',
      [...cacheControl('max-age=60'), ['Vary', 'Origin, *']],
      [0, 100, 1000],
      0,
    ],
    [
      'as usual for it under a minimum TTL',
      [...cacheControl('max-age=60'), ['Vary', '*']],
      [1, 100, 1000],
      60,
    ],
    ['the default whatever the age', [['Age', '50']], [0, 100, 1000], 100],
    ['the minimum in spite of Age', [...cacheControl('max-age=60'), ['Age', '90']], [50, 100, 1000], 50],
    ['nothing where the maximum is 0', cacheControl('max-age=60'), [0, 0, 0], null],
  ])('is %s', (_what, headers, ttls, expected) => {
    expect(lifetime(headers, ttls)).toBe(expected);
  });
});

describe('how long an error is kept (R89)', () => {
  const TTLS = [1, 86400, 31536000];
  it.each([404, 414, 500, 501, 502, 503, 504])('%i: the minimum for errors, whatever it says', (status) => {
    expect([lifetime([], TTLS, status), lifetime(cacheControl('no-store'), TTLS, status)]).toEqual([10, 10]);
  });

  it.each([400, 403, 405, 412, 415])('%i: only with an age', (status) => {
    expect([lifetime([], TTLS, status), lifetime(cacheControl('max-age=60'), TTLS, status)]).toEqual([
      null,
      60,
    ]);
  });

  it('an age below the minimum for errors counts as that minimum', () => {
    expect(lifetime(cacheControl('s-maxage=3'), TTLS, 403)).toBe(10);
  });

  it('an age counts up to the maximum of the policy', () => {
    expect(lifetime(cacheControl('max-age=600'), [0, 0, 60], 404)).toBe(60);
  });

  it('Expires counts like an age, where an error is kept anyway', () => {
    expect([lifetime([['Expires', at(30)]], TTLS, 404), lifetime([['Expires', at(30)]], TTLS, 403)]).toEqual([
      30,
      null,
    ]);
  });

  it.each([401, 410, 416, 429])('%i: never', (status) => {
    expect(lifetime(cacheControl('max-age=60'), TTLS, status)).toBeNull();
  });

  it('nothing under CachingDisabled', () => {
    expect(lifetime(cacheControl('max-age=60'), [0, 0, 0], 404)).toBeNull();
  });
});

describe('what a copy that is no longer fresh may do (R113, R114)', () => {
  const stale = (value: string, ttls = [0, 100, 1000]) => {
    const [minTtlSeconds = 0, defaultTtlSeconds = 0, maxTtlSeconds = 0] = ttls;
    const policy = { minTtlSeconds, defaultTtlSeconds, maxTtlSeconds };
    const lifetime = lifetimeOf({ status: 200, headers: cacheControl(value) }, policy, 10, NOW);
    return [lifetime?.staleWhileRevalidateSeconds, lifetime?.staleIfErrorSeconds];
  };

  it.each<[string, string, readonly [number, number | null]]>([
    ['serves as long as the origin fails', 'max-age=60', [0, null]],
    [
      'serves for the seconds that the origin names',
      'max-age=60, stale-while-revalidate=20, stale-if-error=30',
      [20, 30],
    ],
    ['never under stale-if-error=0', 'max-age=60, stale-if-error=0', [0, 0]],
    [
      'at most the maximum of the policy',
      'max-age=60, stale-while-revalidate=5000, stale-if-error=5000',
      [1000, 1000],
    ],
    [
      'never under must-revalidate',
      'max-age=60, must-revalidate, stale-while-revalidate=20, stale-if-error=30',
      [0, 0],
    ],
    ['never under proxy-revalidate', 'max-age=60, proxy-revalidate', [0, 0]],
    ['never under s-maxage', 's-maxage=60', [0, 0]],
    [
      'but as long as the origin names beside s-maxage',
      's-maxage=60, stale-while-revalidate=20, stale-if-error=30',
      [20, 30],
    ],
    ['never under no-cache', 'no-cache', [0, 0]],
    ['nor in the background', 'no-cache, stale-while-revalidate=20', [0, 0]],
  ])('%s', (_what, value, expected) => {
    expect(stale(value)).toEqual(expected);
  });

  it.each(['no-cache', 'no-store', 'private'])(
    'serves in spite of %s under a minimum TTL, unless stale-if-error=0 says not',
    (directive) => {
      expect([
        stale(directive, [1, 100, 1000]),
        stale(`${directive}, stale-if-error=0`, [1, 100, 1000]),
      ]).toEqual([
        [0, null],
        [0, 0],
      ]);
    },
  );
});
