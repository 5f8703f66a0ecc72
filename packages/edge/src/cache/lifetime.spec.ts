import { describe, expect, it } from '@jest/globals';
import type { HeaderList } from '../header-list.js';
import { lifetimeSeconds } from './lifetime.js';

const NOW = 1_795_000_000;
const at = (seconds: number) => new Date((NOW + seconds) * 1000).toUTCString();

function lifetime(headers: HeaderList, [min, fallback, max]: readonly number[], status = 200) {
  const ttls = { minTtlSeconds: min ?? 0, defaultTtlSeconds: fallback ?? 0, maxTtlSeconds: max ?? 0 };
  return lifetimeSeconds({ status, headers }, ttls, 10, NOW);
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
    ['the default for a max-age that is no number', cacheControl('max-age=-1'), [0, 100, 1000], 100],
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

  it.each([401, 410, 416, 429])('%i: never', (status) => {
    expect(lifetime(cacheControl('max-age=60'), TTLS, status)).toBeNull();
  });

  it('nothing under CachingDisabled', () => {
    expect(lifetime(cacheControl('max-age=60'), [0, 0, 0], 404)).toBeNull();
  });
});
