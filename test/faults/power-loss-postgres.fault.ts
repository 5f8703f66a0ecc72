import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, jest, test } from '@jest/globals';
import { openDatabase } from '../../src/database/open-database.js';
import { Secret } from '../../src/settings/secret.js';
import { entitleEveryone, keyFile, startOperatedApi } from '../support/operated-api.js';
import { describeWith } from '../support/required-tool.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import type { AuditedGrant } from './audited-grants.js';
import { evidence, injectedBy } from './evidence.js';
import { LOAD_PREFIX, startGrantLoad } from './grant-load.js';
import { losePower, type Losses } from './lose-power.js';
import { makeOwnPostgres, type OwnPostgres } from './own-postgres.js';
import { ReceivedCookies } from './received-cookies.js';
import { differingFiles } from './same-files.js';
import { faultSeed, seededRandom } from './seeded-random.js';
import type { SurvivingDisk } from './surviving-disk.js';
import type { Survival } from './traced-file.js';
import { straceTo } from './traced-writes.js';

jest.setTimeout(300_000);

const LOAD_MILLISECONDS = 6_000;
const GRANTS_PER_SECOND = 200;
/** About six instants in a run at full speed: each starts PostgreSQL twice. */
const LOSS_EVERY = 190;

/** No checkpoint on the way: what is acknowledged is in the log alone, which is where it must be safe. */
const NO_CHECKPOINT = { checkpoint_timeout: '1h', max_wal_size: '4GB' };

/** Made anew by the process that opens the folder, and no part of what is kept. */
const PASSING = /^postmaster\.(?:pid|opts)$|pg_internal\.init$/;

interface Outcome extends Losses {
  readonly received: ReceivedCookies;
  /** Files that the model of the disk does not have as they really are after the end. */
  readonly misread: readonly string[];
  readonly seed: number;
}

/** Runs a service on a traced PostgreSQL under load, then loses PostgreSQL's power all along the way. */
async function run(settings: Readonly<Record<string, string>>): Promise<Outcome> {
  const server = await makeOwnPostgres();
  const home = temporaryFolder('power');
  const api = { folder: home, databaseUrl: server.url };
  keyFile(home);
  await prepare(server, api);
  const base = join(server.folder, 'base');
  execFileSync('cp', ['-a', server.data, base]);

  const trace = join(server.folder, 'trace');
  const traced = await server.start({ settings: { ...NO_CHECKPOINT, ...settings }, under: straceTo(trace) });
  const service = await startOperatedApi(api);
  const received = new ReceivedCookies();
  const load = startGrantLoad({ url: service.url, perSecond: GRANTS_PER_SECOND, received });
  await wait(LOAD_MILLISECONDS);
  await load.stop();
  await service.process.stop();
  await traced.stop('SIGINT');

  const seed = faultSeed();
  const random = seededRandom(seed);
  const waiting = received.all.toSorted(
    (one, other) => one.receivedAtEpochMilliseconds - other.receivedAtEpochMilliseconds,
  );
  const run = { trace, folder: server.data, base, lossEvery: LOSS_EVERY, random, rowsOf: rowsIn(server) };
  const losses = await losePower(run, ({ atEpochMilliseconds }) => {
    const later = waiting.findIndex((receipt) => receipt.receivedAtEpochMilliseconds >= atEpochMilliseconds);
    return waiting.splice(0, later === -1 ? waiting.length : later);
  });
  const whole = join(server.folder, 'whole');
  execFileSync('cp', ['-a', base, whole]);
  losses.disk.writeTo(whole, 'everything', random);
  const misread = differingFiles(server.data, whole).filter((name) => !PASSING.test(name));
  rmSync(server.folder, { recursive: true });
  return { ...losses, received, seed, misread };
}

/** Gives everyone the right of the load, and leaves a PostgreSQL that was stopped in good order. */
async function prepare(
  server: OwnPostgres,
  api: { readonly folder: string; readonly databaseUrl: string },
): Promise<void> {
  const postgres = await server.start();
  const service = await startOperatedApi(api);
  await entitleEveryone(service.url, LOAD_PREFIX);
  await service.process.stop();
  await postgres.stop('SIGINT');
}

/** Starts PostgreSQL on what survived, opens it as the service does, and gives its rows. */
const rowsIn =
  (server: OwnPostgres) =>
  async (disk: SurvivingDisk, survival: Survival, random: () => number): Promise<readonly AuditedGrant[]> => {
    const data = join(server.folder, 'survived');
    execFileSync('cp', ['-a', join(server.folder, 'base'), data]);
    disk.writeTo(data, survival, random);
    // Where it says that the dead one still runs, an operator removes it, and so does a container's new start.
    rmSync(join(data, 'postmaster.pid'), { force: true });
    const survivor = await server.at(data);
    const postgres = await survivor.start();
    const database = await openDatabase({ kind: 'postgres', url: new Secret(survivor.url) }, () => undefined);
    try {
      return await database.queries
        .selectFrom('grants')
        .select(['id', 'viewer_id as viewer', 'resource', 'expires_at as expiresAtEpochSeconds'])
        .execute();
    } finally {
      await database.close();
      await postgres.stop('SIGQUIT');
      rmSync(data, { recursive: true });
    }
  };

function figuresOf({ instants, unsynced, received, compared, withoutRow, seed }: Outcome): string {
  const number = (value: number): string => value.toLocaleString('en-US');
  return `${number(received.all.length)} cookie sets received, power lost at ${instants} instants with ${number(unsynced)} writes not synced, ${number(compared)} comparisons, ${number(withoutRow.size)} cookie sets without a row; seed ${seed}`;
}

describeWith(['strace', 'postgresql'], 'N06', () => {
  test('power loss: what was synced holds a row for every cookie that a client had, wherever power fails (PostgreSQL)', async () => {
    injectedBy(
      'strace: the files rebuilt as they stood at their last fsync, and with some of the later writes; opened by PostgreSQL and the service',
    );
    const lost = await run({});
    evidence(figuresOf(lost));
    expect(lost.misread).toEqual([]);
    expect(lost.out).toBe(lost.received.all.length);
    expect(lost.instants).toBeGreaterThan(2);
    expect([...lost.withoutRow]).toEqual([]);
  });

  test.each([{ synchronous_commit: 'off' }, { fsync: 'off' }])(
    'the same test finds cookies without a row where PostgreSQL runs with %j',
    async (settings) => {
      injectedBy('the same, with that setting of PostgreSQL');
      const lost = await run(settings);
      evidence(figuresOf(lost));
      expect(lost.misread).toEqual([]);
      expect(lost.withoutRow.size).toBeGreaterThan(0);
    },
  );
});
