import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';
import { entitleEveryone, keyFile, startOperatedApi } from '../support/operated-api.js';
import { createTestDatabase } from '../support/postgres.js';
import { describeWith } from '../support/required-tool.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { auditedGrantsOfPostgres, auditedGrantsOfSqlite } from './audited-grants.js';
import { evidence, injectedBy } from './evidence.js';
import { LOAD_PREFIX } from './grant-load.js';
import { killServices, type Killed, type Lane } from './kill-services.js';
import { ReceivedCookies, type Receipt } from './received-cookies.js';
import { faultSeed, seededRandom } from './seeded-random.js';

// EDGEPASS_FAULT_KILLS=30 npm run faults -- -t N05: a short run.
const KILLS = Number(process.env['EDGEPASS_FAULT_KILLS'] ?? 1_000);
const KILLS_WITH_BROKEN_ORDER = 6;
const LONGEST_MILLISECONDS = 25 * 60_000;
const TIMEOUT_MILLISECONDS = LONGEST_MILLISECONDS + 120_000;
/** As many as there are cores on a small machine: more would start slowly and give few grants. */
const LANES = 2;
const LOOK_EVERY = 40;

const BROKEN_ORDER = pathToFileURL(join('test', 'faults', 'cookie-before-row.mjs')).href;

interface Course {
  readonly kills: number;
  readonly changes: Readonly<Record<string, string>>;
}

interface Outcome {
  readonly killed: Killed;
  readonly cookies: number;
  readonly withoutRow: ReadonlySet<Receipt>;
  /** What `quick_check` said, each answer once. */
  readonly quickChecks: ReadonlySet<string>;
  readonly figures: string;
}

/** Gives everyone the right of the load. The clean end writes what Node compiled, so that the starts after it are cheap. */
async function prepare(folder: string, databaseUrl: string, changes: Course['changes']): Promise<void> {
  keyFile(folder);
  const api = await startOperatedApi({ folder, databaseUrl, changes });
  await entitleEveryone(api.url, LOAD_PREFIX);
  await api.process.stop();
}

/** Several files, each with one service at a time. */
async function killOnSqlite(course: Course): Promise<Outcome> {
  const cache = { NODE_COMPILE_CACHE: temporaryFolder('compiled') };
  const lanes: Lane[] = [];
  for (let number = 0; number < LANES; number += 1) {
    const folder = temporaryFolder('killed');
    const databaseUrl = `sqlite:${join(folder, 'edgepass.sqlite')}`;
    await prepare(folder, databaseUrl, cache);
    lanes.push({ folder, databaseUrl, received: new ReceivedCookies() });
  }
  const withoutRow = new Set<Receipt>();
  const quickChecks = new Set<string>();
  const look = ({ databaseUrl, received }: Lane): Promise<void> => {
    const { rows, quickCheck } = auditedGrantsOfSqlite(databaseUrl.slice('sqlite:'.length));
    quickChecks.add(quickCheck);
    for (const receipt of received.withoutRow(rows)) withoutRow.add(receipt);
    return Promise.resolve();
  };
  return outcome(course, cache, lanes, look, { withoutRow, quickChecks });
}

/** Several services on one database, killed one after the other. */
async function killOnPostgres(course: Course): Promise<Outcome> {
  const cache = { NODE_COMPILE_CACHE: temporaryFolder('compiled') };
  const folder = temporaryFolder('killed');
  const database = await createTestDatabase();
  const { url } = database;
  await prepare(folder, url, cache);
  const received = new ReceivedCookies();
  const lanes = Array.from({ length: LANES }, () => ({ folder, databaseUrl: url, received }));
  const withoutRow = new Set<Receipt>();
  const look = async (): Promise<void> => {
    const count = received.all.length;
    const rows = await auditedGrantsOfPostgres(url);
    for (const receipt of received.withoutRow(rows, count)) withoutRow.add(receipt);
  };
  const result = await outcome(course, cache, lanes, look, { withoutRow, quickChecks: new Set() });
  await database.drop();
  return result;
}

async function outcome(
  course: Course,
  cache: Course['changes'],
  lanes: readonly Lane[],
  look: (lane: Lane) => Promise<void>,
  seen: Pick<Outcome, 'withoutRow' | 'quickChecks'>,
): Promise<Outcome> {
  const seed = faultSeed();
  const begin = performance.now();
  const killed = await killServices({
    lanes,
    kills: course.kills,
    longestMilliseconds: LONGEST_MILLISECONDS,
    random: seededRandom(seed),
    changes: { ...cache, ...course.changes },
    lookEvery: LOOK_EVERY,
    look,
  });
  const seconds = Math.round((performance.now() - begin) / 1000);
  const cookies = [...new Set(lanes.map(({ received }) => received))].reduce(
    (sum, { all }) => sum + all.length,
    0,
  );
  const number = (value: number): string => value.toLocaleString('en-US');
  const figures = `${number(killed.kills)} kills, ${number(killed.killsUnderWay)} of them with ${number(killed.requestsCut)} requests under way, and ${number(killed.killsInStart)} during a start; ${number(cookies)} cookie sets received, ${number(seen.withoutRow.size)} without a row; ${seconds} s, seed ${seed}`;
  return { ...seen, killed, cookies, figures };
}

describeWith('postgresql', 'N05', () => {
  test.each([
    ['SQLite', killOnSqlite, ['ok']],
    ['PostgreSQL', killOnPostgres, []],
  ] as const)(
    '`kill -9` at random instants under 200 grants/s: every cookie that a client received has its row (%s)',
    async (_database, kill, quickChecks) => {
      injectedBy(`kill -9, a new start at once, ${LANES} services at a time`);
      const result = await kill({ kills: KILLS, changes: {} });
      evidence(result.figures + (quickChecks.length > 0 ? '; quick_check ok' : ''));
      expect([...result.withoutRow]).toEqual([]);
      expect([...result.quickChecks]).toEqual(quickChecks);
      expect([...result.killed.strange]).toEqual([]);
      expect(result.killed.kills).toBeGreaterThanOrEqual(KILLS);
      expect(result.cookies).toBeGreaterThan(KILLS);
    },
    TIMEOUT_MILLISECONDS,
  );

  test.each([
    ['SQLite', killOnSqlite],
    ['PostgreSQL', killOnPostgres],
  ] as const)(
    'the same test finds the cookies of a service that sends them before the row is committed (%s)',
    async (_database, kill) => {
      injectedBy('kill -9 of a service whose order is broken by a preload');
      const changes = { NODE_OPTIONS: `--import ${BROKEN_ORDER}` };
      const result = await kill({ kills: KILLS_WITH_BROKEN_ORDER, changes });
      evidence(result.figures);
      expect(result.withoutRow.size).toBeGreaterThan(0);
    },
    TIMEOUT_MILLISECONDS,
  );
});
