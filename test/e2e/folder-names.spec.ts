import { describe, expect, test } from '@jest/globals';
import { onEveryDatabase } from '../support/api.js';
import {
  cookieValue,
  decodeCloudFront,
  heldHeader,
  heldPaths,
  readCookies,
} from '../support/set-cookie-lines.js';

const KOREAN = 'courses/선형 대수';
const KOREAN_ESCAPED = 'courses/%EC%84%A0%ED%98%95%20%EB%8C%80%EC%88%98';
const COMPOSED = "L'\u00e9t\u00e9";
const DECOMPOSED = COMPOSED.normalize('NFD');

onEveryDatabase('folders with the names that people give them', (api) => {
  const admin = () => api().bearer('root', { groups: ['admins'] });
  const put = (body: object) =>
    api().http.put('/admin/entitlements').set('Authorization', admin()).send(body);
  const putEach = async (...rows: readonly (readonly [subject: string, prefix: string])[]) => {
    for (const [subject, prefix] of rows) expect((await put({ subject, prefix })).status).toBe(201);
  };

  test('an administrator gives the name, and finds the row by it', async () => {
    await putEach(['user:n1', KOREAN]);
    const page = await api()
      .http.get('/admin/entitlements')
      .query({ prefix: KOREAN })
      .set('Authorization', admin());
    expect(page.body).toMatchObject({ entitlements: [{ subject: 'user:n1', prefix: KOREAN }] });
  });

  test('a grant answers, lists and records the name; Resource and Path carry the escaped form', async () => {
    await putEach(['user:n2', KOREAN]);
    const granted = await api().ask(`${KOREAN}/1강`, { sub: 'n2' });
    const resource = `https://cdn.example.com/${KOREAN_ESCAPED}/1%EA%B0%95/*`;
    expect(granted.body).toMatchObject({ prefix: `${KOREAN}/1강`, resource });
    const policy = decodeCloudFront(cookieValue(granted, 'CloudFront-Policy')).toString();
    expect(policy).toContain(`"Resource":"${resource}"`);
    const paths = readCookies(granted).map(({ attributes }) => /Path=([^;]*)/.exec(attributes)?.[1]);
    expect(paths.slice(0, 5)).toEqual(Array(5).fill(`/${KOREAN_ESCAPED}/1%EA%B0%95`));
    const listed = await api().http.get('/grants').set('Authorization', api().bearer('n2'));
    expect(listed.body).toMatchObject({ grants: [{ prefix: `${KOREAN}/1강`, resource }] });
    const rows = await api()
      .database.queries.selectFrom('grants')
      .select(['prefix', 'resource'])
      .where('viewer_id', '=', 'n2')
      .execute();
    expect(rows).toEqual([{ prefix: `${KOREAN}/1강`, resource }]);
  });

  test('a folder inside a wider one that is held renews the wider one, and a wider one clears it', async () => {
    await putEach(['user:n8', KOREAN]);
    const wide = await api().ask(KOREAN, { sub: 'n8' });
    const inner = await api().ask(`${KOREAN}/1강 (초안)`, { sub: 'n8', cookie: heldHeader(wide) });
    expect(inner.body).toMatchObject({ prefix: KOREAN });

    const narrow = await api().ask(`${KOREAN}/1강 (초안)`, { sub: 'n8' });
    const wider = await api().ask(KOREAN, { sub: 'n8', cookie: heldHeader(narrow) });
    expect(heldPaths(heldHeader(narrow))).toEqual([`/${KOREAN_ESCAPED}/1%EA%B0%95%20(%EC%B4%88%EC%95%88)`]);
    expect(heldPaths(heldHeader(narrow, wider))).toEqual([`/${KOREAN_ESCAPED}`]);
  });

  test('a folder whose name only begins alike stays beside a held one', async () => {
    await putEach(['user:n9', 'courses/선형'], ['user:n9', KOREAN]);
    const first = await api().ask('courses/선형', { sub: 'n9' });
    const second = await api().ask(KOREAN, { sub: 'n9', cookie: heldHeader(first) });
    expect(heldPaths(heldHeader(first, second))).toEqual([
      '/courses/%EC%84%A0%ED%98%95',
      `/${KOREAN_ESCAPED}`,
    ]);
  });

  test('a name is cleared by the name, at its escaped Path', async () => {
    const cleared = await api()
      .http.delete('/grants')
      .query({ prefix: KOREAN })
      .set('Origin', 'https://app.example.com');
    expect(cleared.status).toBe(204);
    const paths = readCookies(cleared)
      .filter(({ name }) => name.startsWith('CloudFront-'))
      .map(({ attributes }) => /Path=([^;]*)/.exec(attributes)?.[1]);
    expect(new Set(paths)).toEqual(new Set([`/${KOREAN_ESCAPED}`]));
  });

  test('what lies above and beside a name stays closed', async () => {
    await putEach(['user:n3', KOREAN]);
    for (const prefix of ['courses', 'courses/선형', `${KOREAN}학`, 'courses/선형  대수']) {
      expect((await api().ask(prefix, { sub: 'n3' })).body).toMatchObject({ code: 'not_entitled' });
    }
  });

  test('the composed and the decomposed form are two entitlements', async () => {
    await putEach(['user:n4', COMPOSED], ['user:n4', DECOMPOSED]);
    const list = await api().http.get('/entitlements').set('Authorization', api().bearer('n4'));
    const { entitlements } = list.body as { entitlements: readonly { prefix: string }[] };
    expect(new Set(entitlements.map(({ prefix }) => prefix))).toEqual(new Set([COMPOSED, DECOMPOSED]));
    expect((await api().ask(DECOMPOSED, { sub: 'n4' })).body).toMatchObject({
      resource: "https://cdn.example.com/L'e%CC%81te%CC%81/*",
    });
  });

  test.each([
    ['NFC', COMPOSED, DECOMPOSED],
    ['NFD', DECOMPOSED, COMPOSED],
  ])('not_entitled says so when only the %s form is entitled', async (form, entitled, asked) => {
    await putEach([`user:n5-${form}`, entitled]);
    const refused = await api().ask(`${asked}/a`, { sub: `n5-${form}` });
    expect(refused.status).toBe(403);
    expect(refused.body).toMatchObject({
      code: 'not_entitled',
      detail: `Nothing entitles you to open this prefix now. You may open the folder that is written the same in another Unicode form: send prefix.normalize('${form}').`,
    });
    expect((await api().ask(`${asked}/a`.normalize(form), { sub: `n5-${form}` })).status).toBe(201);
  });

  test('an expired entitlement of the other form is not mentioned', async () => {
    const endsAt = api().clock.nowEpochSeconds() + 5;
    await api().give({ subject: 'user:n6', prefix: COMPOSED, endsAt });
    expect((await api().ask(DECOMPOSED, { sub: 'n6' })).body).toMatchObject({
      detail: 'Nothing entitles you to open this prefix now.',
    });
  });

  test.each(['홍길동', "O'Brien (Dublin)", 'ann lee', 'zoë'])('{user} takes the id %j', async (id) => {
    await api().give({ subject: `user:${id}`, prefix: 'users/{user}' });
    expect((await api().ask(`users/${id}`, { sub: id })).body).toMatchObject({ prefix: `users/${id}` });
    expect((await api().ask('users/somebody else', { sub: id })).status).toBe(403);
  });

  test.each(['auth0|7', ' ann', 'a\u00a0b', '.ann'])('{user} does not take the id %j', async (id) => {
    await api().give({ subject: `user:${id}`, prefix: 'users/{user}' });
    const list = await api().http.get('/entitlements').set('Authorization', api().bearer(id));
    expect(list.body).toMatchObject({ entitlements: [{ applies: false, prefix: 'users/{user}' }] });
  });

  describe('a refusal says what to write', () => {
    const detail = 'No * at the end: edgepass adds it. Write "courses/algebra".';

    test('of a grant', async () => {
      expect((await api().ask('courses/algebra/*')).body).toMatchObject({ code: 'prefix_invalid', detail });
    });

    test('of a grant that is sent the escaped form', async () => {
      expect((await api().ask(KOREAN_ESCAPED)).body).toMatchObject({
        code: 'prefix_invalid',
        detail: `No escaped form, the name itself. Write "${KOREAN}".`,
      });
    });

    test('of an entitlement', async () => {
      expect((await put({ subject: 'user:n7', prefix: 'courses/algebra/*' })).body).toMatchObject({ detail });
      expect((await put({ subject: 'everyone', prefix: '%EA%B3%BC%EC%A0%95/{user}' })).body).toMatchObject({
        detail: 'No escaped form, the name itself. Write "과정/{user}".',
      });
      expect((await put({ subject: 'user:n7', prefix: '{user}' })).body).toMatchObject({
        detail: '{user} stands once, as a whole segment, and never as the first: "users/{user}".',
      });
    });

    test('of a filter and of a clear', async () => {
      const query = { prefix: 'courses/algebra/*' };
      const page = await api().http.get('/admin/entitlements').query(query).set('Authorization', admin());
      expect(page.body).toMatchObject({ code: 'prefix_invalid', detail });
      const clear = await api().http.delete('/grants').query(query).set('Origin', 'https://app.example.com');
      expect(clear.body).toMatchObject({ code: 'prefix_invalid', detail });
    });
  });
});
