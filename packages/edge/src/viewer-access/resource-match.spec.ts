import { describe, expect, it } from '@jest/globals';
import { DEFAULT_SWITCHES, type Switches } from '../distribution/switches.js';
import { splitTarget } from '../viewer-request.js';
import { coversUrl } from './resource-match.js';

function covers(resource: string, url: string, switches: Partial<Switches> = {}): boolean {
  const [protocol = '', rest = ''] = url.split(/:\/\/(.*)/s);
  const slash = rest.indexOf('/');
  return coversUrl(
    resource,
    {
      protocol: protocol === 'http' ? 'http' : 'https',
      host: rest.slice(0, slash),
      ...splitTarget(rest.slice(slash)),
    },
    { ...DEFAULT_SWITCHES, ...switches },
  );
}

describe('the Resource of a custom policy', () => {
  it.each([
    ['R17 one exact address', 'https://h.com/a/b', 'https://h.com/a/b', true],
    ['R17 another path', 'https://h.com/a/b', 'https://h.com/a/c', false],
    ['R18 * crosses / within the path', 'https://h.com/training/*', 'https://h.com/training/x/y', true],
    ['R18 ? is one character', 'https://h.com/a?c', 'https://h.com/abc', true],
    ['R18 ? is not two characters', 'https://h.com/a?c', 'https://h.com/abbc', false],
    ['R19 * in the host stays in the host', 'https://*.h.com/a', 'https://x/.h.com/a', false],
    ['R19 * in the host', 'https://*.h.com/a', 'https://x.y.h.com/a', true],
    ['R19 * in the path reaches no query', 'https://h.com/*.jpg', 'https://h.com/a?x=b.jpg', false],
    ['R19 * in the query', 'https://h.com/a?x=*', 'https://h.com/a?x=1&y=2', true],
    ['R19 * in the query needs a query', 'https://h.com/a?x=*', 'https://h.com/ax', false],
    ['R20 a path that ends in * covers a query', 'https://h.com/a*', 'https://h.com/ab?foo=bar', true],
    ['R20 a domain that ends in * covers all', 'https://h.*', 'https://h.com/a/b?c=d', true],
    ['R20 a leading * drops the protocol', '*h.com/a', 'http://x.h.com/a', true],
    ['R20 without path it means /', '*h.com', 'https://h.com/', true],
    ['R20 without path it means no other', '*h.com', 'https://h.com/a', false],
    ['R20 without path it means no query', '*h.com', 'https://h.com/?a=b', false],
    ['R20 * alone covers all', '*', 'https://h.com/a?b=c', true],
    ['R21 no query part, a query', 'https://h.com/a', 'https://h.com/a?x=1', false],
    ['R21 an empty query is a query', 'https://h.com/a', 'https://h.com/a?', false],
    ['R22 https covers no http', 'https://h.com/a', 'http://h.com/a', false],
    ['R22 http covers no https', 'http://h.com/a', 'https://h.com/a', false],
    ['R22 http* covers https', 'http*://h.com/a', 'https://h.com/a', true],
    ['R22 http* covers http', 'http*://h.com/a', 'http://h.com/a', true],
    ['R22 *:// covers both', '*://h.com/a', 'http://h.com/a', true],
    ['R22 no protocol and no *', 'h.com/a', 'https://h.com/a', false],
    ['R22 another protocol', 'ftp://h.com/a', 'https://h.com/a', false],
    ['R23 *host/… in a cookie', '*h.com/*', 'https://h.com/a/b', true],
    ['R24 the host in any case', 'https://H.Com/a', 'https://h.cOM/a', true],
    ['R24 the path in its own case', 'https://h.com/A', 'https://h.com/a', false],
    ['R24 the port is part of the host', 'https://h.com/a', 'https://h.com:3002/a', false],
    ['R24 the port as it came', 'https://h.com:3002/a', 'https://h.com:3002/a', true],
    ['R25 escaped ?', 'https://h.com/a\\?x=1', 'https://h.com/a?x=1', true],
    ['R25 bare ?', 'https://h.com/a?x=1', 'https://h.com/a?x=1', true],
    ['R25 bare ? as a character of the path', 'https://h.com/a?x=1', 'https://h.com/a/x=1', true],
    ['R25 escaped ? is no character of the path', 'https://h.com/a\\?x=1', 'https://h.com/a/x=1', false],
    ['R26 %40 is not @', 'https://h.com/a@b', 'https://h.com/a%40b', false],
    ['R26 + is not %20', 'https://h.com/a?x=+', 'https://h.com/a?x=%20', false],
    ['R26 %27 is not an apostrophe', "https://h.com/it's", 'https://h.com/it%27s', false],
    ['R26 dot segments stay', 'https://h.com/a/*', 'https://h.com/a/../b', true],
    ['R26 bytes beyond ASCII', 'https://h.com/é', 'https://h.com/\u00c3\u00a9', true],
    ['E24 no further segment text', 'https://h.com/private/a/*', 'https://h.com/private/ab/x', false],
    ['E24 not the folder itself', 'https://h.com/private/a/*', 'https://h.com/private/a', false],
    ['E25 a query under a wildcard', 'https://h.com/private/a/*', 'https://h.com/private/a/ok?x=1', true],
  ])('%s', (_rule, resource, url, expected) => {
    expect(covers(resource, url)).toBe(expected);
  });

  it('reads only the chosen spelling of the question mark under its switch (R25)', () => {
    const url = 'https://h.com/a?x=1';
    expect(covers('https://h.com/a?x=1', url, { questionMark: 'escaped' })).toBe(false);
    expect(covers('https://h.com/a\\?x=1', url, { questionMark: 'escaped' })).toBe(true);
    expect(covers('https://h.com/a\\?x=1', url, { questionMark: 'bare' })).toBe(false);
    expect(covers('https://h.com/a?x=1', url, { questionMark: 'bare' })).toBe(true);
  });
});
