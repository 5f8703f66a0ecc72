import { createPrivateKey, createPublicKey, generateKeyPairSync, verify, type KeyObject } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { send, type ClientResponse } from '../support/https-client.js';
import { ecKeyText, rsaKeyTextOf } from '../support/key-texts.js';
import {
  askForGrant,
  entitleEveryone,
  startOperatedApi,
  until,
  type OperatedApi,
} from '../support/operated-api.js';
import { scrape } from '../support/scrape.js';
import { decodeCloudFront } from '../support/set-cookie-lines.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { evidence, injectedBy } from './evidence.js';

const CHANGES = 200;
const LANES = 8;

/** Keys as they stand at AWS: what CloudFront has under each id. */
const TEXTS = new Map([
  ['KFIRST', rsaKeyTextOf(2048)],
  ['KSECOND', rsaKeyTextOf(2048)],
  ['KTHIRD', ecKeyText()],
]);
const AT_AWS = new Map<string, KeyObject>(
  [...TEXTS].map(([id, text]) => [id, createPublicKey(createPrivateKey(text))]),
);
const withId = (id: string, text = TEXTS.get(id) ?? ''): string => `Key-Pair-Id: ${id}\n${text}`;

/** Root reads a file of any mode, unless it may not. */
const AS_ANYONE =
  process.getuid?.() === 0
    ? [
        'setpriv',
        '--bounding-set=-dac_override,-dac_read_search',
        '--inh-caps=-dac_override,-dac_read_search',
      ]
    : [];

const folder = temporaryFolder('key-file');
const file = join(folder, 'key.pem');
const databaseFile = join(folder, 'edgepass.sqlite');
let api: OperatedApi;

/** As an operator does it: the whole file beside the old one, then one rename. */
function put(text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

const linesWith = (text: string): number => api.process.stdout().split(text).length - 1;

/** `kill -HUP`; resolves when the log says that the process has done it. */
async function reload(outcome: 'signing with another key' | 'signing_key_refused'): Promise<void> {
  const before = linesWith(outcome);
  api.process.child.kill('SIGHUP');
  await until(async () => linesWith(outcome) > before);
}

interface Judged {
  readonly status: number;
  readonly id: string;
  readonly grant: string;
  readonly bodyId: string;
  readonly isGenuine: boolean;
}

/** A grant, judged as CloudFront would: the id in the cookie says which key the signature must be of. */
async function grant(viewer: string): Promise<Judged> {
  const answer = await askForGrant(api.url, viewer);
  const body = answer.json() as { id: string; keyPairId: string };
  const id = cookie(answer, 'CloudFront-Key-Pair-Id');
  const policy = decodeCloudFront(cookie(answer, 'CloudFront-Policy'));
  const signature = decodeCloudFront(cookie(answer, 'CloudFront-Signature'));
  const key = AT_AWS.get(id);
  return {
    status: answer.status,
    id,
    grant: body.id,
    bodyId: body.keyPairId,
    isGenuine: key !== undefined && verify('sha1', policy, key, signature),
  };
}

function cookie({ setCookies }: ClientResponse, name: string): string {
  return setCookies.find((line) => line.startsWith(`${name}=`))?.split(/[=;]/)[1] ?? '';
}

beforeAll(async () => {
  put(withId('KFIRST'));
  api = await startOperatedApi({
    folder,
    databaseUrl: `sqlite:${databaseFile}`,
    under: AS_ANYONE,
    // So little that V8 collects what it would otherwise leave for later: what stays is held by somebody.
    changes: { NODE_OPTIONS: '--max-old-space-size=64 --max-semi-space-size=2' },
  });
  await entitleEveryone(api.url);
});
afterAll(() => api.process.stop());

describe('a key file', () => {
  beforeEach(async () => {
    // Another one first, so that the log has a line to wait for.
    put(withId('KTHIRD'));
    await reload('signing with another key');
    put(withId('KFIRST'));
    await reload('signing with another key');
  });

  const half = withId('KSECOND').slice(0, 900);
  test.each<[string, string, () => void, string]>([
    ['N34', 'cut in half', () => put(half), 'a truncated PEM'],
    ['N34', 'half written in place', () => writeFileSync(file, half), 'a truncated PEM'],
    ['N34', 'emptied', () => writeFileSync(file, ''), 'nothing'],
    ['N34', 'removed', () => rmSync(file), 'no such file'],
    ['N34', 'that nobody may read', () => chmodSync(file, 0), 'may not read'],
    ['N35', 'an RSA key of 1024 bits', () => put(withId('KSECOND', rsaKeyTextOf(1024))), '1024 bits'],
    ['N35', 'a key of another curve', () => put(withId('KSECOND', keyText('P-384'))), 'secp384r1'],
    ['N35', 'a public key', () => put(withId('KSECOND', publicText('KSECOND'))), 'a public key'],
    [
      'N35',
      'another pair under the id in force',
      () => put(withId('KFIRST', TEXTS.get('KSECOND'))),
      'KFIRST',
    ],
  ])(
    '%s %s: the loaded key goes on signing, readiness says degraded, the log says why',
    async (_id, what, spoil, found) => {
      injectedBy('on the disk, then SIGHUP to a real process');
      spoil();
      await reload('signing_key_refused');

      const ready = await send(`${api.url}/health/ready`);
      expect([ready.status, ready.json()]).toEqual([200, { status: 'degraded' }]);
      const metrics = await scrape(api.metricsPort);
      expect(metrics.get('edgepass_degraded{cause="signing_key_file"}')).toBe(1);
      expect(await grant('u1')).toMatchObject({
        status: 201,
        id: 'KFIRST',
        bodyId: 'KFIRST',
        isGenuine: true,
      });
      const line = api.process
        .stdout()
        .split('\n')
        .findLast((one) => one.includes('signing_key_refused'));
      expect((JSON.parse(line ?? '{}') as { found: string }).found).toContain(found);

      put(withId('KSECOND'));
      await reload('signing with another key');
      expect((await send(`${api.url}/health/ready`)).json()).toEqual({ status: 'ok' });
      expect(await grant('u1')).toMatchObject({ id: 'KSECOND', isGenuine: true });
      evidence(`${what}: old key signs, 200 degraded; the next good file makes it whole`);
    },
  );
});

/** Open files and resident megabytes of the process, as Linux counts them. */
function held(): { readonly files: number; readonly megabytes: number } {
  const status = readFileSync(`/proc/${api.process.pid}/status`, 'utf8');
  const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
  return {
    files: readdirSync(`/proc/${api.process.pid}/fd`).length,
    megabytes: Math.round(kilobytes / 1024),
  };
}

test('N36 100 signals to reload a second for 10 s under load: no grant fails, and neither files nor memory grow', async () => {
  injectedBy('kill -HUP every 10 ms, another key every 100 ms');
  const load = new AbortController();
  const seen: Judged[] = [];
  const lanes = Promise.all(
    Array.from({ length: LANES }, async () => {
      while (!load.signal.aborted) seen.push(await grant('u1'));
    }),
  );
  const ids = [...TEXTS.keys()];
  // The first rounds fill what is filled once: code that is compiled, and the heap that V8 takes for it.
  const after: ReturnType<typeof held>[] = [];
  for (let round = 0; round < 4; round++) {
    for (let signals = 0; signals < 250; signals++) {
      if (signals % 10 === 0) put(withId(ids[(signals / 10) % ids.length] ?? ''));
      api.process.child.kill('SIGHUP');
      await wait(10);
    }
    await wait(1_000);
    after.push(held());
  }
  load.abort();
  await lanes;
  await until(
    async () => ((await send(`${api.url}/health/ready`)).json() as { status: string }).status === 'ok',
  );
  const [, second, , last] = after;
  expect(seen.filter(({ status, isGenuine }) => status !== 201 || !isGenuine)).toEqual([]);
  expect((last?.files ?? 0) - (second?.files ?? 0)).toBeLessThan(20);
  expect((last?.megabytes ?? 0) - (second?.megabytes ?? 0)).toBeLessThan(40);
  evidence(
    `${seen.length} grants, 0 failed or mixed; after each 250 signals files ${after.map(({ files }) => files).join(', ')}, memory ${after.map(({ megabytes }) => megabytes).join(', ')} MB`,
  );
}, 180_000);

test('N33 the key file replaced 200 times under load: no grant fails, and each signature is of the key that cookie, answer and row name', async () => {
  injectedBy('rename(2) and SIGHUP, as fast as they are done; RSA and P-256 keys');
  const over = new AbortController();
  const seen: Judged[] = [];
  const lanes = Promise.all(
    Array.from({ length: LANES }, async (_, lane) => {
      while (!over.signal.aborted) seen.push(await grant(`viewer-${lane}-${seen.length}`));
    }),
  );
  const ids = [...TEXTS.keys()];
  const begin = performance.now();
  for (let change = 0; change < CHANGES; change++) {
    put(withId(otherThan(await idInForce(), change)));
    await reload('signing with another key');
  }
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  over.abort();
  await lanes;

  expect(seen.filter(({ status }) => status !== 201)).toEqual([]);
  expect(seen.filter(({ isGenuine }) => !isGenuine)).toEqual([]);
  expect(new Set(seen.map(({ id }) => id))).toEqual(new Set(ids));
  await api.process.stop();
  const rows = new Sqlite(databaseFile, { readonly: true })
    .prepare<[], { id: string; key: string }>('select id, key_pair_id as key from grants')
    .all();
  const keyOf = new Map(rows.map(({ id, key }) => [id, key]));
  expect(seen.filter(({ id, bodyId, grant: row }) => id !== bodyId || id !== keyOf.get(row))).toEqual([]);
  evidence(
    `${CHANGES} changes in ${seconds} s, ${seen.length} grants, 0 failed, 0 mixed (verified with node:crypto)`,
  );
});

const idInForce = async (): Promise<string> => (await grant('u1')).id;

/** One of the ids that is not this one. */
function otherThan(id: string, number: number): string {
  const others = [...TEXTS.keys()].filter((one) => one !== id);
  return others[number % others.length] ?? '';
}

function keyText(namedCurve: string): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function publicText(id: string): string {
  return AT_AWS.get(id)?.export({ type: 'spki', format: 'pem' }).toString() ?? '';
}
