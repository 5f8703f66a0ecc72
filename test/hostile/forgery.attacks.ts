import { expect, test } from '@jest/globals';
import { until } from '../support/operated-api.js';
import { APP_ORIGIN, type HostileStage } from './stage.js';

const VALID = '{"prefix":"private/a"}';
const EVIL = 'https://evil.example';
/** What today's browsers add to a form that a foreign page submits. */
const FROM_EVIL = { Origin: EVIL, 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' };

/** For the service: a cookie of the host that holds a token. */
export const WITH_SESSION_COOKIE = { AUTH_COOKIE: 'session' };

/** S: session and forgery, of a service with the settings {@link WITH_SESSION_COOKIE}. */
export function forgeryAttacks(stage: () => HostileStage): void {
  const cookie = (sub = 'u1', groups: readonly string[] = []) =>
    `session=${stage().bearer(sub, groups).replace('Bearer ', '')}`;
  const post = (headers: Readonly<Record<string, string>>, body = VALID) =>
    stage().call('POST', '/grants', { headers: { 'Content-Type': 'application/json', ...headers }, body });
  const codeOf = (answer: Awaited<ReturnType<typeof post>>) =>
    [answer.status, (answer.json() as { code: string }).code] as const;

  test('S02 the page of a listed origin may ask with the cookie: nothing else is wrong with these calls', async () => {
    stage().adds({ grants: 1 });
    expect((await post({ Cookie: cookie(), Origin: APP_ORIGIN })).status).toBe(201);
  });

  test.each([
    ['S01', 'text/plain', VALID],
    ['S01', 'text/plain', '{"prefix":"private/a","x":"="}\r\n'],
    ['S01', 'application/x-www-form-urlencoded', 'prefix=private%2Fa'],
    [
      'S01',
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n--x--',
    ],
  ])('%s a form of another site as %s is refused: %j', async (_row, type, body) => {
    const answer = await post({ Cookie: cookie(), ...FROM_EVIL, 'Content-Type': type }, body);
    expect(codeOf(answer)).toEqual([415, 'media_type_unsupported']);
    expect(answer.setCookies).toEqual([]);
  });

  test.each([
    ['S02', 'another Origin', { Origin: EVIL }],
    ['S02', 'another Origin, claimed to be same-origin', { Origin: EVIL, 'Sec-Fetch-Site': 'same-origin' }],
    ['S03', 'no Origin, Sec-Fetch-Site: cross-site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['S03', 'no Origin, Sec-Fetch-Site: same-site', { 'Sec-Fetch-Site': 'same-site' }],
    ['S03', 'neither of them', {}],
    ['S05', 'Origin: null', { Origin: 'null' }],
  ] as const)('%s %s is 403 csrf_rejected', async (_row, _what, headers) => {
    const answer = await post({ Cookie: cookie(), ...headers });
    expect(codeOf(answer)).toEqual([403, 'csrf_rejected']);
    expect(answer.setCookies).toEqual([]);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });

  test.each([
    ['S02', 'PUT', '/admin/entitlements', '{"subject":"user:evil","prefix":"/"}'],
    ['S02', 'DELETE', '/admin/entitlements/1', ''],
    ['S02', 'DELETE', '/grants', ''],
  ])('%s %s %s of another site is refused too', async (_row, method, path, body) => {
    const headers = {
      Cookie: cookie('root', ['admins']),
      'Content-Type': 'application/json',
      ...FROM_EVIL,
    };
    const answer = await stage().call(method, path, { headers, ...(body === '' ? {} : { body }) });
    expect(codeOf(answer)).toEqual([403, 'csrf_rejected']);
    expect(answer.setCookies).toEqual([]);
  });

  test('S02 the audit log says in whose name a page has tried', async () => {
    await post({ Cookie: cookie('victim'), Origin: EVIL });
    const tried = () =>
      stage().database.query("select code, prefix from refusals where viewer_id = 'victim'");
    await until(async () => (await tried()).rowCount === 1);
    expect((await tried()).rows).toEqual([{ code: 'csrf_rejected', prefix: 'private/a' }]);
  });

  test('S08 a token in the header decides for itself; the foreign page cannot read the answer', async () => {
    stage().adds({ grants: 1 });
    const answer = await stage().ask('u1', VALID, FROM_EVIL);
    expect(answer.status).toBe(201);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
  });

  test.each([
    ['S09', 'session=%zz', 'token_invalid'],
    ['S09', 'session="', 'token_invalid'],
    ['S09', 'session=%', 'token_invalid'],
    ['S09', 'session=\xff\xfe', 'token_invalid'],
    ['S09', '=x', 'token_missing'],
    ['S09', ';;;', 'token_missing'],
    ['S09', 'session', 'token_missing'],
    ['S09', 'session=', 'token_missing'],
    ['S09', 'SESSION=x', 'token_missing'],
  ])('%s the Cookie header %j is 401 %s', async (_row, header, code) => {
    const answer = await post({ Cookie: header, Origin: APP_ORIGIN });
    expect(codeOf(answer)).toEqual([401, code]);
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
  });

  test('S09 300 cookies are 401 without a token among them, and with 300 different ones', async () => {
    const many = (name: (at: number) => string) =>
      Array.from({ length: 300 }, (_, at) => `${name(at)}=${at}`).join('; ');
    expect(codeOf(await post({ Cookie: many((at) => `c${at}`), Origin: APP_ORIGIN }))).toEqual([
      401,
      'token_missing',
    ]);
    expect(codeOf(await post({ Cookie: many(() => 'session'), Origin: APP_ORIGIN }))).toEqual([
      401,
      'token_invalid',
    ]);
  });

  test('S09 a cookie of ours that is nonsense is nobody’s: it clears nothing and grants nothing', async () => {
    stage().adds({ grants: 4 });
    for (const value of ['%zz', '1|', '"', `1|1|9999999999||example.com||/private/*`]) {
      // oxlint-disable-next-line no-await-in-loop -- four calls
      const answer = await stage().ask('u1', VALID, {
        Cookie: `__Host-edgepass-held-AAAAAAAAAAA=${value}`,
      });
      expect([answer.status, answer.setCookies.length]).toEqual([201, 6]);
    }
  });

  test.each([
    ['S10', 'one valid, one not', (own: string) => `${own}; session=x`],
    ['S10', 'one not, one valid', (own: string) => `session=x; ${own}`],
    ['S10', 'two that are valid', (own: string) => `${own}; ${cookie('u2')}`],
  ])('%s two session cookies, %s: 401', async (_row, _what, header) => {
    const answer = await post({ Cookie: header(cookie()), Origin: APP_ORIGIN });
    expect(codeOf(answer)).toEqual([401, 'token_invalid']);
  });
}
