import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readDistribution, startEdgeServer, type EdgeServer } from '@edgepass/edge';
import { distributionInput, GOOD_POLICY, KEY } from '../doctor/stage.js';
import { distributionOf, list, writeFolder } from '../support/edge-fixture.js';
import { NOW_EPOCH_SECONDS, startTestApi, TEST_KEY, TEST_KEY_PAIR_ID, type TestApi } from '../support/api.js';
import { heldHeader } from '../support/set-cookie-lines.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { makeTestCertificates, type TestCertificates } from '../support/test-certificates.js';

const PAGE = 'https://app.media.localhost:3000';
const PATH = '/courses/algebra/1.svg';

let certificates: TestCertificates;
let edge: EdgeServer;
let api: TestApi;
const lines: string[] = [];

/** The recommended distribution with the key of the API, changed where a test says so. */
function distribution(
  change: Parameters<typeof distributionInput>[0] = {},
  privateKey: KeyObject = TEST_KEY.privateKey,
) {
  const tls = temporaryFolder('tls');
  writeFileSync(join(tls, 'cert.pem'), certificates.certificatePem);
  writeFileSync(join(tls, 'key.pem'), certificates.keyPem);
  const { CorsConfig } = GOOD_POLICY;
  const policy = { ...GOOD_POLICY, CorsConfig: { ...CorsConfig, AccessControlAllowOrigins: list([PAGE]) } };
  const input = distributionInput({ policy, ...change });
  const publicPem = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
  const key = { id: TEST_KEY_PAIR_ID, privateKey, publicPem };
  const files = { certFile: join(tls, 'cert.pem'), keyFile: join(tls, 'key.pem') };
  const { folder } = writeFolder({ ...input, keys: [key], edge: { ...input.edge, tls: files } });
  return distributionOf(readDistribution(folder));
}

beforeAll(async () => {
  certificates = await makeTestCertificates(['*.media.localhost']);
  edge = await startEdgeServer({
    distribution: distribution(),
    host: '127.0.0.1',
    port: 0,
    plainHttp: false,
    clock: { nowEpochSeconds: () => NOW_EPOCH_SECONDS },
    writeLine: (line) => lines.push(line),
  });
  const dataDir = temporaryFolder('data');
  mkdirSync(join(dataDir, 'tls'));
  writeFileSync(join(dataDir, 'tls/ca.pem'), certificates.caPem);
  api = await startTestApi('sqlite', {
    environment: 'development',
    dataDir,
    publicUrl: { origin: 'https://api.media.localhost:3001', basePath: '' },
    appOrigins: [PAGE],
    cloudFront: {
      url: `https://cdn.media.localhost:${edge.port}`,
      keyPairId: TEST_KEY_PAIR_ID,
      privateKey: { kind: 'text', text: (await import('../support/api.js')).testKeyText() },
      hashAlgorithm: 'SHA1',
    },
  });
  await api.give({ subject: 'user:u1', prefix: 'courses/algebra' });
});
afterAll(async () => {
  await api.close();
  await edge.close();
});

/** As a browser that opens the API by its name, or by another one. */
const ask = (url: string, sub = 'u1', host = 'api.media.localhost:3001') =>
  api.http
    .post('/diagnoses')
    .set({ Host: host, Origin: PAGE, Authorization: api.bearer(sub) })
    .send({ url });
const file = () => `https://cdn.media.localhost:${edge.port}${PATH}`;

describe('POST /diagnoses, of a browser whose call carries cookies', () => {
  const withCookies = (cookie: string, sub?: string) => ask(file(), sub).set('Cookie', cookie);
  /** What the CDN's cookies of a grant for another host and folder look like, set with Path=/ for a parent of both. */
  const strange = Buffer.from(
    JSON.stringify({
      Statement: [
        {
          Resource: 'https://cdn.staging.media.localhost/*',
          Condition: { DateLessThan: { 'AWS:EpochTime': NOW_EPOCH_SECONDS - 60 } },
        },
      ],
    }),
  )
    .toString('base64')
    .replaceAll('=', '_');

  test('with a grant for the folder, says that it is held', async () => {
    const held = heldHeader(await api.ask('courses/algebra'));
    const { body } = await withCookies(held);
    expect(body.diagnosis.rootCause).toBeNull();
    expect(body.sentence).toMatch(/, and this browser holds a grant for the file\. If the page still fails/);
  });

  test('that opens the API by a name that Domain does not cover, names that', async () => {
    const held = heldHeader(await api.ask('courses/algebra'));
    const { body } = await ask(file(), 'u1', 'localhost:3001').set('Cookie', held);
    expect(body.diagnosis.rootCause).toMatchObject({
      id: 'domain-of-another-host',
      catalogue: ['F3'],
      seen: [
        'The grant for courses/algebra that this browser holds set cookies with Domain=media.localhost; the call came to localhost, which does not lie below it.',
      ],
    });
  });

  test('with no record of a grant, names that', async () => {
    const { body } = await withCookies('session=0123456789abcdef');
    expect(body.diagnosis.rootCause.id).toBe('grant-missing');
    expect(body.sentence).toMatch(/^The browser holds no grant: none was asked for/);
  });

  test('with grants for other folders alone, names these', async () => {
    await api.give({ subject: 'user:u1', prefix: 'courses/biology' });
    const held = heldHeader(await api.ask('courses/biology'));
    const { body } = await withCookies(held);
    expect(body.diagnosis.rootCause).toMatchObject({
      id: 'folder-not-granted',
      seen: ['This browser holds grants for courses/biology, and the file lies in none of them.'],
    });
  });

  test('with the grant of another viewer, names that', async () => {
    await api.give({ subject: 'user:other', prefix: 'courses/algebra' });
    const held = heldHeader(await api.ask('courses/algebra', { sub: 'other' }));
    const { body } = await withCookies(held);
    expect(body.diagnosis.rootCause).toMatchObject({ id: 'viewer-changed', catalogue: ['F58'] });
  });

  test('with signed cookies that no grant of it set, warns of them and shows no value', async () => {
    const held = heldHeader(await api.ask('courses/algebra'));
    const { body, text } = await withCookies(`${held}; CloudFront-Policy=${strange}`);
    expect(body.diagnosis.rootCause).toBeNull();
    expect(
      body.diagnosis.findings.filter(({ id }: { id: string }) => id === 'nested-cookie-scopes'),
    ).toMatchObject([
      {
        status: 'warn',
        seen: [
          'A CloudFront-Policy came with the call that is of no grant of this browser: it opens https://cdn.staging.media.localhost/*, and has ended. Where its Domain reaches the CDN, two sets arrive there.',
        ],
      },
    ]);
    expect(text).not.toContain(strange);
  });

  test('of a caller who is not entitled, says that alone', async () => {
    const { body } = await withCookies('session=0123456789abcdef', 'stranger');
    expect(body.sentence).toBe('You are not entitled to this file, so it was asked for without cookies.');
  });
});

describe('POST /diagnoses', () => {
  test('of a healthy file says that the edge answers well, and shows no cookie', async () => {
    const { status, body, text } = await ask(file());
    expect(status).toBe(200);
    expect(body).toMatchObject({
      url: file(),
      origin: PAGE,
      entitled: true,
      diagnosis: { rootCause: null, alsoPossible: [] },
    });
    expect(body.sentence).toMatch(/^The edge answers well to the cookies that you would get now\./);
    expect(body.answers[0]).toMatchObject({
      asked: 'probe with cookies',
      status: 206,
      headers: { 'access-control-allow-origin': PAGE },
    });
    expect(text).not.toMatch(/CloudFront-(?:Policy|Signature)=/);
  });

  test('uses a grant of 60 seconds, which stands in the audit log', async () => {
    const before = await api.countOf('grants');
    await ask(file());
    expect(await api.countOf('grants')).toBe(before + 1);
    const row = await api.database.queries
      .selectFrom('grants')
      .select(['prefix', 'issued_at', 'expires_at'])
      .orderBy('id', 'desc')
      .executeTakeFirstOrThrow();
    expect(row).toEqual({
      prefix: 'courses/algebra',
      issued_at: NOW_EPOCH_SECONDS,
      expires_at: NOW_EPOCH_SECONDS + 60,
    });
  });

  test('sends no cookie to the browser', async () => {
    const { headers } = await ask(file());
    expect(headers['set-cookie']).toBeUndefined();
  });

  test('asks without cookies for a caller who is not entitled, and records no grant', async () => {
    const before = await api.countOf('grants');
    const { body } = await ask(file(), 'stranger');
    expect(body).toMatchObject({
      entitled: false,
      sentence: 'You are not entitled to this file, so it was asked for without cookies.',
    });
    expect(body.answers.map(({ status }: { status: number }) => status)).toEqual([403, 403]);
    expect(await api.countOf('grants')).toBe(before);
  });

  test('names what is wrong at the edge', async () => {
    edge.reload(
      distribution({
        policy: null,
        behavior: { ResponseHeadersPolicyId: '60669652-455b-4ae9-85a4-c4c02393f86c' },
      }),
    );
    edge.invalidate(['/*']);
    try {
      const { body } = await ask(file());
      expect(body.diagnosis.rootCause).toMatchObject({ id: 'wildcard-with-credentials', catalogue: ['F28'] });
      expect(body.sentence).toMatch(
        /^The CDN answers Access-Control-Allow-Origin: \* to a request with cookies\. Name the exact origin/,
      );
    } finally {
      edge.reload(distribution());
    }
  });

  test('names another public key under the id of the key that signs', async () => {
    edge.reload(distribution({}, KEY.privateKey));
    try {
      const { body } = await ask(file());
      expect(body.diagnosis.rootCause).toMatchObject({ id: 'signature-wrong', catalogue: [] });
      expect(body.sentence).toMatch(
        /^The signature does not fit the public key that CloudFront has under this key pair id\. Compare the fingerprint/,
      );
    } finally {
      edge.reload(distribution());
    }
  });

  test.each([
    'https://other.example.com/a.png',
    'https://cdn.media.localhost/courses/algebra/1.svg',
    'http://127.0.0.1:22/',
    'https://user:word@cdn.media.localhost/a',
    'no address',
    5,
    undefined,
  ])('refuses %p as url_not_allowed and asks nobody', async (url) => {
    const { status, body } = await ask(url as string);
    expect([status, body.code]).toEqual([400, 'url_not_allowed']);
  });

  test('is for signed-in callers', async () => {
    const { status, body } = await api.http.post('/diagnoses').send({ url: file() });
    expect([status, body.code]).toEqual([401, 'token_missing']);
  });
});
