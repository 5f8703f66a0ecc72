import { describe, expect, test } from '@jest/globals';
import { diagnose, isFoundWell } from '../diagnose.js';
import { bareLoad, type Load } from '../evidence/evidence.js';
import { joinEvidence } from '../evidence/join-evidence.js';

/** What is found of one request to the CDN from a recording. */
function found(change: Partial<Load>) {
  const load: Load = {
    ...bareLoad('har', 'HAR entry 1', 'https://cdn.example.com/a.png'),
    page: 'https://app.example.com',
    mode: 'cors',
    dest: 'empty',
    requestHeaders: [['origin', 'https://app.example.com']],
    cookies: [],
    failed: true,
    ...change,
  };
  const diagnosis = diagnose(joinEvidence([{ loads: [load] }], { nowMilliseconds: 1_795_000_000_000 }));
  return { diagnosis, failed: diagnosis.findings.filter(({ status }) => status === 'fail') };
}
const answer = (status: number) => ({ status, headers: [['x-cache', 'Error from cloudfront']] as const });

describe('a request that failed without status, headers and reason', () => {
  test('is not found well, and what it may come of is listed', () => {
    const { diagnosis, failed } = found({});
    expect(isFoundWell(diagnosis)).toBe(false);
    expect(failed.map(({ id }) => id)).toEqual(['failed-without-a-word']);
    expect(diagnosis.rootCause).toBeNull();
    expect(diagnosis.alsoPossible.map(({ id }) => id)).toContain('preflight-refused');
  });
});

describe('an error that is no refusal', () => {
  test.each([
    [404, /^Compare the path of the address with the key in the bucket/],
    [405, /^The behavior or the origin does not allow the method/],
    [416, /^The range that was asked for lies beyond the end of the file/],
    [429, /^Too many requests at once/],
    [502, /^CloudFront or the origin failed/],
  ])('%d is named with what to do', (status, fix) => {
    const { diagnosis } = found(answer(status));
    expect(diagnosis.rootCause?.id).toBe('not-served');
    expect(diagnosis.rootCause?.fix.text).toMatch(fix);
  });

  test('is not the answer where something else is seen as well', () => {
    const { findings, rootCause } = diagnose(
      joinEvidence(
        [
          {
            loads: [404, 403].map((status, index) => ({
              ...bareLoad('har', `HAR entry ${index + 1}`, `https://cdn.example.com/${index}.png`),
              ...answer(status),
            })),
          },
        ],
        { nowMilliseconds: 1_795_000_000_000 },
      ),
    );
    expect(rootCause).toBeNull();
    expect(findings.filter(({ status }) => status === 'fail').map(({ id }) => id)).toEqual([
      'refused',
      'not-served',
    ]);
  });
});

describe('what a refusal without cookies may come of', () => {
  const PAGE = 'https://app.example.com';
  const HOST = 'https://cdn.example.com';
  const idsOf = (change: Partial<Load>, grantAtMilliseconds?: number) => {
    const grant: Load = {
      ...bareLoad('har', 'HAR entry 2', 'https://api.example.com/grants'),
      status: 201,
      headers: [['Set-Cookie', 'CloudFront-Policy=0123456789abcdef; Domain=example.com; Path=/; Secure']],
      atMilliseconds: grantAtMilliseconds ?? 0,
    };
    const load: Load = {
      ...bareLoad('har', 'HAR entry 1', `${HOST}/a.png`),
      page: PAGE,
      mode: 'cors',
      dest: 'empty',
      cookies: [],
      failed: true,
      ...answer(403),
      atMilliseconds: 1_795_000_000_000,
      ...change,
    };
    const loads = grantAtMilliseconds === undefined ? [load] : [load, grant];
    const { alsoPossible } = diagnose(
      joinEvidence([{ loads, target: `${HOST}/a.png` }], { nowMilliseconds: 1_795_000_001_000 }),
    );
    return alsoPossible.map(({ id }) => id);
  };

  test('on three hosts, a grant that was not asked for first', () => {
    expect(idsOf({}).slice(0, 3)).toEqual([
      'grant-missing',
      'request-without-credentials',
      'grant-without-credentials',
    ]);
  });

  test('on one origin, no way of loading that sends cookies there', () => {
    const ids = idsOf({ page: HOST });
    expect(ids.slice(0, 4)).toEqual(['grant-missing', 'cookie-path', 'grant-expired', 'folder-not-granted']);
    expect(ids).not.toContain('request-without-credentials');
    expect(ids).not.toContain('crossorigin-anonymous');
    // What needs an API on another host comes after the six that a report shows.
    const ofAnotherHost = ['host-only-cookie', 'domain-of-another-host', 'platform-name', 'cloudfront-name'];
    expect(ids.slice(0, 6).filter((id) => ofAnotherHost.includes(id))).toEqual([]);
  });

  test.each([
    ['before the file was loaded, is not left open', 1_794_999_999_000, false],
    ['after it alone, is left open', 1_795_000_000_500, true],
  ])('a grant that was asked for %s', (_when, at, isOpen) => {
    expect(idsOf({}, at).includes('grant-missing')).toBe(isOpen);
  });
});
