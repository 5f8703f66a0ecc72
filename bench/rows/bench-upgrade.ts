import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { startDurablePostgres } from '../audit/durable-postgres.js';
import { machineLine } from '../machine.js';
import {
  fillPostgres,
  makePostgresDatabase,
  migrateToVersionBefore,
  onPostgres,
  type Filling,
} from './fill.js';

/** `EDGEPASS_BENCH_ROWS` makes fewer for a first look. */
const ROWS = Number(process.env['EDGEPASS_BENCH_ROWS'] ?? 10_000_000);
const FILLING: Filling = { grants: ROWS, entitlements: 1_000, days: 395 };

/** Grants of the version before come this often all the time, each a transaction of its own. */
const GRANT_EVERY_MILLISECONDS = 10;

/** What a grant may take: past it the service answers 503. */
const LONGEST_GRANT_MILLISECONDS = 1_650;

interface Written {
  readonly id: string;
  readonly milliseconds: number;
}

/**
 * Brings a log of the version before to partitions in place, killed once in the middle, while the statement of the
 * version before goes on granting. Throws when a row is lost, or when a grant failed.
 */
export async function benchUpgrade(): Promise<void> {
  console.log(`a PostgreSQL log of ${ROWS} grants without partitions, brought to partitions in place`);
  console.log(machineLine());
  const postgres = await startDurablePostgres({ shared_buffers: '512MB', max_wal_size: '4GB' });
  try {
    const url = await makePostgresDatabase(postgres.url, 'upgrade');
    await migrateToVersionBefore(url);
    const filled = await timed(() => fillPostgres(url, FILLING));
    console.log(`  filled in ${seconds(filled)}`);
    const writer = new OldWriter(url);
    const writing = writer.run();
    const killed = await timed(async () => {
      const child = fork(new URL('./upgrade-process.js', import.meta.url), [url]);
      await untilIndexing(url);
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    });
    console.log(`  killed after ${seconds(killed)}, while the index was made`);
    const took = await timed(async () => {
      const child = fork(new URL('./upgrade-process.js', import.meta.url), [url]);
      const [code] = (await once(child, 'exit')) as [number | null];
      if (code !== 0) throw new Error(`expected the upgrade to end with 0, got ${code}`);
    });
    await wait(1_000);
    writer.stop();
    const written = await writing;
    await checkRows(url, written);
    const slowest = Math.max(...written.map(({ milliseconds }) => milliseconds));
    console.log(`  upgraded in ${seconds(took)} at the second start`);
    console.log(
      `  ${written.length} grants of the version before meanwhile, none failed, the slowest in ${slowest.toFixed(0)} ms`,
    );
    console.log(`  all ${ROWS + written.length} rows are there`);
    if (slowest > LONGEST_GRANT_MILLISECONDS)
      throw new Error('a grant took longer than the service waits for PostgreSQL');
  } finally {
    await postgres.stop();
  }
}

/** What an instance of the version before does, by its own statement on one connection that it keeps. */
class OldWriter {
  #isOver = false;

  constructor(private readonly url: string) {}

  stop(): void {
    this.#isOver = true;
  }

  async run(): Promise<readonly Written[]> {
    const written: Written[] = [];
    await onPostgres(this.url, async (client) => {
      while (!this.#isOver) {
        const now = Date.now();
        const time = now.toString(16).padStart(12, '0');
        const count = written.length.toString(16).padStart(12, '0');
        const id = `${time.slice(0, 8)}-${time.slice(8)}-7fff-8000-${count}`;
        const begin = performance.now();
        // oxlint-disable no-await-in-loop -- one grant after the other
        await client.query({
          name: 'grant',
          text: `insert into grants (id, viewer_id, prefix, resource, key_pair_id, entitlement_id, issued_at, expires_at)
            select $1, 'viewer', 'courses', 'https://cdn.media.example.com/courses/*', 'K2JCJMDEHXQW5F', id, $2::bigint, $2::bigint + 900
            from entitlements where id = 'entitlement-1' for share returning expires_at`,
          values: [id, Math.floor(now / 1000)],
        });
        written.push({ id, milliseconds: performance.now() - begin });
        await wait(GRANT_EVERY_MILLISECONDS);
        // oxlint-enable no-await-in-loop
      }
    });
    return written;
  }
}

async function untilIndexing(url: string): Promise<void> {
  await onPostgres(url, async (client) => {
    for (;;) {
      // oxlint-disable no-await-in-loop -- until it is so
      const { rows } = await client.query<{ phase: string }>(
        'select phase from pg_stat_progress_create_index',
      );
      if (rows.some(({ phase }) => phase.startsWith('building index'))) return;
      await wait(20);
      // oxlint-enable no-await-in-loop
    }
  });
}

async function checkRows(url: string, written: readonly Written[]): Promise<void> {
  await onPostgres(url, async (client) => {
    const { rows } = await client.query<{ all: string; partitions: string }>(
      'select count(*) as all, count(distinct tableoid) as partitions from grants',
    );
    const all = Number(rows[0]?.all);
    if (all !== ROWS + written.length)
      throw new Error(`expected ${ROWS + written.length} rows, found ${all}`);
    const found = await client.query<{ lost: string }>(
      'select count(*) as lost from unnest($1::text[]) as one(id) where not exists (select from grants where grants.id = one.id)',
      [written.map(({ id }) => id)],
    );
    if (found.rows[0]?.lost !== '0')
      throw new Error(`${found.rows[0]?.lost} grants of the version before are lost`);
    const state = await client.query<{ kind: string; invalid: string }>(
      `select (select relkind::text from pg_class where oid = 'grants'::regclass) as kind,
         (select count(*) from pg_index where not indisvalid) as invalid`,
    );
    const { kind, invalid } = state.rows[0] ?? {};
    if (kind !== 'p' || invalid !== '0')
      throw new Error('the log is not in partitions, or an index is not valid');
  });
}

async function timed(work: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
