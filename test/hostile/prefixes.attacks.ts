import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { readPrefix } from '../../src/cloudfront/prefix.js';
import type { TestApi } from '../support/api.js';
import { decodeCloudFront, cookieValue, readCookies, setCookieLines } from '../support/set-cookie-lines.js';
import { sampled } from '../support/whole.js';

const LONGEST = `private/a/${'x'.repeat(502)}`;

/** Group P of the hostile inputs: what a viewer who holds private/a, private/a_b and media/v1..2 may not get. */
const REFUSED: readonly (readonly [row: string, prefix: unknown, code: string])[] = [
  ['P01', 'private/*', 'prefix_invalid'],
  ['P02', '*', 'prefix_invalid'],
  ['P03', 'private/a?', 'prefix_invalid'],
  ['P05', 'private/a/../b', 'prefix_invalid'],
  ['P06', '..', 'prefix_invalid'],
  ['P06', '.', 'prefix_invalid'],
  ['P06', 'private/..', 'prefix_invalid'],
  ['P06', 'private/.', 'prefix_invalid'],
  ['P07', 'private/./a', 'prefix_invalid'],
  ['P08', 'private//a', 'prefix_invalid'],
  ['P09', '/private/a', 'prefix_invalid'],
  ['P10', 'private/a/', 'prefix_invalid'],
  ['P12', 'private\\a', 'prefix_invalid'],
  ['P14', 'private/%2e%2e/secret', 'prefix_invalid'],
  ['P15', 'private/a%2Fb', 'prefix_invalid'],
  ['P17', 'private/%252e%252e/secret', 'prefix_invalid'],
  ['P18', 'private/a%00.jpg', 'prefix_invalid'],
  ['P19', 'private/a\u0000b', 'prefix_invalid'],
  ['P20', 'private/a\r\nSet-Cookie: x=1', 'prefix_invalid'],
  ['P21', 'pri\tvate/a', 'prefix_invalid'],
  ['P23', 'private/a","Condition":{"DateLessThan":{"AWS:EpochTime":9999999999}}}]}', 'prefix_invalid'],
  ['P25', 'private/a; Domain=evil.example', 'prefix_invalid'],
  ['P27', 'private/a?x=1', 'prefix_invalid'],
  ['P29', '', 'prefix_invalid'],
  ['P30', undefined, 'prefix_required'],
  ['P31', null, 'prefix_invalid'],
  ['P31', 7, 'prefix_invalid'],
  ['P31', true, 'prefix_invalid'],
  ['P31', ['private/a'], 'prefix_invalid'],
  ['P34', `${LONGEST}x`, 'prefix_too_long'],
  ['P37', Array.from({ length: 17 }, () => 'a').join('/'), 'prefix_too_deep'],
  ['P46', 'private/．．/secret', 'prefix_invalid'],
  ['P47', 'private／a', 'prefix_invalid'],
  ['P47', 'private∕a', 'prefix_invalid'],
  ['P50', 'private/😀', 'prefix_invalid'],
  ['P53', 'private/\ud800', 'prefix_invalid'],
  ['P56', 'https://evil.example/x', 'prefix_invalid'],
  ['P57', '//evil.example/x', 'prefix_invalid'],
  ['P63', 'private/...', 'prefix_invalid'],
  ['P65', '${jndi:ldap://x/a}', 'prefix_invalid'],
  ['P65', '{{7*7}}', 'prefix_invalid'],
  ['P66', '<script>alert(1)</script>', 'prefix_invalid'],
  ['P72', '*a'.repeat(200), 'prefix_invalid'],
];

/** On PostgreSQL, which is not asked for them: each code, each kind of value, and what PostgreSQL could not store. */
const SAMPLE = ['P01', 'P06', 'P19', 'P30', 'P31', 'P34', 'P37', 'P53'];

const NOT_ENTITLED: readonly (readonly [row: string, prefix: string])[] = [
  ['P38', 'private/ab'],
  ['P39', 'private'],
  ['P40', 'private/A'],
  ['P42', 'private/aXb'],
  ['P44', "private/a' OR '1'='1"],
  ['P49', 'private/é'.normalize('NFC')],
  ['P49', 'private/é'.normalize('NFD')],
  ['P60', '__proto__'],
  ['P60', 'constructor'],
  ['P60', 'toString'],
];

/** P: prefixes; what is refused before a database is asked is sent whole to the one on SQLite alone. */
export function prefixAttacks(api: () => TestApi, database: 'sqlite' | 'postgres'): void {
  beforeAll(() =>
    api().give(
      { subject: 'user:owner', prefix: 'private/a' },
      { subject: 'user:owner', prefix: 'private/a_b' },
      { subject: 'user:owner', prefix: 'media/v1..2' },
    ),
  );
  const asOwner = async (prefix: unknown) => api().ask(prefix, { sub: 'owner' });

  describe('is refused, and nothing is set, recorded or repeated', () => {
    test.each(database === 'sqlite' ? REFUSED : sampled(REFUSED, SAMPLE))(
      '%s %j → 400 %s',
      async (_row, prefix, code) => {
        const before = await api().countOf('grants');

        const response = await asOwner(prefix);

        expect({ status: response.status, code: (response.body as { code: string }).code }).toEqual({
          status: 400,
          code,
        });
        await expectHarmless(api(), response, before);
        const isTelling = typeof prefix === 'string' && prefix.length > 3;
        expect(isTelling && response.text.includes(prefix)).toBe(false);
      },
    );

    test.each(NOT_ENTITLED)('%s %j → 403 not_entitled', async (_row, prefix) => {
      const before = await api().countOf('grants');

      const response = await asOwner(prefix);

      expect(response.status).toBe(403);
      expect(response.body).toMatchObject({ code: 'not_entitled' });
      await expectHarmless(api(), response, before);
    });

    test('P72 two hundred wildcards cost less than 5 ms of processor time', () => {
      const rounds = 40;
      readPrefix('*a'.repeat(200));
      const before = process.cpuUsage();
      for (let round = 0; round < rounds; round += 1) readPrefix('*a'.repeat(200));
      const { user, system } = process.cpuUsage(before);
      expect((user + system) / rounds).toBeLessThan(5_000);
    });

    test('P35 a prefix of 1 MiB → 413 body_too_large', async () => {
      const before = await api().countOf('grants');
      const response = await asOwner('a'.repeat(1024 * 1024));
      expect(response.status).toBe(413);
      expect(response.body).toMatchObject({ code: 'body_too_large' });
      await expectHarmless(api(), response, before);
    });

    test('P54 an overlong UTF-8 dot in the body → 400 body_malformed', async () => {
      const body = Buffer.concat([
        Buffer.from('{"prefix":"private/'),
        Buffer.from([0xc0, 0xae, 0xc0, 0xae]),
        Buffer.from('"}'),
      ]);
      const before = await api().countOf('grants');
      const response = await api()
        .http.post('/grants')
        .set('Authorization', api().bearer('owner'))
        .set('Content-Type', 'application/json')
        .serialize((data: unknown) => data as string)
        .send(body as unknown as string);
      expect(response.body).toMatchObject({ status: 400, code: 'body_malformed' });
      await expectHarmless(api(), response, before);
    });

    test('P68 a prefix that stands twice → 400 duplicate_key', async () => {
      const before = await api().countOf('grants');
      const response = await api()
        .http.post('/grants')
        .set('Authorization', api().bearer('owner'))
        .set('Content-Type', 'application/json')
        .send('{"prefix":"private/a","prefix":"secret"}');
      expect(response.body).toMatchObject({ status: 400, code: 'duplicate_key' });
      await expectHarmless(api(), response, before);
    });

    test('P74 a wildcard planted in the table is never interpreted', async () => {
      await api()
        .database.queries.insertInto('entitlements')
        .values({
          id: randomUUID(),
          subject: 'user:planted',
          prefix: 'private/*',
          starts_at: null,
          ends_at: null,
          given_by: 'nobody',
          given_at: 0,
        })
        .execute();

      const response = await api().ask('private/x', { sub: 'planted' });
      const listed = await api().http.get('/entitlements').set('Authorization', api().bearer('planted'));

      expect(response.status).toBe(403);
      expect(listed.body).toMatchObject({
        entitlements: [{ applies: false, reason: 'No folder can have this name, so it opens nothing.' }],
      });
    });
  });

  test('P33 the longest prefix is granted with cookies that a browser keeps (B63)', async () => {
    const response = await asOwner(LONGEST);

    expect(response.status).toBe(201);
    for (const { name, value, attributes } of readCookies(response)) {
      expect(Buffer.byteLength(name) + Buffer.byteLength(value)).toBeLessThanOrEqual(4096);
      for (const attribute of attributes.split('; ')) expect(attribute.length).toBeLessThanOrEqual(1024);
    }
  });

  test('P41 a prefix below an owned one is granted with exactly its own Resource', async () => {
    const response = await asOwner('private/a/b/c');

    expect(response.body).toMatchObject({ resource: 'https://cdn.example.com/private/a/b/c/*' });
    const policy = decodeCloudFront(cookieValue(response, 'CloudFront-Policy')).toString();
    expect(policy).toContain('"Resource":"https://cdn.example.com/private/a/b/c/*"');
  });

  test('P49 a composed and a decomposed name are two folders: who holds one is not given the other', async () => {
    const [composed, decomposed] = ['NFC', 'NFD'].map((form) => 'private/é'.normalize(form));
    await api().give({ subject: 'user:p49', prefix: composed ?? '' });
    const given = await api().ask(composed, { sub: 'p49' });
    expect(given.body).toMatchObject({
      prefix: composed,
      resource: 'https://cdn.example.com/private/%C3%A9/*',
    });
    const refused = await api().ask(decomposed, { sub: 'p49' });
    expect(refused.status).toBe(403);
    expect(setCookieLines(refused)).toEqual([]);
  });

  test('P62 dots inside a name are legal', async () => {
    expect((await asOwner('media/v1..2')).status).toBe(201);
  });

  test('P70 a prefix in the query of POST is refused', async () => {
    await api().give({ subject: 'user:p70', prefix: 'private/a' });
    const response = await api()
      .http.post('/grants?prefix=secret')
      .set('Authorization', api().bearer('p70'))
      .send({ prefix: 'private/a' });
    expect(response.body).toMatchObject({ status: 400, code: 'field_unknown' });
    expect(response.headers['set-cookie']).toBeUndefined();
  });
}

/** U1–U6 and U9 of the postconditions: harmless, small, in form, and the next grant works. */
async function expectHarmless(
  api: TestApi,
  response: Awaited<ReturnType<TestApi['ask']>>,
  grantsBefore: number,
): Promise<void> {
  expect(setCookieLines(response)).toEqual([]);
  expect(response.type).toBe('application/problem+json');
  expect(response.headers['cache-control']).toBe('no-store');
  expect(response.headers['x-content-type-options']).toBe('nosniff');
  expect(response.text.length).toBeLessThan(4096);
  expect(response.text).not.toMatch(/\bat .+\.(?:js|ts):\d+|SQLITE|select |node_modules/i);
  expect(await api.countOf('grants')).toBe(grantsBefore);
  expect((await api.ask('private/a', { sub: 'owner' })).status).toBe(201);
}
