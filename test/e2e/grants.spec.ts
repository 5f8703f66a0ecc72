import { verify } from 'node:crypto';
import { expect, test } from '@jest/globals';
import {
  APP_ORIGIN,
  NOW_EPOCH_SECONDS,
  onEitherDatabase,
  onEveryDatabase,
  TEST_KEY,
  TEST_KEY_PAIR_ID,
  testKeyText,
} from '../support/api.js';
import {
  cookieValue,
  decodeCloudFront,
  heldHeader,
  readCookies,
  setCookieLines,
} from '../support/set-cookie-lines.js';

const ATTRIBUTES = 'Domain=example.com; Path=/courses/algebra; Max-Age=900; HttpOnly; Secure; SameSite=Lax';
const CLEARED = 'Domain=example.com; Path=/courses/algebra; Max-Age=0; HttpOnly; Secure; SameSite=Lax';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

onEveryDatabase('POST /grants', (api) => {
  test('an entitled viewer is answered 201 with the grant', async () => {
    await api().give({ subject: 'user:u1', prefix: 'courses/algebra' });

    const response = await api().ask('courses/algebra');

    expect(response.status).toBe(201);
    expect(response.body).toEqual({
      id: expect.stringMatching(UUID),
      prefix: 'courses/algebra',
      resource: 'https://cdn.example.com/courses/algebra/*',
      expiresAt: '2027-01-15T08:15:00Z',
      renewAfter: expect.stringMatching(/^2027-01-15T08:(08|09):\d\dZ$/),
      keyPairId: TEST_KEY_PAIR_ID,
    });
  });

  test('the cookies leave in their order, one line each, of one scope, then our own', async () => {
    await api().give({ subject: 'user:lines', prefix: 'courses/algebra' });

    const response = await api().ask('courses/algebra', { sub: 'lines' });

    const policy = cookieValue(response, 'CloudFront-Policy');
    const signature = cookieValue(response, 'CloudFront-Signature');
    const held = heldHeader(response);
    expect(setCookieLines(response)).toEqual([
      `CloudFront-Policy=${policy}; ${ATTRIBUTES}`,
      `CloudFront-Signature=${signature}; ${ATTRIBUTES}`,
      `CloudFront-Key-Pair-Id=${TEST_KEY_PAIR_ID}; ${ATTRIBUTES}`,
      `CloudFront-Hash-Algorithm=; ${CLEARED}`,
      `CloudFront-Expires=; ${CLEARED}`,
      `${held}; Path=/; Max-Age=900; HttpOnly; Secure; SameSite=Lax`,
    ]);
  });

  test('the policy has one statement with that Resource and an integer epoch in seconds (R8–R16)', async () => {
    await api().give({ subject: 'user:policy', prefix: 'courses/algebra' });

    const response = await api().ask('courses/algebra', { sub: 'policy', ttlSeconds: 60 });

    const text = decodeCloudFront(cookieValue(response, 'CloudFront-Policy')).toString();
    expect(text).toBe(
      `{"Statement":[{"Resource":"https://cdn.example.com/courses/algebra/*","Condition":{"DateLessThan":{"AWS:EpochTime":${NOW_EPOCH_SECONDS + 60}}}}]}`,
    );
  });

  test('the signature verifies with the public key over exactly the bytes of the policy (R33)', async () => {
    await api().give({ subject: 'user:signed', prefix: 'courses/algebra' });

    const response = await api().ask('courses/algebra', { sub: 'signed' });

    const policy = decodeCloudFront(cookieValue(response, 'CloudFront-Policy'));
    const signature = decodeCloudFront(cookieValue(response, 'CloudFront-Signature'));
    expect(verify('sha1', policy, TEST_KEY.publicKey, signature)).toBe(true);
  });

  test('the audit row says who, what, which key and until when', async () => {
    await api().give({ subject: 'user:audited', prefix: 'courses' });

    const response = await api().ask('courses/algebra', { sub: 'audited' });

    const rows = await api()
      .database.queries.selectFrom('grants')
      .selectAll()
      .where('viewer_id', '=', 'audited')
      .execute();
    expect(rows).toEqual([
      {
        id: (response.body as { id: string }).id,
        viewer_id: 'audited',
        prefix: 'courses/algebra',
        resource: 'https://cdn.example.com/courses/algebra/*',
        issued_as: 'cookies',
        key_pair_id: TEST_KEY_PAIR_ID,
        entitlement_id: expect.stringMatching(UUID),
        issued_at: NOW_EPOCH_SECONDS,
        expires_at: NOW_EPOCH_SECONDS + 900,
      },
    ]);
  });

  test('an audit row can be neither changed nor deleted', async () => {
    await api().give({ subject: 'user:eraser', prefix: 'courses' });
    await api().ask('courses', { sub: 'eraser' }).expect(201);
    const { queries } = api().database;

    await expect(
      queries.updateTable('grants').set({ prefix: 'other' }).where('viewer_id', '=', 'eraser').execute(),
    ).rejects.toThrow('grants is append-only');
    await expect(queries.deleteFrom('grants').where('viewer_id', '=', 'eraser').execute()).rejects.toThrow(
      'grants is kept until its retention date',
    );
  });

  test('a viewer without the right is refused with not_entitled, and nothing is set or recorded', async () => {
    const response = await api().ask('courses/algebra', { sub: 'stranger' });

    expect(response.status).toBe(403);
    expect(response.type).toBe('application/problem+json');
    expect(response.body).toEqual({
      type: 'urn:edgepass:error:not_entitled',
      title: 'The caller may not open this prefix',
      status: 403,
      code: 'not_entitled',
      detail: 'Nothing entitles you to open this prefix now.',
      instance: expect.stringMatching(/^urn:uuid:/),
    });
    expect(setCookieLines(response)).toEqual([]);
    const rows = await api()
      .database.queries.selectFrom('grants')
      .selectAll()
      .where('viewer_id', '=', 'stranger')
      .execute();
    expect(rows).toEqual([]);
  });

  test('no token is 401 token_missing with a Bearer challenge', async () => {
    const response = await api().http.post('/grants').send({ prefix: 'courses/algebra' });

    expect(response.status).toBe(401);
    expect(response.body).toMatchObject({ code: 'token_missing' });
    expect(response.headers['www-authenticate']).toMatch(/^Bearer/);
  });

  test('every answer, refusals included, may not be stored and names Origin in Vary', async () => {
    const refused = await api().http.post('/grants').send({ prefix: 'x' });
    const unknown = await api().http.get('/nowhere');

    for (const response of [refused, unknown]) {
      expect(response.headers['cache-control']).toBe('no-store');
      expect(response.headers['vary']).toBe('Origin');
      expect(response.headers['x-content-type-options']).toBe('nosniff');
    }
  });

  test('a listed origin gets its CORS headers on a refusal as well', async () => {
    const response = await api().ask('courses/none', { sub: 'cors' }).set('Origin', APP_ORIGIN);

    expect(response.status).toBe(403);
    expect(response.headers['access-control-allow-origin']).toBe(APP_ORIGIN);
    expect(response.headers['access-control-allow-credentials']).toBe('true');
  });

  test('the grant ends with the right behind it, of several the one with the latest end', async () => {
    await api().give(
      { subject: 'user:ending', prefix: 'courses', endsAt: NOW_EPOCH_SECONDS + 100 },
      { subject: 'everyone', prefix: 'courses/ending', endsAt: NOW_EPOCH_SECONDS + 300 },
    );

    const response = await api().ask('courses/ending', { sub: 'ending', ttlSeconds: 600 });

    expect(response.body).toMatchObject({ expiresAt: '2027-01-15T08:05:00Z' });
    expect(readCookies(response)[0]?.attributes).toContain('Max-Age=300;');
  });

  test('a right without end ends last, and it is the one that the record names', async () => {
    await api().give(
      { subject: 'user:endless', prefix: 'courses/endless', endsAt: NOW_EPOCH_SECONDS + 300 },
      { subject: 'user:endless', prefix: 'courses' },
      { subject: 'everyone', prefix: 'courses/endless', endsAt: NOW_EPOCH_SECONDS + 500 },
    );

    const response = await api().ask('courses/endless', { sub: 'endless', ttlSeconds: 600 });

    expect(response.body).toMatchObject({ expiresAt: '2027-01-15T08:10:00Z' });
    const behind = await api()
      .database.queries.selectFrom('grants')
      .innerJoin('entitlements', 'entitlements.id', 'grants.entitlement_id')
      .select(['entitlements.subject', 'entitlements.prefix'])
      .where('viewer_id', '=', 'endless')
      .execute();
    expect(behind).toEqual([{ subject: 'user:endless', prefix: 'courses' }]);
  });

  test('a grant that would live less than 10 s is refused', async () => {
    await api().give({ subject: 'user:brief', prefix: 'brief', endsAt: NOW_EPOCH_SECONDS + 9 });
    await api().ask('brief', { sub: 'brief' }).expect(403);
  });

  test('a grant of exactly 10 s is given', async () => {
    await api().give({ subject: 'user:ten', prefix: 'ten', endsAt: NOW_EPOCH_SECONDS + 10 });

    const response = await api().ask('ten', { sub: 'ten' });

    expect(response.body).toMatchObject({ expiresAt: '2027-01-15T08:00:10Z' });
  });

  test('a right that has not started opens nothing', async () => {
    await api().give({ subject: 'user:early', prefix: 'early', startsAt: NOW_EPOCH_SECONDS + 1 });
    await api().ask('early', { sub: 'early' }).expect(403);
  });

  test('a group opens what was given to it, compared whole', async () => {
    await api().give({ subject: 'group:staff', prefix: 'staff' });
    const as = (groups: unknown) =>
      api()
        .http.post('/grants')
        .set('Authorization', api().bearer('g1', { groups }))
        .send({ prefix: 'staff' });

    expect((await as(['staff'])).status).toBe(201);
    expect((await as('staff')).status).toBe(201);
    expect((await as(['staff2'])).status).toBe(403);
    expect((await as('staff,admins')).status).toBe(403);
  });

  test('everyone is every signed-in caller', async () => {
    await api().give({ subject: 'everyone', prefix: 'public-ish' });
    await api().ask('public-ish', { sub: 'anyone' }).expect(201);
  });

  test('{user} is the caller’s own id, and only a legal segment', async () => {
    await api().give({ subject: 'everyone', prefix: 'users/{user}' });

    await api().ask('users/alice/photos', { sub: 'alice' }).expect(201);
    await api().ask('users/alice', { sub: 'bob' }).expect(403);
    await api().ask('users', { sub: 'alice' }).expect(403);
    await api().ask('users/a', { sub: 'a/b' }).expect(403);
  });

  test('the whole distribution is for those who hold exactly that right', async () => {
    await api().give({ subject: 'user:root', prefix: '/' }, { subject: 'user:one', prefix: 'one' });

    const all = await api().ask('/', { sub: 'root' });
    expect(all.body).toMatchObject({ prefix: '/', resource: 'https://cdn.example.com/*' });
    expect(readCookies(all)[0]?.attributes).toContain('Path=/;');
    await api().ask('deep/below', { sub: 'root' }).expect(201);
    await api().ask('/', { sub: 'one' }).expect(403);
  });

  test('no cookie leaves when the audit row cannot be written: 503 audit_unavailable with Retry-After', async () => {
    await api().give({ subject: 'user:audit', prefix: 'a' });
    await api().database.queries.schema.alterTable('grants').renameTo('grants_away').execute();

    const response = await api().ask('a', { sub: 'audit' });

    expect(response.body).toMatchObject({ status: 503, code: 'audit_unavailable' });
    expect(response.headers['retry-after']).toBe('2');
    expect(setCookieLines(response)).toEqual([]);
    expect(response.text).not.toMatch(/grants_away|relation|no such table/);
    await api().database.queries.schema.alterTable('grants_away').renameTo('grants').execute();
    await api().ask('a', { sub: 'audit' }).expect(201);
  });

  test('GET /grants lists the caller’s unexpired grants, newest first, and nobody else’s', async () => {
    await api().give({ subject: 'user:lister', prefix: 'l' });
    await api().ask('l/one', { sub: 'lister', ttlSeconds: 60 }).expect(201);
    api().clock.forward(30);
    await api().ask('l/two', { sub: 'lister', ttlSeconds: 60 }).expect(201);
    api().clock.forward(30);

    const response = await api().http.get('/grants').set('Authorization', api().bearer('lister'));

    expect(response.body).toEqual({
      grants: [
        {
          id: expect.stringMatching(UUID),
          prefix: 'l/two',
          resource: 'https://cdn.example.com/l/two/*',
          issuedAs: 'cookies',
          issuedAt: '2027-01-15T08:00:30Z',
          expiresAt: '2027-01-15T08:01:30Z',
        },
      ],
    });
    api().clock.set(NOW_EPOCH_SECONDS);
  });
});

onEitherDatabase(
  'POST /grants under SHA256',
  (api) => {
    test('the marker cookie carries SHA256, and the signature is over SHA-256 (R2)', async () => {
      await api().give({ subject: 'user:u1', prefix: 'courses' });

      const response = await api().ask('courses');

      expect(cookieValue(response, 'CloudFront-Hash-Algorithm')).toBe('SHA256');
      const policy = decodeCloudFront(cookieValue(response, 'CloudFront-Policy'));
      const signature = decodeCloudFront(cookieValue(response, 'CloudFront-Signature'));
      expect(verify('sha256', policy, TEST_KEY.publicKey, signature)).toBe(true);
    });

    test('C06: the algorithm is a fourth cookie of the same scope', async () => {
      await api().give({ subject: 'user:fourth', prefix: 'private/a' });
      const lines = setCookieLines(await api().ask('private/a', { sub: 'fourth' }));
      expect(lines.map((line) => line.split('=')[0])).toEqual([
        'CloudFront-Policy',
        'CloudFront-Signature',
        'CloudFront-Key-Pair-Id',
        'CloudFront-Hash-Algorithm',
        'CloudFront-Expires',
        expect.stringMatching(/^__Host-edgepass-held-/),
      ]);
      expect(lines[3]).toBe(
        'CloudFront-Hash-Algorithm=SHA256; Domain=example.com; Path=/private/a; Max-Age=900; HttpOnly; Secure; SameSite=Lax',
      );
    });
  },
  {
    cloudFront: {
      url: 'https://cdn.example.com',
      keyPairId: TEST_KEY_PAIR_ID,
      privateKey: { kind: 'text', text: testKeyText() },
      hashAlgorithm: 'SHA256',
    },
  },
);
