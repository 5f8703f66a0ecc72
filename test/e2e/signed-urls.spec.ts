import { verify } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import request from 'supertest';
import {
  APP_ORIGIN,
  NOW_EPOCH_SECONDS,
  onEveryDatabase,
  testKeyText,
  startTestApi,
  TEST_KEY,
  TEST_KEY_PAIR_ID,
  type TestApi,
} from '../support/api.js';
import { ALIAS, NOW, startTestEdge, type TestEdge } from '../support/edge-fixture.js';
import { decodeCloudFront, setCookieLines } from '../support/set-cookie-lines.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const FILE = 'https://cdn.example.com/courses/algebra/lesson-1.mp4';

interface UrlAnswer {
  readonly id: string;
  readonly url: string;
}

/** `POST /signed-urls` of a signed-in caller. */
function askUrl(api: TestApi, body: unknown, sub = 'u1') {
  return api.http
    .post('/signed-urls')
    .set('Authorization', api.bearer(sub))
    .send(body as object);
}

function urlOf(response: request.Response): URL {
  return new URL((response.body as UrlAnswer).url);
}

/** A parameter of a signed URL, out of CloudFront's own base64 (R4). */
function decoded(url: URL, name: 'Policy' | 'Signature'): Buffer {
  return decodeCloudFront(url.searchParams.get(name) ?? '');
}

function rowsOf(api: TestApi, viewerId: string) {
  return api.database.queries.selectFrom('grants').selectAll().where('viewer_id', '=', viewerId).execute();
}

onEveryDatabase('POST /signed-urls', (api) => {
  test('an entitled viewer is answered 201 with a URL of the file, and no cookie', async () => {
    await api().give({ subject: 'user:u1', prefix: 'courses/algebra' });

    const response = await askUrl(api(), { path: 'courses/algebra/lesson-1.mp4', ttlSeconds: 300 });

    expect(response.status).toBe(201);
    expect(response.body).toEqual({
      id: expect.stringMatching(UUID),
      url: expect.stringMatching(
        /^https:\/\/cdn\.example\.com\/courses\/algebra\/lesson-1\.mp4\?Expires=1800000300&Key-Pair-Id=K2JCJMDEHXQW5F&Signature=[A-Za-z0-9~_-]{344}$/,
      ),
      resource: FILE,
      expiresAt: '2027-01-15T08:05:00Z',
      keyPairId: TEST_KEY_PAIR_ID,
    });
    expect(response.headers['cache-control']).toBe('no-store');
    expect(setCookieLines(response)).toEqual([]);
  });

  test('the signature is that of the canned policy of exactly this address and end (R9, R10)', async () => {
    await api().give({ subject: 'user:canned', prefix: 'courses' });

    const url = urlOf(await askUrl(api(), { path: 'courses/algebra/lesson-1.mp4' }, 'canned'));

    const canned = (resource: string) =>
      Buffer.from(
        `{"Statement":[{"Resource":"${resource}","Condition":{"DateLessThan":{"AWS:EpochTime":${NOW_EPOCH_SECONDS + 900}}}}]}`,
      );
    const signature = decoded(url, 'Signature');
    expect(verify('sha1', canned(FILE), TEST_KEY.publicKey, signature)).toBe(true);
    expect(verify('sha1', canned(`${FILE}x`), TEST_KEY.publicKey, signature)).toBe(false);
  });

  test('with a prefix the query holds the custom policy of that folder, its only * at the end (R18)', async () => {
    await api().give({ subject: 'user:folder', prefix: 'courses' });
    const body = { path: 'courses/algebra/hls/index.m3u8', prefix: 'courses/algebra/hls', ttlSeconds: 60 };

    const response = await askUrl(api(), body, 'folder');

    const url = urlOf(response);
    expect([...url.searchParams.keys()]).toEqual(['Policy', 'Key-Pair-Id', 'Signature']);
    const policy = decoded(url, 'Policy');
    expect(policy.toString()).toBe(
      `{"Statement":[{"Resource":"https://cdn.example.com/courses/algebra/hls/*","Condition":{"DateLessThan":{"AWS:EpochTime":${NOW_EPOCH_SECONDS + 60}}}}]}`,
    );
    expect(verify('sha1', policy, TEST_KEY.publicKey, decoded(url, 'Signature'))).toBe(true);
    expect(response.body).toMatchObject({ resource: 'https://cdn.example.com/courses/algebra/hls/*' });
  });

  test('a name beyond ASCII stands in the URL as browsers send it (R26)', async () => {
    await api().give({ subject: 'user:names', prefix: 'courses' });

    const response = await askUrl(api(), { path: "courses/선형 대수 (L'été).mp4" }, 'names');

    expect(response.body).toMatchObject({
      resource:
        "https://cdn.example.com/courses/%EC%84%A0%ED%98%95%20%EB%8C%80%EC%88%98%20(L'%C3%A9t%C3%A9).mp4",
    });
    const { url } = response.body as UrlAnswer;
    expect(new URL(url).href).toBe(url);
  });

  test('the audit row says that a URL left, of what, and until when', async () => {
    await api().give({ subject: 'user:audited', prefix: 'courses' });

    const response = await askUrl(api(), { path: 'courses/algebra/lesson-1.mp4' }, 'audited');

    expect(await rowsOf(api(), 'audited')).toEqual([
      {
        id: (response.body as UrlAnswer).id,
        viewer_id: 'audited',
        prefix: 'courses/algebra/lesson-1.mp4',
        resource: FILE,
        issued_as: 'url',
        key_pair_id: TEST_KEY_PAIR_ID,
        entitlement_id: expect.stringMatching(UUID),
        issued_at: NOW_EPOCH_SECONDS,
        expires_at: NOW_EPOCH_SECONDS + 900,
      },
    ]);
  });

  test('the audit log and the caller’s own list tell a URL from cookies', async () => {
    await api().give({ subject: 'user:lists', prefix: 'courses' });
    await api().ask('courses', { sub: 'lists' }).expect(201);
    await askUrl(api(), { path: 'courses/lesson-1.mp4' }, 'lists').expect(201);

    const log = await api()
      .http.get('/admin/grants?subject=user:lists')
      .set('Authorization', api().bearer('root', { groups: ['admins'] }));
    const own = await api().http.get('/grants').set('Authorization', api().bearer('lists'));

    const kinds = [
      { prefix: 'courses/lesson-1.mp4', issuedAs: 'url' },
      { prefix: 'courses', issuedAs: 'cookies' },
    ];
    expect((log.body as { entries: object[] }).entries.filter((entry) => 'issuedAs' in entry)).toMatchObject(
      kinds,
    );
    expect((own.body as { grants: object[] }).grants).toMatchObject(kinds);
  });

  test('a right to the file itself opens it, and nothing beside it', async () => {
    await api().give({ subject: 'user:one-file', prefix: 'exports/report.pdf' });

    await askUrl(api(), { path: 'exports/report.pdf' }, 'one-file').expect(201);
    const other = await askUrl(api(), { path: 'exports/report.pdf2' }, 'one-file');

    expect(other.body).toMatchObject({
      code: 'not_entitled',
      detail: 'Nothing entitles you to open this file now.',
    });
  });

  test('the right must cover the folder where one is named, not the file alone', async () => {
    await api().give({ subject: 'user:wide', prefix: 'courses/algebra/hls' });

    const response = await askUrl(
      api(),
      { path: 'courses/algebra/hls/index.m3u8', prefix: 'courses/algebra' },
      'wide',
    );

    expect(response.body).toMatchObject({ status: 403, code: 'not_entitled' });
    expect(await rowsOf(api(), 'wide')).toEqual([]);
  });

  test('a viewer without the right gets no URL, and the refusal is on record with the path', async () => {
    const response = await askUrl(api(), { path: 'courses/algebra/lesson-1.mp4' }, 'stranger');
    expect(response.body).toMatchObject({ status: 403, code: 'not_entitled' });
    expect(response.text).not.toContain('Signature=');

    // Its row is written after the answer: asked for until it is there.
    let entries: object[] = [];
    for (let times = 0; entries.length === 0 && times < 100; times++) {
      const log = await api()
        .http.get('/admin/grants?subject=user:stranger')
        .set('Authorization', api().bearer('root', { groups: ['admins'] }));
      ({ entries } = log.body as { entries: object[] });
    }
    expect(entries).toMatchObject([
      { kind: 'refusal', code: 'not_entitled', prefix: 'courses/algebra/lesson-1.mp4' },
    ]);
  });

  test('the URL never outlives the right behind it', async () => {
    await api().give({ subject: 'user:ending', prefix: 'courses', endsAt: NOW_EPOCH_SECONDS + 100 });

    const response = await askUrl(api(), { path: 'courses/lesson-1.mp4', ttlSeconds: 300 }, 'ending');

    expect(urlOf(response).searchParams.get('Expires')).toBe(String(NOW_EPOCH_SECONDS + 100));
    expect(response.body).toMatchObject({ expiresAt: '2027-01-15T08:01:40Z' });
  });

  test('taking the right away counts the URLs that are still out', async () => {
    await api().give({ subject: 'user:revoked', prefix: 'courses' });
    await askUrl(api(), { path: 'courses/lesson-1.mp4', ttlSeconds: 300 }, 'revoked').expect(201);
    const [row] = await rowsOf(api(), 'revoked');

    const response = await api()
      .http.delete(`/admin/entitlements/${row?.entitlement_id}`)
      .set('Authorization', api().bearer('root', { groups: ['admins'] }));

    expect(response.body).toMatchObject({
      openGrants: { count: 1, lastExpiresAt: '2027-01-15T08:05:00Z' },
    });
    await askUrl(api(), { path: 'courses/lesson-1.mp4' }, 'revoked').expect(403);
  });

  test('what a browser holds stays as it is, and signing out names no file', async () => {
    await api().give({ subject: 'user:holds', prefix: 'courses' });
    await api().ask('courses/algebra', { sub: 'holds' }).expect(201);
    await askUrl(api(), { path: 'courses/geometry/lesson-1.mp4' }, 'holds').expect(201);

    const out = await api().http.delete('/grants').set('Authorization', api().bearer('holds')).expect(204);

    const paths = new Set(setCookieLines(out).map((line) => /; Path=([^;]+)/.exec(line)?.[1]));
    expect(paths).toEqual(new Set(['/courses/algebra', '/']));
  });

  test('with nobody signed in it is 401, as for grants', async () => {
    const response = await api().http.post('/signed-urls').send({ path: 'courses/lesson-1.mp4' });
    expect(response.body).toMatchObject({ status: 401, code: 'token_missing' });
  });

  test('a sign-in cookie alone, from a page that is not listed, is csrf_rejected', async () => {
    await api().give({ subject: 'user:u2', prefix: 'courses' });
    const ask = (origin: string) =>
      api()
        .http.post('/signed-urls')
        .set('Cookie', `session=${api().token('u2')}`)
        .set('Origin', origin)
        .send({ path: 'courses/lesson-1.mp4' });

    expect((await ask('https://evil.example.net')).body).toMatchObject({ code: 'csrf_rejected' });
    await ask(APP_ORIGIN).expect(201);
  });

  test.each([
    ['no path', {}, 'path_invalid', 'Expected the path of a file as a text: "courses/algebra/lesson-1.mp4".'],
    [
      'an empty one',
      { path: '' },
      'path_invalid',
      'Found an empty text. Write the path of a file, "courses/algebra/lesson-1.mp4".',
    ],
    [
      'the whole distribution',
      { path: '/' },
      'path_invalid',
      'Segment 1 is empty: exactly one / stands between two segments.',
    ],
    [
      'an address',
      { path: FILE },
      'path_invalid',
      'No address, only the path of the file. Write "courses/algebra/lesson-1.mp4".',
    ],
    [
      'a wildcard (R18)',
      { path: 'courses/algebra/*' },
      'path_invalid',
      'Segment 3 holds "*" (U+002A) at character 1: it is a wildcard of CloudFront. Rename the file, or open "courses/algebra", the folder above it.',
    ],
    [
      'a query',
      { path: 'courses/a.mp4?x=1' },
      'path_invalid',
      'Segment 2 holds "?" (U+003F) at character 6: the query of an address begins there. Rename the file, or open "courses", the folder above it.',
    ],
    [
      'dot segments',
      { path: 'courses/../secret.mp4' },
      'path_invalid',
      'Segment 2 begins with ".": no segment may. Rename the folder, or open "courses", the folder above it.',
    ],
    [
      '17 segments',
      { path: `${'a/'.repeat(16)}b` },
      'path_invalid',
      'At most 16 segments: open a folder above it.',
    ],
    [
      'a file outside of its folder',
      { path: 'courses/algebra-2/a.mp4', prefix: 'courses/algebra' },
      'path_invalid',
      'The file must lie in the folder that prefix names.',
    ],
    [
      'a folder as the file',
      { path: 'courses/algebra', prefix: 'courses/algebra' },
      'path_invalid',
      'The file must lie in the folder that prefix names.',
    ],
    [
      'a prefix of null',
      { path: 'a/b.mp4', prefix: null },
      'prefix_invalid',
      'Expected the name of a folder as a text: "courses/algebra".',
    ],
    [
      'a lifetime as text',
      { path: 'a/b.mp4', ttlSeconds: '300' },
      'ttl_invalid',
      'ttlSeconds must be a JSON integer from 60 to 3600; found a string.',
    ],
    [
      'a lifetime that is too long',
      { path: 'a/b.mp4', ttlSeconds: 3601 },
      'ttl_out_of_range',
      'ttlSeconds must be 60 to 3600.',
    ],
    [
      'an unknown member',
      { path: 'a/b.mp4', ttl: 300 },
      'field_unknown',
      'Members of this call: path, prefix, ttlSeconds',
    ],
  ])('refuses %s and says why', async (_, body, code, detail) => {
    const response = await askUrl(api(), body);
    expect(response.body).toMatchObject({ status: 400, code, detail });
  });

  test('no part of a signature is written down', async () => {
    await api().give({ subject: 'user:quiet', prefix: 'courses' });
    const url = urlOf(await askUrl(api(), { path: 'courses/lesson-1.mp4' }, 'quiet'));

    const signature = url.searchParams.get('Signature') ?? '';
    expect(signature).toHaveLength(344);
    expect(api().log.join('\n')).not.toContain(signature.slice(0, 24));
    expect(JSON.stringify(await rowsOf(api(), 'quiet'))).not.toContain(signature.slice(0, 24));
  });
});

describe('a signed URL at the local edge', () => {
  let api: TestApi;
  let edge: TestEdge;

  beforeAll(async () => {
    api = await startTestApi('sqlite', {
      environment: 'development',
      publicUrl: { origin: 'http://api.example.com', basePath: '' },
      appOrigins: ['http://app.example.com'],
      cloudFront: {
        // The edge of the tests speaks plain HTTP.
        url: `http://${ALIAS}`,
        keyPairId: TEST_KEY_PAIR_ID,
        privateKey: { kind: 'text', text: testKeyText() },
        hashAlgorithm: 'SHA1',
      },
    });
    await api.give({ subject: 'everyone', prefix: 'courses/algebra' });
    const publicPem = TEST_KEY.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    edge = await startTestEdge({
      keys: [{ id: TEST_KEY_PAIR_ID, privateKey: TEST_KEY.privateKey, publicPem }],
      files: {
        'courses/algebra/lesson-1.mp4': 'the first lesson',
        'courses/algebra/lesson-2.mp4': 'the second lesson',
        'courses/algebra/hls/index.m3u8': '#EXTM3U',
        'courses/algebra/hls/seg-0.m4s': 'a segment',
      },
    });
    edge.clock.move(NOW_EPOCH_SECONDS - NOW);
  });

  afterAll(async () => {
    await edge.close();
    await api.close();
  });

  async function signed(body: object): Promise<URL> {
    return urlOf(await askUrl(api, body).expect(201));
  }

  /** Loads from the edge what the URL addresses, as the program that got the URL would. */
  function load(url: URL, cookie?: string): request.Test {
    const call = request(`http://127.0.0.1:${edge.port}`)
      .get(`${url.pathname}${url.search}`)
      .set('Host', ALIAS);
    if (cookie !== undefined) call.set('Cookie', cookie);
    return call.buffer(true);
  }

  async function statusOf(url: URL, cookie?: string): Promise<number> {
    return (await load(url, cookie)).status;
  }

  test('opens the file without a cookie, and the same address without its query is refused', async () => {
    const url = await signed({ path: 'courses/algebra/lesson-1.mp4' });

    const file = await load(url);
    expect(file.status).toBe(200);
    expect(String(file.body)).toBe('the first lesson');
    url.search = '';
    expect(await statusOf(url)).toBe(403);
  });

  test('opens no other file', async () => {
    const url = await signed({ path: 'courses/algebra/lesson-1.mp4' });
    url.pathname = '/courses/algebra/lesson-2.mp4';
    expect(await statusOf(url)).toBe(403);
  });

  test.each(['Expires', 'Key-Pair-Id', 'Signature'])('one changed byte of %s is refused', async (name) => {
    const url = await signed({ path: 'courses/algebra/lesson-1.mp4' });
    const value = url.searchParams.get(name) ?? '';
    const middle = Math.floor(value.length / 2);
    const changed = value[middle] === '1' ? '2' : '1';
    url.search = url.search.replace(value, `${value.slice(0, middle)}${changed}${value.slice(middle + 1)}`);
    expect(await statusOf(url)).toBe(403);
  });

  test('one changed byte of a custom policy is refused', async () => {
    const url = await signed({ path: 'courses/algebra/hls/index.m3u8', prefix: 'courses/algebra/hls' });
    const policy = url.searchParams.get('Policy') ?? '';
    const wider = decodeCloudFront(policy).toString().replace('/hls/*', '/*');
    url.search = url.search.replace(policy, Buffer.from(wider).toString('base64').replaceAll('=', '_'));
    expect(await statusOf(url)).toBe(403);
  });

  test('ends at its second (R28)', async () => {
    const url = await signed({ path: 'courses/algebra/lesson-1.mp4', ttlSeconds: 60 });
    edge.clock.move(59);
    expect(await statusOf(url)).toBe(200);
    edge.clock.move(1);
    const late = await load(url);
    edge.clock.move(-60);
    expect(late.status).toBe(403);
  });

  test('the query of a folder opens each file below it that it is appended to, and none above', async () => {
    const url = await signed({ path: 'courses/algebra/hls/index.m3u8', prefix: 'courses/algebra/hls' });
    const at = (path: string): URL => new URL(`${path}${url.search}`, url);

    expect(await statusOf(url)).toBe(200);
    expect(await statusOf(at('/courses/algebra/hls/seg-0.m4s'))).toBe(200);
    expect(await statusOf(at('/courses/algebra/lesson-1.mp4'))).toBe(403);
  });

  test('a player that resolves a segment against the playlist loses the query, and is refused', async () => {
    const url = await signed({ path: 'courses/algebra/hls/index.m3u8', prefix: 'courses/algebra/hls' });
    expect(await statusOf(new URL('seg-0.m4s', url))).toBe(403);
  });

  test('decides where cookies come along: good ones do not save a changed URL (R42)', async () => {
    const granted = await api.ask('courses/algebra').expect(201);
    const cookies = setCookieLines(granted)
      .map((line) => line.slice(0, line.indexOf(';')))
      .filter((pair) => pair.startsWith('CloudFront-') && !pair.endsWith('='))
      .join('; ');
    const url = await signed({ path: 'courses/algebra/lesson-1.mp4' });

    expect(await statusOf(url, cookies)).toBe(200);
    expect(await statusOf(new URL(url.pathname, url), cookies)).toBe(200);
    url.searchParams.set('Expires', String(NOW_EPOCH_SECONDS + 901));
    expect(await statusOf(url, cookies)).toBe(403);
  });
});

describe('POST /signed-urls under SHA-256', () => {
  test('names the hash in the query, and signs with it (R3)', async () => {
    const api = await startTestApi('sqlite', {
      cloudFront: {
        url: 'https://cdn.example.com',
        keyPairId: TEST_KEY_PAIR_ID,
        privateKey: { kind: 'text', text: testKeyText() },
        hashAlgorithm: 'SHA256',
      },
    });
    try {
      await api.give({ subject: 'user:u1', prefix: 'courses' });
      const url = urlOf(await askUrl(api, { path: 'courses/a.mp4', prefix: 'courses' }));
      expect([...url.searchParams.keys()]).toEqual(['Policy', 'Key-Pair-Id', 'Signature', 'Hash-Algorithm']);
      expect(url.searchParams.get('Hash-Algorithm')).toBe('SHA256');
      const policy = decoded(url, 'Policy');
      const signature = decoded(url, 'Signature');
      expect(verify('sha256', policy, TEST_KEY.publicKey, signature)).toBe(true);
    } finally {
      await api.close();
    }
  });
});
