import { expect, test } from '@jest/globals';
import { NOW_EPOCH_SECONDS, onEveryDatabase } from '../support/api.js';

const ADMIN = { groups: ['admins'] };

onEveryDatabase('the admin calls for entitlements', (api) => {
  const admin = () => api().bearer('boss', ADMIN);
  const put = (body: object) =>
    api().http.put('/admin/entitlements').set('Authorization', admin()).send(body);

  test('PUT gives a right, 201, and it opens at once', async () => {
    const response = await put({ subject: 'user:new', prefix: 'courses/new' });

    expect(response.status).toBe(201);
    expect(response.body).toEqual({ id: expect.any(String) });
    await api().ask('courses/new', { sub: 'new' }).expect(201);
  });

  test('PUT on the same subject and prefix changes its period, 200, with the same id', async () => {
    const first = await put({ subject: 'user:again', prefix: 'courses/again' });
    const second = await put({
      subject: 'user:again',
      prefix: 'courses/again',
      endsAt: '2027-01-15T08:00:20Z',
    });

    expect(second.status).toBe(200);
    expect(second.body).toEqual(first.body);
    const granted = await api().ask('courses/again', { sub: 'again' });
    expect(granted.body).toMatchObject({ expiresAt: '2027-01-15T08:00:20Z' });
  });

  test('each change leaves a row of who did what', async () => {
    const { body } = await put({ subject: 'user:row', prefix: 'courses/row' });
    const { id } = body as { id: string };
    await put({ subject: 'user:row', prefix: 'courses/row', startsAt: '2027-01-15T08:00:00Z' });
    await api().http.delete(`/admin/entitlements/${id}`).set('Authorization', admin()).expect(200);

    const rows = await api()
      .database.queries.selectFrom('entitlement_changes')
      .select(['change', 'subject', 'prefix', 'starts_at', 'changed_by', 'changed_at'])
      .where('entitlement_id', '=', id)
      .orderBy('id')
      .execute();
    const common = {
      subject: 'user:row',
      prefix: 'courses/row',
      changed_by: 'boss',
      changed_at: NOW_EPOCH_SECONDS,
    };
    expect(rows).toEqual([
      { ...common, change: 'created', starts_at: null },
      { ...common, change: 'changed', starts_at: NOW_EPOCH_SECONDS },
      { ...common, change: 'deleted', starts_at: NOW_EPOCH_SECONDS },
    ]);
  });

  test('DELETE answers what still lives under the right, and no later grant begins', async () => {
    const { body } = await put({ subject: 'user:gone', prefix: 'courses/gone' });
    const { id } = body as { id: string };
    await api().ask('courses/gone', { sub: 'gone', ttlSeconds: 60 }).expect(201);
    await api().ask('courses/gone', { sub: 'gone', ttlSeconds: 120 }).expect(201);

    const response = await api().http.delete(`/admin/entitlements/${id}`).set('Authorization', admin());

    expect(response.status).toBe(200);
    expect(response.body).toEqual({ openGrants: { count: 2, lastExpiresAt: '2027-01-15T08:02:00Z' } });
    await api().ask('courses/gone', { sub: 'gone' }).expect(403);
  });

  test('DELETE of a right under which nothing lives says so', async () => {
    const { body } = await put({ subject: 'user:idle', prefix: 'courses/idle' });
    const { id } = body as { id: string };

    const response = await api().http.delete(`/admin/entitlements/${id}`).set('Authorization', admin());

    expect(response.body).toEqual({ openGrants: { count: 0 } });
  });

  test.each(['%00', 'x', '%F0%9F%8D%B0', '01a1f893-5d41-762a-bca0-be7c55b97e59%00'])(
    'DELETE of %s, which is no id, is 404 not_found on every database',
    async (id) => {
      const response = await api()
        .http.delete(`/admin/entitlements/${id}`)
        .set('Authorization', api().bearer('boss', { groups: ['admins'] }));
      expect(response.body).toMatchObject({ status: 404, code: 'not_found' });
    },
  );

  test('DELETE of an unknown id is 404 not_found', async () => {
    const response = await api()
      .http.delete('/admin/entitlements/019aa0c0-7b1e-7cc0-b6f5-6d2f0f4a9d10')
      .set('Authorization', admin());
    expect(response.body).toMatchObject({ status: 404, code: 'not_found' });
  });

  test('GET pages through the rights of a subject, each exactly once', async () => {
    for (const n of [1, 2, 3]) await put({ subject: 'user:pages', prefix: `pages/${n}` });
    const get = (query: string) =>
      api().http.get(`/admin/entitlements?subject=user:pages&limit=2${query}`).set('Authorization', admin());

    const first = (await get('')).body as { entitlements: { prefix: string }[]; nextCursor: string };
    const second = (await get(`&cursor=${first.nextCursor}`)).body as typeof first;

    expect(first.entitlements.map(({ prefix }) => prefix)).toEqual(['pages/1', 'pages/2']);
    expect(second.entitlements.map(({ prefix }) => prefix)).toEqual(['pages/3']);
    expect(second.nextCursor).toBeUndefined();
  });

  test('GET filters by prefix and answers every member', async () => {
    const { body } = await put({
      subject: 'everyone',
      prefix: 'filtered/{user}',
      startsAt: '2027-01-01T00:00:00Z',
      endsAt: '2027-02-01T01:00:00+01:00',
    });

    const response = await api()
      .http.get('/admin/entitlements?prefix=filtered/{user}')
      .set('Authorization', admin());
    const misspelled = await api()
      .http.get('/admin/entitlements?prefx=filtered/{user}')
      .set('Authorization', admin());

    expect(misspelled.body).toMatchObject({ status: 400, code: 'field_unknown' });

    expect(response.body).toEqual({
      entitlements: [
        {
          id: (body as { id: string }).id,
          subject: 'everyone',
          prefix: 'filtered/{user}',
          startsAt: '2027-01-01T00:00:00Z',
          endsAt: '2027-02-01T00:00:00Z',
          givenBy: 'boss',
          givenAt: '2027-01-15T08:00:00Z',
        },
      ],
    });
  });

  const BAD_BODIES: readonly (readonly [body: object, code: string])[] = [
    [{ prefix: 'a' }, 'subject_invalid'],
    [{ subject: 'alice', prefix: 'a' }, 'subject_invalid'],
    [{ subject: 'user:', prefix: 'a' }, 'subject_invalid'],
    [{ subject: 'user:a\u0000b', prefix: 'a' }, 'subject_invalid'],
    [{ subject: `user:${'x'.repeat(257)}`, prefix: 'a' }, 'subject_invalid'],
    [{ subject: 'everyone' }, 'prefix_required'],
    [{ subject: 'everyone', prefix: '{user}' }, 'prefix_invalid'],
    [{ subject: 'everyone', prefix: '{user}/a' }, 'prefix_invalid'],
    [{ subject: 'everyone', prefix: 'a/{user}/{user}' }, 'prefix_invalid'],
    [{ subject: 'everyone', prefix: 'a/x{user}' }, 'prefix_invalid'],
    [{ subject: 'everyone', prefix: 'a', startsAt: 'yesterday' }, 'period_invalid'],
    [{ subject: 'everyone', prefix: 'a', endsAt: 1_800_000_000 }, 'period_invalid'],
    [{ subject: 'everyone', prefix: 'a', endsAt: '2027-02-30T00:00:00Z' }, 'period_invalid'],
    [
      { subject: 'everyone', prefix: 'a', startsAt: '2027-02-02T00:00:00Z', endsAt: '2027-02-02T00:00:00Z' },
      'period_invalid',
    ],
  ];
  test.each(BAD_BODIES)('PUT %j → 400 %s, and nothing is stored', async (body, code) => {
    const before = await api().countOf('entitlements');
    const response = await put(body);
    expect(response.body).toMatchObject({ status: 400, code });
    expect(await api().countOf('entitlements')).toBe(before);
  });

  test.each(['limit=0', 'limit=201', 'limit=x', 'limit=1&limit=2', 'cursor=nonsense', 'cursor='])(
    'GET ?%s → 400 page_invalid',
    async (query) => {
      const response = await api().http.get(`/admin/entitlements?${query}`).set('Authorization', admin());
      expect(response.body).toMatchObject({ status: 400, code: 'page_invalid' });
    },
  );
});

onEveryDatabase('GET /entitlements', (api) => {
  test('it says what the caller may open, and why a row does not apply', async () => {
    await api().give(
      { subject: 'user:a/b', prefix: 'own' },
      { subject: 'group:g', prefix: 'group', endsAt: NOW_EPOCH_SECONDS },
      { subject: 'everyone', prefix: 'users/{user}' },
      { subject: 'user:a/b', prefix: 'zoo', startsAt: NOW_EPOCH_SECONDS + 5 },
      { subject: 'user:other', prefix: 'other' },
    );

    const response = await api()
      .http.get('/entitlements')
      .set('Authorization', api().bearer('a/b', { groups: 'g' }));

    expect(response.body).toEqual({
      entitlements: [
        {
          subject: 'group:g',
          prefix: 'group',
          endsAt: '2027-01-15T08:00:00Z',
          applies: false,
          opens: 'group',
          reason: 'It ended at 2027-01-15T08:00:00Z.',
        },
        { subject: 'user:a/b', prefix: 'own', applies: true, opens: 'own' },
        {
          subject: 'everyone',
          prefix: 'users/{user}',
          applies: false,
          reason: 'Your id cannot stand for {user}: it is not a legal path segment.',
        },
        {
          subject: 'user:a/b',
          prefix: 'zoo',
          startsAt: '2027-01-15T08:00:05Z',
          applies: false,
          opens: 'zoo',
          reason: 'It starts at 2027-01-15T08:00:05Z.',
        },
      ],
    });
  });
});
