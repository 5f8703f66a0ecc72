import { expect, test } from '@jest/globals';
import { NOW_EPOCH_SECONDS, onEitherDatabase } from '../support/api.js';
import type { Response } from 'supertest';
import { heldCookieName, viewerTagOf } from '../../src/cloudfront/cookies/held-grants.js';
import { heldHeader, heldPaths, readCookies, setCookieLines } from '../support/set-cookie-lines.js';

/** CloudFront-Expires is never given a value, so there is nothing of it to clear later. */
const NAMES = [
  'CloudFront-Policy',
  'CloudFront-Signature',
  'CloudFront-Key-Pair-Id',
  'CloudFront-Hash-Algorithm',
];

/** What clearing one grant looks like on the wire; our own cookie of it was set by that answer. */
const clearing = (path: string, setBy: Response) => [
  ...NAMES.map(
    (name) => `${name}=; Domain=example.com; Path=${path}; Max-Age=0; HttpOnly; Secure; SameSite=Lax`,
  ),
  `${heldHeader(setBy).split('=')[0]}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax`,
];

/** Our cookie of a grant that nobody gave, as the browser of u1 would send it. */
function forgedHeader(path: '/courses'): string {
  const times = `${NOW_EPOCH_SECONDS}|${NOW_EPOCH_SECONDS + 900}`;
  const place = { domain: 'example.com', partitioned: false, path };
  const name = heldCookieName(place, { namePrefix: '__Host-', path: '/' });
  return `${name}=1|${times}|${viewerTagOf({ id: 'forger' })}|example.com||${path}`;
}

onEitherDatabase('what one browser holds', (api) => {
  test('two sibling prefixes live side by side', async () => {
    await api().give({ subject: 'user:side', prefix: 'courses' });
    const first = await api().ask('courses/algebra', { sub: 'side' });

    const second = await api().ask('courses/geometry', { sub: 'side', cookie: heldHeader(first) });

    expect(setCookieLines(second)).toHaveLength(6);
    expect(heldPaths(heldHeader(first, second))).toEqual(['/courses/algebra', '/courses/geometry']);
  });

  test('a new grant clears the scopes below it, because nested ones send two cookies of one name (R44)', async () => {
    await api().give({ subject: 'user:wide', prefix: 'courses' });
    const narrow = await api().ask('courses/algebra', { sub: 'wide' });

    const wide = await api().ask('courses', { sub: 'wide', cookie: heldHeader(narrow) });

    expect(setCookieLines(wide).slice(6)).toEqual(clearing('/courses/algebra', narrow));
    expect(heldPaths(heldHeader(narrow, wide))).toEqual(['/courses']);
  });

  test('inside a wider live scope the wider one is renewed and answered', async () => {
    await api().give({ subject: 'user:inner', prefix: 'courses' });
    const wide = await api().ask('courses', { sub: 'inner', ttlSeconds: 60 });

    const inner = await api().ask('courses/algebra', {
      sub: 'inner',
      ttlSeconds: 600,
      cookie: heldHeader(wide),
    });

    expect(inner.body).toMatchObject({ prefix: 'courses', expiresAt: '2027-01-15T08:10:00Z' });
    expect(readCookies(inner)[0]?.attributes).toContain('Path=/courses;');
    expect(setCookieLines(inner)).toHaveLength(6);
  });

  test('renewing a wider scope never shortens it', async () => {
    await api().give({ subject: 'user:keep', prefix: 'courses' });
    const wide = await api().ask('courses', { sub: 'keep', ttlSeconds: 3600 });

    const inner = await api().ask('courses/algebra', {
      sub: 'keep',
      ttlSeconds: 60,
      cookie: heldHeader(wide),
    });

    expect(inner.body).toMatchObject({ prefix: 'courses', expiresAt: '2027-01-15T09:00:00Z' });
  });

  test('a wider scope whose right has gone is cleared, and the narrow one is granted', async () => {
    await api().give(
      { subject: 'user:lost', prefix: 'courses', endsAt: NOW_EPOCH_SECONDS + 100 },
      { subject: 'user:lost', prefix: 'courses/algebra' },
    );
    const wide = await api().ask('courses', { sub: 'lost', ttlSeconds: 100 });
    await api().give({ subject: 'user:lost', prefix: 'courses', endsAt: NOW_EPOCH_SECONDS + 1 });

    const narrow = await api().ask('courses/algebra', { sub: 'lost', cookie: heldHeader(wide) });

    expect(narrow.body).toMatchObject({ prefix: 'courses/algebra' });
    expect(setCookieLines(narrow).slice(6)).toEqual(clearing('/courses', wide));
    expect(heldPaths(heldHeader(wide, narrow))).toEqual(['/courses/algebra']);
  });

  test('another viewer on the same browser clears what the first one held', async () => {
    await api().give(
      { subject: 'user:first', prefix: 'courses/algebra' },
      { subject: 'user:second', prefix: 'courses/geometry' },
    );
    const first = await api().ask('courses/algebra', { sub: 'first' });

    const second = await api().ask('courses/geometry', {
      sub: 'second',
      cookie: heldHeader(first),
    });

    expect(setCookieLines(second).slice(6)).toEqual(clearing('/courses/algebra', first));
    expect(heldPaths(heldHeader(first, second))).toEqual(['/courses/geometry']);
  });

  test('another viewer clears it as soon as they list their grants', async () => {
    await api().give({ subject: 'user:before', prefix: 'courses/algebra' });
    const first = await api().ask('courses/algebra', { sub: 'before' });

    const listed = await api()
      .http.get('/grants')
      .set('Authorization', api().bearer('after'))
      .set('Cookie', heldHeader(first));

    expect(setCookieLines(listed)).toEqual(clearing('/courses/algebra', first));
  });

  test('our own cookies grant nothing: a forged wider one is not renewed without the right', async () => {
    await api().give({ subject: 'user:forger', prefix: 'courses/algebra' });
    const forged = forgedHeader('/courses');

    const response = await api().ask('courses/algebra', { sub: 'forger', cookie: forged });

    expect(response.body).toMatchObject({ prefix: 'courses/algebra' });
  });
});

onEitherDatabase('DELETE /grants', (api) => {
  test('every scope of this browser is cleared, without a token', async () => {
    await api().give({ subject: 'user:leaver', prefix: 'courses' });
    const one = await api().ask('courses/algebra', { sub: 'leaver' });
    const two = await api().ask('courses/geometry', { sub: 'leaver', cookie: heldHeader(one) });

    const response = await api().http.delete('/grants').set('Cookie', heldHeader(one, two));

    expect(response.status).toBe(204);
    expect(setCookieLines(response)).toEqual([
      ...clearing('/courses/algebra', one),
      ...clearing('/courses/geometry', two),
    ]);
  });

  test('of a known caller what is on record is cleared too, also where the browser does not say that it holds it', async () => {
    await api().give({ subject: 'user:known', prefix: 'courses' });
    await api().ask('courses/algebra', { sub: 'known' });

    const known = await api().http.delete('/grants').set('Authorization', api().bearer('known'));
    const unknown = await api().http.delete('/grants').set('Authorization', 'Bearer expired');

    expect(readCookies(known).map(({ name }) => name)).toEqual([
      ...NAMES,
      expect.stringMatching(/^__Host-edgepass-held-/),
    ]);
    expect(readCookies(known)[0]?.attributes).toContain('Path=/courses/algebra; Max-Age=0;');
    expect([unknown.status, setCookieLines(unknown)]).toEqual([204, []]);
  });

  test('of what is on record as much is cleared as a browser can hold, the newest, so that a proxy passes the answer on', async () => {
    await api().give({ subject: 'user:long', prefix: 'courses' });
    const folders = Array.from({ length: 20 }, (_, index) => `courses/${'가'.repeat(50)}${index + 10}`);
    for (const folder of folders) expect((await api().ask(folder, { sub: 'long' })).status).toBe(201);

    const gone = await api().http.delete('/grants').set('Authorization', api().bearer('long'));

    expect(gone.status).toBe(204);
    const lines = setCookieLines(gone);
    const paths = lines.flatMap((line) => /^CloudFront-Policy=;.*Path=([^;]*)/.exec(line)?.[1] ?? []);
    const newest = folders.toReversed().map((folder) => `/${encodeURI(folder)}`);
    expect(paths).toEqual(newest.slice(0, paths.length));
    // Each of our own cookies of these would have some 560 bytes, and a browser holds 3,500.
    expect(paths).toHaveLength(6);
    expect(lines.map((line) => `Set-Cookie: ${line}\r\n`).join('').length).toBeLessThan(20_000);
  });

  test('one prefix is cleared and the others stay', async () => {
    await api().give({ subject: 'user:partly', prefix: 'courses' });
    const one = await api().ask('courses/algebra', { sub: 'partly' });
    const two = await api().ask('courses/geometry', { sub: 'partly', cookie: heldHeader(one) });

    const response = await api()
      .http.delete('/grants?prefix=courses/algebra')
      .set('Cookie', heldHeader(one, two));

    expect(response.status).toBe(204);
    expect(setCookieLines(response)).toEqual(clearing('/courses/algebra', one));
    expect(heldPaths(heldHeader(one, two, response))).toEqual(['/courses/geometry']);
  });

  test('a page elsewhere may not make a browser do it (B110)', async () => {
    const response = await api().http.delete('/grants').set('Origin', 'https://evil.example');

    expect(response.status).toBe(403);
    expect(response.body).toMatchObject({ code: 'csrf_rejected' });
    expect(setCookieLines(response)).toEqual([]);
  });

  test('a prefix that is not canonical is refused', async () => {
    const response = await api().http.delete('/grants?prefix=../x');
    expect(response.body).toMatchObject({ status: 400, code: 'prefix_invalid' });
  });

  test('a misspelled prefix is refused, and clears nothing', async () => {
    const response = await api().http.delete('/grants?prefx=courses/algebra');
    expect(response.body).toMatchObject({
      status: 400,
      code: 'field_unknown',
      detail: 'Members of this call: prefix',
    });
    expect(setCookieLines(response)).toEqual([]);
  });
});
