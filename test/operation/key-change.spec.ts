import { createPrivateKey, createPublicKey, generateKeyPairSync, verify, type KeyObject } from 'node:crypto';
import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Prefix } from '../../src/cloudfront/prefix.js';
import { CloudFrontService } from '../../src/cloudfront/cloudfront.service.js';
import { OperatingState } from '../../src/operation/operating-state.js';
import { JsonLogger } from '../../src/operation/json-logger.service.js';
import { SigningKeyReload } from '../../src/operation/signing-key-reload.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { ecKeyText, rsaKeyTextOf } from '../support/key-texts.js';
import { cookieValue, decodeCloudFront } from '../support/set-cookie-lines.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { IS_WHOLE } from '../support/whole.js';

/** Keys as they stand at AWS: what CloudFront has under each id. */
const TEXTS = new Map([
  ['KFIRST', rsaKeyTextOf(2048)],
  ['KSECOND', rsaKeyTextOf(2048)],
  ['KTHIRD', ecKeyText()],
]);
const AT_AWS = new Map<string, KeyObject>(
  [...TEXTS].map(([id, text]) => [id, createPublicKey(createPrivateKey(text))]),
);

/** `npm run whole` changes the key more often, while more ask. */
const [VIEWERS, ROUNDS, GRANTS_A_ROUND] = IS_WHOLE ? [8, 12, 10] : [4, 6, 5];

const file = join(temporaryFolder('key-change'), 'key.pem');
let api: TestApi;
let reload: SigningKeyReload;

/** As an operator does it: the whole file beside the old one, then one rename. */
function put(text: string, mode = 0o600): void {
  writeFileSync(`${file}.new`, text, { mode });
  chmodSync(`${file}.new`, mode);
  renameSync(`${file}.new`, file);
}
const withId = (id: string, text = TEXTS.get(id) ?? ''): string => `Key-Pair-Id: ${id}\n${text}`;

beforeAll(async () => {
  put(withId('KFIRST'));
  const cloudFront = {
    url: 'https://cdn.example.com',
    keyPairId: null,
    privateKey: { kind: 'file', path: file },
    hashAlgorithm: 'SHA1',
  } as const;
  const environment = 'test';
  api = await startTestApi('sqlite', { cloudFront, environment }, { signsOnThreads: true });
  await api.give({ subject: 'everyone', prefix: 'p' });
  await new Promise<void>((resolve) => api.app.getHttpServer().listen(0, '127.0.0.1', resolve));
  reload = new SigningKeyReload({
    settings: { cloudFront, environment },
    cloudFront: api.app.get(CloudFrontService, { strict: false }),
    state: api.app.get(OperatingState, { strict: false }),
    logger: new JsonLogger('trace', { write: (line) => (api.log as string[]).push(line) }),
  });
});
afterAll(() => api.close());

/** A grant, judged as CloudFront would: the id in the cookie says which key the signature must be of. */
async function grant(): Promise<{ id: string; isGenuine: boolean; rowId: string; bodyId: string }> {
  // A lifetime of its own, so that no signature is shared.
  const response = await api.ask('p', { ttlSeconds: 60 + Math.floor(Math.random() * 3000) }).expect(201);
  const id = cookieValue(response, 'CloudFront-Key-Pair-Id');
  const policy = decodeCloudFront(cookieValue(response, 'CloudFront-Policy'));
  const signature = decodeCloudFront(cookieValue(response, 'CloudFront-Signature'));
  const key = AT_AWS.get(id);
  const row = await api.database.queries
    .selectFrom('grants')
    .select('key_pair_id')
    .where('id', '=', (response.body as { id: string }).id)
    .executeTakeFirstOrThrow();
  return {
    id,
    isGenuine: key !== undefined && verify('sha1', policy, key, signature),
    rowId: row.key_pair_id,
    bodyId: (response.body as { keyPairId: string }).keyPairId,
  };
}

const readiness = async (): Promise<unknown> => {
  const { status, body } = await api.http.get('/health/ready');
  return [status, body];
};

describe('a change of the key', () => {
  test('K18, N33: under load no grant fails, and each signature is of the key that cookie, answer and row name', async () => {
    const over = new AbortController();
    const seen: Awaited<ReturnType<typeof grant>>[] = [];
    const viewer = async (): Promise<void> => {
      // oxlint-disable-next-line no-await-in-loop -- one viewer asks one after the other
      while (!over.signal.aborted) seen.push(await grant());
    };
    const viewers = Promise.all(Array.from({ length: VIEWERS }, viewer));
    const ids = [...TEXTS.keys()];
    for (let round = 1; round <= ROUNDS; round++) {
      put(withId(ids[round % ids.length] ?? ''));
      // oxlint-disable-next-line no-await-in-loop -- one change after the other
      await reload.reload();
      const enough = seen.length + GRANTS_A_ROUND;
      // oxlint-disable-next-line no-await-in-loop -- each key is used before the next comes
      while (seen.length < enough) await new Promise((resolve) => setImmediate(resolve));
    }
    over.abort();
    await viewers;

    expect(seen.filter(({ isGenuine }) => !isGenuine)).toEqual([]);
    expect(seen.filter(({ id, rowId, bodyId }) => id !== rowId || id !== bodyId)).toEqual([]);
    expect(new Set(seen.map(({ id }) => id))).toEqual(new Set(ids));
    expect(seen.length).toBeGreaterThan(ROUNDS * GRANTS_A_ROUND);
  });

  test('what was prepared before the change is signed with the key that its record names', async () => {
    put(withId('KFIRST'));
    await reload.reload();
    const cloudFront = api.app.get(CloudFrontService, { strict: false });
    const signing = cloudFront.begin();
    put(withId('KSECOND'));
    await reload.reload();
    const set = await signing.prepare('p' as Prefix, api.clock.nowEpochSeconds() + 600);
    signing.end();

    const first = AT_AWS.get('KFIRST');
    if (!first) throw new Error('expected the key');
    expect([set.keyPairId, cloudFront.keyPairId]).toEqual(['KFIRST', 'KSECOND']);
    expect(verify('sha1', Buffer.from(set.policyText), first, decodeCloudFront(set.signature))).toBe(true);
  });

  test('N36: 100 requests to reload at once read the file twice at most, and the newest wins', async () => {
    put(withId('KFIRST'));
    const lines = api.log.length;
    const reloads = Array.from({ length: 99 }, () => reload.reload());
    put(withId('KTHIRD'));
    await Promise.all([...reloads, reload.reload()]);
    const changes = api.log.slice(lines).filter((line) => line.includes('signing with another key'));
    expect(changes.length).toBeLessThanOrEqual(2);
    expect((await grant()).id).toBe('KTHIRD');
  });
});

describe('a file that cannot be used', () => {
  beforeEach(async () => {
    put(withId('KFIRST'));
    await reload.reload();
  });

  test.each([
    ['N34: cut in half', () => put(withId('KSECOND').slice(0, 900)), 'a truncated PEM'],
    ['N34: empty', () => put(''), 'nothing'],
    ['N34: removed', () => rmSync(file), 'no such file'],
    ['N35: RSA of 1024 bits', () => put(withId('KSECOND', rsaKeyTextOf(1024))), 'an RSA key of 1024 bits'],
    ['N35: of another curve', () => put(withId('KSECOND', p384())), 'an ECDSA key on the curve secp384r1'],
    ['without an id', () => put(TEXTS.get('KSECOND') ?? ''), 'nothing'],
    [
      'another key under the id in force',
      () => put(withId('KFIRST', TEXTS.get('KSECOND'))),
      'under the id in force',
    ],
  ])('%s: the old key stays, readiness says degraded, the log says why', async (_what, spoil, found) => {
    spoil();
    const lines = api.log.length;
    await reload.reload();

    expect(await readiness()).toEqual([200, { status: 'degraded' }]);
    expect(await grant()).toMatchObject({ id: 'KFIRST', isGenuine: true });
    const said = api.log.slice(lines).filter((line) => line.includes('signing_key_refused'));
    expect(said).toHaveLength(1);
    expect((JSON.parse(said[0] ?? '{}') as { found: string }).found).toContain(found);
    for (const text of TEXTS.values()) expect(said[0]).not.toContain(text.split('\n')[2]);
  });

  test('the next good file makes it whole again', async () => {
    put('');
    await reload.reload();
    put(withId('KSECOND'));
    await reload.reload();
    expect(await readiness()).toEqual([200, { status: 'ok' }]);
    expect((await grant()).id).toBe('KSECOND');
  });
});

function p384(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-384' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
}
