import { describe, expect, test } from '@jest/globals';
import { coversPath } from '../browser/scope.js';
import { diagnose } from '../diagnose.js';
import { bareLoad, type CookiePair, type Evidence, type Load } from '../evidence/evidence.js';
import { joinEvidence } from '../evidence/join-evidence.js';
import { readConsole } from '../evidence/read-console.js';

const NOW_MILLISECONDS = 1_795_000_000_000;
const PAGE = 'https://app.example.com';
const HOST = 'https://cdn.example.com';
const FILE = `${HOST}/courses/geometry/images/1.svg`;

function policyOf(resource: string): string {
  const condition = { DateLessThan: { 'AWS:EpochTime': NOW_MILLISECONDS / 1000 + 900 } };
  return Buffer.from(JSON.stringify({ Statement: [{ Resource: resource, Condition: condition }] }))
    .toString('base64')
    .replaceAll('+', '-')
    .replaceAll('=', '_')
    .replaceAll('/', '~');
}

const valuesOf = (policy: string): readonly CookiePair[] => [
  { name: 'CloudFront-Policy', value: policy },
  { name: 'CloudFront-Signature', value: 'c2lnbmF0dXJl' },
  { name: 'CloudFront-Key-Pair-Id', value: 'K2JCJMDEHXQW5F' },
];

/** The refused load of the file: with the cookies where their Path covers it. */
function refused(source: Load['source'], values: readonly CookiePair[], path: string): Load {
  return {
    ...bareLoad(source, source === 'live' ? 'probe' : 'HAR entry 2', FILE),
    page: PAGE,
    mode: source === 'live' ? 'cors' : 'no-cors',
    dest: source === 'live' ? 'empty' : 'image',
    probe: source === 'live' ? 'page' : null,
    cookies: coversPath(path, new URL(FILE).pathname) ? values : [],
    status: 403,
    headers: [['Server', 'CloudFront']],
    failed: true,
    atMilliseconds: NOW_MILLISECONDS,
  };
}

function fromJar(policy: string, path: string): Partial<Evidence> {
  const values = valuesOf(policy);
  return {
    target: FILE,
    loads: [refused('live', values, path)],
    held: values.map(({ name, value }) => ({
      name,
      value,
      domain: 'example.com',
      hostOnly: false,
      path,
      secure: true,
      expires: 0,
      where: 'cookie file, line 1',
    })),
  };
}

function fromHar(policy: string, path: string): Partial<Evidence> {
  const values = valuesOf(policy);
  const grant: Load = {
    ...bareLoad('har', 'HAR entry 1', 'https://api.example.com/grants'),
    method: 'POST',
    page: PAGE,
    mode: 'cors',
    dest: 'empty',
    cookies: [{ name: 'session', value: '1' }],
    status: 201,
    headers: [
      ['Access-Control-Allow-Origin', PAGE],
      ['Access-Control-Allow-Credentials', 'true'],
      ...values.map(
        ({ name, value }) =>
          ['Set-Cookie', `${name}=${value}; Domain=example.com; Path=${path}; Secure; SameSite=Lax`] as const,
      ),
    ],
    failed: false,
    atMilliseconds: NOW_MILLISECONDS - 1000,
  };
  return { target: FILE, loads: [grant, refused('har', values, path)] };
}

const KINDS = [
  ['a cookie file and a live address', fromJar],
  ['a recording', fromHar],
] as const;

describe.each(KINDS)('the folders of Path, policy and file, from %s', (_name, evidenceOf) => {
  const found = (policy: string, path: string) =>
    diagnose(joinEvidence([evidenceOf(policy, path)], { nowMilliseconds: NOW_MILLISECONDS, app: PAGE }));

  test('Path alone is narrower: Path is the cause', () => {
    const { rootCause } = found(policyOf(`${HOST}/courses/*`), '/courses/algebra');
    expect(rootCause?.id).toBe('cookie-path');
  });

  test.each([
    ['with its own Path', '/courses/algebra'],
    ['with a Path that covers the file', '/courses'],
    ['with a Path that covers neither', '/grants'],
  ])('the policy is of another folder, %s: the grant is the cause', (_how, path) => {
    const { rootCause, findings } = found(policyOf(`${HOST}/courses/algebra/*`), path);
    expect([rootCause?.id, rootCause?.catalogue, rootCause?.fix.text]).toEqual([
      'folder-not-granted',
      ['F61'],
      'The grant is for courses/algebra, the file is in courses/geometry: ask for that folder.',
    ]);
    expect(findings.filter(({ id, status }) => id === 'cookie-path' && status === 'fail')).toEqual([]);
  });

  test('the policy is of another folder, and the browser speaks of Path: the grant is the cause', () => {
    const line =
      'This cookie was blocked because its path was not an exact match for or a superdirectory of the request URL’s path.';
    const { rootCause } = diagnose(
      joinEvidence(
        [evidenceOf(policyOf(`${HOST}/courses/algebra/*`), '/courses/algebra'), readConsole(line, PAGE)],
        { nowMilliseconds: NOW_MILLISECONDS, app: PAGE },
      ),
    );
    expect(rootCause?.id).toBe('folder-not-granted');
  });

  test('the policy is not shown: both are left open', () => {
    const { rootCause, alsoPossible } = found('', '/courses/algebra');
    expect(rootCause).toBeNull();
    const ids = alsoPossible.map(({ id }) => id);
    expect(ids).toContain('cookie-path');
    expect(ids).toContain('folder-not-granted');
  });

  test('the policy is not shown, and Path has a wildcard: Path is the cause', () => {
    expect(found('', '/courses/*').rootCause?.id).toBe('cookie-path');
  });

  test.each([
    ['another host', `https://files.example.com/courses/geometry/*`],
    ['capitals', `${HOST}/Courses/Geometry/*`],
    ['no wildcard', `${HOST}/courses/geometry`],
  ])('the policy is of the folder and written with %s: its address is the cause', (_how, resource) => {
    expect(found(policyOf(resource), '/courses').rootCause?.id).toBe('policy-for-another-address');
  });
});
