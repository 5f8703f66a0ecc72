import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, jest, test } from '@jest/globals';
import { sql } from 'kysely';
import { openDatabase } from '../../src/database/open-database.js';
import { entitleEveryone, keyFile, startOperatedApi } from '../support/operated-api.js';
import { describeWith } from '../support/required-tool.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import type { AuditedGrant } from './audited-grants.js';
import { evidence, injectedBy } from './evidence.js';
import { LOAD_PREFIX, startGrantLoad } from './grant-load.js';
import { losePower, type Losses, type Run } from './lose-power.js';
import { ReceivedCookies } from './received-cookies.js';
import { differingFiles } from './same-files.js';
import { faultSeed, seededRandom } from './seeded-random.js';
import type { SurvivingDisk } from './surviving-disk.js';
import type { Survival } from './traced-file.js';
import { straceTo } from './traced-writes.js';

jest.setTimeout(300_000);

const LOAD_MILLISECONDS = 6_000;
const GRANTS_PER_SECOND = 200;
/** About sixty instants in a run at full speed. */
const LOSS_EVERY = 19;
const PRELOAD = pathToFileURL(join('test', 'faults', 'weaker-sqlite.mjs')).href;

interface Outcome extends Losses {
  readonly received: ReceivedCookies;
  /** Files that the model of the disk does not have as they really are after the end. */
  readonly misread: readonly string[];
  readonly seed: number;
}

/** Opens what survived as the service does, checks it, and gives its rows. */
async function opened(
  disk: SurvivingDisk,
  survival: Survival,
  random: () => number,
): Promise<readonly AuditedGrant[]> {
  const folder = temporaryFolder('survived');
  disk.writeTo(folder, survival, random);
  const path = join(folder, 'edgepass.sqlite');
  const database = await openDatabase({ kind: 'sqlite', path }, () => undefined);
  try {
    const check = await sql<{ quick_check: string }>`pragma quick_check`.execute(database.queries);
    if (check.rows[0]?.quick_check !== 'ok') throw new Error(`quick_check: ${JSON.stringify(check.rows)}`);
    return await database.queries
      .selectFrom('grants')
      .select(['id', 'viewer_id as viewer', 'resource', 'expires_at as expiresAtEpochSeconds'])
      .execute();
  } finally {
    await database.close();
    rmSync(folder, { recursive: true });
  }
}

/** Runs a traced service from an empty folder under load to its end, then loses power all along its way. */
async function run(
  changes: Readonly<Record<string, string>>,
  rowsOf: Run['rowsOf'] = opened,
): Promise<Outcome> {
  const home = temporaryFolder('power');
  const folder = join(home, 'disk');
  mkdirSync(folder);
  keyFile(home);
  const trace = join(home, 'trace');
  const databaseUrl = `sqlite:${join(folder, 'edgepass.sqlite')}`;
  const api = await startOperatedApi({ folder: home, databaseUrl, changes, under: straceTo(trace) });
  await entitleEveryone(api.url, LOAD_PREFIX);
  const received = new ReceivedCookies();
  const load = startGrantLoad({ url: api.url, perSecond: GRANTS_PER_SECOND, received });
  await wait(LOAD_MILLISECONDS);
  await load.stop();
  await api.process.stop();

  const receiptOf = new Map(received.all.map((receipt) => [receipt.id, receipt]));
  const seed = faultSeed();
  const random = seededRandom(seed);
  let isOut = false;
  const losses = await losePower(
    {
      trace,
      folder,
      base: null,
      lossEvery: LOSS_EVERY,
      // While the service makes its database.
      lossBefore: ({ kind }) => kind.startsWith('sync') && !isOut,
      random,
      rowsOf,
    },
    (event) => {
      const id = event.kind === 'sent' ? /"id":"([^"]+)"/.exec(event.text)?.[1] : undefined;
      const receipt = id === undefined ? undefined : receiptOf.get(id);
      isOut ||= receipt !== undefined;
      return receipt === undefined ? [] : [receipt];
    },
  );
  const whole = join(home, 'whole');
  mkdirSync(whole);
  losses.disk.writeTo(whole, 'everything', random);
  return { ...losses, received, seed, misread: differingFiles(folder, whole) };
}

function figuresOf({ instants, unsynced, received, compared, withoutRow, seed }: Outcome): string {
  const number = (value: number): string => value.toLocaleString('en-US');
  return `${number(received.all.length)} cookie sets received, power lost at ${instants} instants with ${number(unsynced)} writes not synced, ${number(compared)} comparisons, ${number(withoutRow.size)} cookie sets without a row; seed ${seed}`;
}

describeWith('strace', 'N06', () => {
  test('power loss: what was synced holds a row for every cookie that is out, wherever power fails (SQLite)', async () => {
    injectedBy(
      'strace: the files rebuilt as they stood at their last fsync, and with some of the later writes; opened by the service',
    );
    const lost = await run({});
    evidence(`${figuresOf(lost)}; quick_check ok`);
    expect(lost.misread).toEqual([]);
    expect(lost.out).toBe(lost.received.all.length);
    expect(lost.instants).toBeGreaterThan(10);
    expect([...lost.withoutRow]).toEqual([]);
  });

  test.each(['OFF', 'NORMAL'])(
    'the same test finds cookies without a row where synchronous is %s (SQLite)',
    async (synchronous) => {
      injectedBy('the same, the pragma changed by a preload');
      const changes = { NODE_OPTIONS: `--import ${PRELOAD}`, EDGEPASS_TEST_SYNCHRONOUS: synchronous };
      // A file that the service refuses as damaged has no rows either.
      const lost = await run(changes, (...disk) => opened(...disk).catch(() => []));
      evidence(figuresOf(lost));
      expect(lost.misread).toEqual([]);
      expect(lost.withoutRow.size).toBeGreaterThan(0);
    },
  );
});
