import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { NOW_EPOCH_SECONDS, startTestApi, type TestApi } from '../support/api.js';
import { cookieValue, readCookies, setCookieLines } from '../support/set-cookie-lines.js';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi('sqlite', {
    environment: 'development',
    authentication: { mode: 'demo', viewerClaim: 'sub', groupsClaim: 'groups', adminGroup: null },
  });
  await api.give(
    { subject: 'user:alice', prefix: 'courses/algebra' },
    { subject: 'everyone', prefix: 'users/{user}' },
  );
});
afterAll(() => api.close());

const signIn = (user: unknown, cookie = '') =>
  api.http.post('/demo/sign-in').set('Cookie', cookie).send({ user });

/** What a browser sends after it has signed in, together with the scopes of a grant. */
const jar = (...responses: readonly Parameters<typeof readCookies>[0][]) =>
  responses
    .flatMap((response) => readCookies(response))
    .filter(({ name, value }) => value !== '' && !name.startsWith('CloudFront'))
    .map(({ name, value }) => `${name}=${value}`)
    .join('; ');

describe('the demo sign-in', () => {
  test('answers the token and sets it as a host-only cookie', async () => {
    const response = await signIn('alice');

    expect(response.status).toBe(200);
    const { accessToken } = response.body as { accessToken: string };
    expect(response.body).toEqual({
      accessToken,
      expiresAt: new Date((NOW_EPOCH_SECONDS + 8 * 3600) * 1000).toISOString().replace('.000', ''),
    });
    expect(setCookieLines(response)).toEqual([
      `edgepass_demo=${accessToken}; Max-Age=28800; Path=/; HttpOnly; Secure; SameSite=Lax`,
    ]);
  });

  test('S13 what was planted before it is replaced: each sign-in has a value of its own', async () => {
    const planted = cookieValue(await signIn('alice'), 'edgepass_demo');
    const own = cookieValue(await signIn('alice', `edgepass_demo=${planted}`), 'edgepass_demo');
    expect(own).not.toBe(planted);
    expect(cookieValue(await signIn('alice', 'edgepass_demo=planted'), 'edgepass_demo')).not.toBe('planted');
  });

  test('a caller without it learns the name of the cookie, not of the header alone', async () => {
    const response = await api.http.get('/grants');
    expect([response.status, response.body]).toMatchObject([
      401,
      {
        code: 'token_missing',
        detail:
          'Expected the cookie "edgepass_demo" or one header "Authorization: Bearer <access token>", found neither. Sign in; a page sends the cookie with credentials: \'include\'.',
      },
    ]);
  });

  test('alice opens her course and her own folder, bob only his own', async () => {
    const ask = async (user: string, prefix: string) => {
      const { accessToken } = (await signIn(user)).body as { accessToken: string };
      const call = api.http.post('/grants').set('Authorization', `Bearer ${accessToken}`);
      return (await call.send({ prefix })).status;
    };

    expect(await ask('alice', 'courses/algebra')).toBe(201);
    expect(await ask('alice', 'users/alice')).toBe(201);
    expect(await ask('alice', 'users/bob')).toBe(403);
    expect(await ask('bob', 'courses/algebra')).toBe(403);
    expect(await ask('bob', 'users/bob')).toBe(201);
  });

  test('carol is an administrator, alice is not', async () => {
    const list = async (user: string) => {
      const { accessToken } = (await signIn(user)).body as { accessToken: string };
      return (await api.http.get('/admin/entitlements').set('Authorization', `Bearer ${accessToken}`)).status;
    };

    expect(await list('carol')).toBe(200);
    expect(await list('alice')).toBe(403);
  });

  test('another viewer who signs in on the same browser clears what the first one held', async () => {
    const alice = await signIn('alice');
    const granted = await api.http
      .post('/grants')
      .set('Cookie', jar(alice))
      .set('Origin', 'https://app.example.com')
      .send({ prefix: 'courses/algebra' });
    expect(cookieValue(granted, 'CloudFront-Policy')).not.toBe('');

    const bob = await signIn('bob', jar(alice, granted));

    const cleared = readCookies(bob).filter(({ name }) => name === 'CloudFront-Policy');
    expect(cleared).toEqual([
      {
        name: 'CloudFront-Policy',
        value: '',
        attributes: 'Domain=example.com; Path=/courses/algebra; Max-Age=0; HttpOnly; Secure; SameSite=Lax',
      },
      // Granted above to a client that keeps no cookies: on record for alice, and so cleared too.
      {
        name: 'CloudFront-Policy',
        value: '',
        attributes: 'Domain=example.com; Path=/users/alice; Max-Age=0; HttpOnly; Secure; SameSite=Lax',
      },
    ]);
  });

  test.each([{ user: 'mallory' }, { user: 7 }, {}])('%j is 400 user_unknown', async (body) => {
    const response = await api.http.post('/demo/sign-in').send(body);
    expect(response.body).toMatchObject({ status: 400, code: 'user_unknown' });
  });

  test('a member that the call does not know is refused', async () => {
    const response = await api.http.post('/demo/sign-in').send({ user: 'alice', groups: ['admins'] });
    expect(response.body).toMatchObject({ status: 400, code: 'field_unknown' });
  });

  test('a foreign page may not sign its visitor in', async () => {
    const response = await signIn('alice').set('Origin', 'https://evil.example');
    expect(response.body).toMatchObject({ status: 403, code: 'csrf_rejected' });
    expect(setCookieLines(response)).toEqual([]);
  });

  test('in jwt mode the sign-in does not exist', async () => {
    const jwt = await startTestApi('sqlite');
    try {
      const response = await jwt.http.post('/demo/sign-in').send({ user: 'alice' });
      expect(response.body).toMatchObject({ status: 404, code: 'not_found' });
    } finally {
      await jwt.close();
    }
  });
});
