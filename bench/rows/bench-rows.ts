import { mkdirSync, mkdtempSync, rmSync, statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDurablePostgres } from '../audit/durable-postgres.js';
import { EDGEPASS_COOKIE_LINES, type Case } from '../grants/cases.js';
import { makeDeployment, makeToken, type Deployment } from '../grants/deployment.js';
import { LoadProcess } from '../grants/load-process.js';
import { round, type Peer, type Round } from '../grants/rounds.js';
import { giveRights, startEdgepass } from '../grants/servers.js';
import { machineLine } from '../machine.js';
import type { ServerProcess } from '../server-process.js';
import { median, quantile, spread, type Ratio } from '../statistics.js';
import { undisturbedRound } from '../undisturbed.js';
import { fillPostgres, fillSqlite, makePostgresDatabase, migrate, type Filling } from './fill.js';
import { Asker, type Question } from './asker.js';

/** `EDGEPASS_BENCH_ROWS` makes fewer for a first look; figures that are written down have ten million. */
const ROWS = Number(process.env['EDGEPASS_BENCH_ROWS'] ?? 10_000_000);

/** What is compared: a young service, and one of many years ago whose log is kept for 400 days. */
const FILLINGS = {
  grantsBase: { grants: 1_000, entitlements: 1_000, days: 10 },
  readsBase: { grants: 10_000, entitlements: 1_000, days: 10 },
  large: { grants: ROWS, entitlements: ROWS / 10, days: 395 },
} as const satisfies Record<string, Filling>;
type Size = keyof typeof FILLINGS;
const SIZES = Object.keys(FILLINGS) as Size[];

const GOALS = { grants: 0.9, reads: 2, start: 2 } as const;

/** A row and its part of three indexes take about so much on the disk, and the log of a filling as much again. */
const BYTES_A_ROW = { sqlite: 420, postgres: 900 } as const;

const PAIRS = 7;
const ROUND_SECONDS = 1;
const WARM_UP_SECONDS = 3;
const STARTS = 5;
const REPEATS = 5;
const READS = 600;
const SETTLE_READS = 100;

/** They go round, so that the limit of grants per viewer, which is as in production, refuses nobody. */
const VIEWERS = 20_000;
const GROUP = 'students';
const PREFIX = 'courses/algebra';

/** PostgreSQL as an operator of a database of this size sets it; both sizes are in it. */
const POSTGRES_SETTINGS = { shared_buffers: '512MB', max_wal_size: '4GB' };

/** Large ÷ small, and both in words. */
interface Figure extends Ratio {
  readonly base: string;
  readonly large: string;
}

/**
 * What a log of ten million rows and a million entitlements costs, against a small one in the same run. Prints which
 * goals are missed; throws when an answer was wrong.
 */
export async function benchRows(): Promise<readonly Ratio[]> {
  const deployment = makeDeployment();
  const folder = mkdtempSync(join(tmpdir(), 'edgepass-rows-'));
  const load = new LoadProcess();
  // Gigabytes must not be left behind; what was started ends with the group of the terminal, or by its channel.
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const end = (): void => process.exit(130);
  process.once('exit', remove);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
  try {
    console.log(`${ROWS} audit rows and ${ROWS / 10} entitlements, against a small database in the same run`);
    console.log(machineLine());
    const ratios: Ratio[] = [];
    for (const kind of ['sqlite', 'postgres'] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other: two would measure each other
      ratios.push(...(await benchDatabase(kind, deployment, folder, load)));
    }
    return ratios;
  } finally {
    load.stop();
    remove();
    process.off('exit', remove);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, end);
  }
}

async function benchDatabase(
  kind: 'sqlite' | 'postgres',
  deployment: Deployment,
  folder: string,
  load: LoadProcess,
): Promise<readonly Ratio[]> {
  const { bavail, bsize } = statfsSync(folder);
  const needed = ROWS * BYTES_A_ROW[kind];
  console.log(
    `\n${kind}: needs about ${gigabytes(needed)} in ${folder}, where ${gigabytes(bavail * bsize)} are free`,
  );
  if (bavail * bsize < needed) throw new Error('the disk is too small; TMPDIR names another folder');
  const postgres = kind === 'postgres' ? await startDurablePostgres(POSTGRES_SETTINGS) : null;
  const running: ServerProcess[] = [];
  try {
    const urls = new Map<Size, string>();
    for (const size of SIZES) {
      const begin = performance.now();
      const own = join(folder, `${kind}-${size}`);
      mkdirSync(own);
      const path = join(own, 'edgepass.sqlite');
      // oxlint-disable no-await-in-loop -- one after the other
      const url =
        postgres === null ? `sqlite:${path}` : await makePostgresDatabase(postgres.url, size.toLowerCase());
      await migrate(url);
      if (postgres === null) fillSqlite(path, FILLINGS[size]);
      else await fillPostgres(url, FILLINGS[size]);
      // oxlint-enable no-await-in-loop
      urls.set(size, url);
      const bytes = postgres === null ? `, ${gigabytes(statSync(path).size)}` : '';
      console.log(`  ${size}: filled in ${((performance.now() - begin) / 1000).toFixed(0)} s${bytes}`);
    }
    const startOf = (size: Size) => () =>
      startEdgepass(deployment, join(folder, `${kind}-${size}`), {
        databaseUrl: urls.get(size) ?? '',
        pollMilliseconds: 10,
        environment: { GRANT_LIMIT_PER_VIEWER: '120' },
      });
    const figures: Figure[] = [];
    figures.push(await benchStarts(startOf('readsBase'), startOf('large')));
    const kept = async (size: Size): Promise<ServerProcess> => {
      const server = await startOf(size)();
      running.push(server);
      return server;
    };
    const grantsBase = await kept('grantsBase');
    const readsBase = await kept('readsBase');
    const large = await kept('large');
    figures.push(...(await benchReads(readsBase, large, deployment)));
    figures.push(...(await benchGrants(grantsBase, large, deployment, load)));
    printFigures(figures);
    return figures.map((figure) => ({ ...figure, name: `${kind}, ${ROWS} rows ÷ few: ${figure.name}` }));
  } finally {
    await Promise.all(running.map((server) => server.stop()));
    await postgres?.stop();
    for (const size of SIZES) rmSync(join(folder, `${kind}-${size}`), { recursive: true, force: true });
  }
}

/** From the beginning of the process to the first `/health/ready` of 200, one start after the other; after an orderly stop. */
async function benchStarts(
  base: () => Promise<ServerProcess>,
  large: () => Promise<ServerProcess>,
): Promise<Figure> {
  const timeOf = async (start: () => Promise<ServerProcess>): Promise<number> => {
    const begin = performance.now();
    const server = await start();
    const milliseconds = performance.now() - begin;
    await server.stop();
    return milliseconds;
  };
  const pairs: (readonly [number, number])[] = [];
  // The first start of each reads the files of the service, too.
  await timeOf(base);
  await timeOf(large);
  for (let index = 0; index < STARTS; index += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other is the method
    pairs.push([await timeOf(base), await timeOf(large)]);
  }
  const ratios = pairs.map(([small, many]) => many / small);
  return {
    name: 'start-up',
    values: ratios,
    base: `${median(pairs.map(([small]) => small)).toFixed(0)} ms`,
    large: `${median(pairs.map(([, many]) => many)).toFixed(0)} ms`,
    reach: { most: GOALS.start },
  };
}

async function benchReads(
  base: ServerProcess,
  large: ServerProcess,
  deployment: Deployment,
): Promise<readonly Figure[]> {
  const servers = [
    { asker: new Asker(base), filling: FILLINGS.readsBase },
    { asker: new Asker(large), filling: FILLINGS.large },
  ] as const;
  // What GET /grants lists must have been granted: to the same viewers on both.
  const readers = Array.from({ length: 50 }, (_, index) => `viewer-${index * 17}`);
  const tokens = readers.map((viewer) => makeToken(deployment, viewer, [GROUP]));
  const rights = [{ subject: `group:${GROUP}`, prefix: PREFIX }];
  for (const server of [base, large]) {
    // oxlint-disable no-await-in-loop -- one after the other
    await giveRights(server.url, deployment, [{ name: 'reads', callers: [], rights }]);
    for (const token of tokens) {
      const answer = await fetch(`${server.url}/grants`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          origin: deployment.appOrigin,
        },
        body: JSON.stringify({ prefix: PREFIX }),
      });
      if (answer.status !== 201) throw new Error(`expected 201 for a grant, got ${answer.status}`);
    }
    // oxlint-enable no-await-in-loop
  }
  const admin = makeToken(deployment, 'bench', ['admins']);
  const kinds: readonly (readonly [string, (filling: Filling, index: number) => Question])[] = [
    [
      'GET /admin/grants, first page',
      () => ({ path: '/admin/grants?limit=50', token: admin, faultOf: pageFault(50) }),
    ],
    [
      'GET /admin/grants, a page in the middle',
      (filling, index) => ({
        path: `/admin/grants?limit=50&cursor=${cursorInTheMiddle(filling, index)}`,
        token: admin,
        faultOf: pageFault(50),
      }),
    ],
    [
      'GET /admin/grants of one viewer',
      ({ entitlements }, index) => ({
        path: `/admin/grants?limit=50&subject=user:viewer-${(index * 7_919) % entitlements}`,
        token: admin,
        faultOf: pageFault(1),
      }),
    ],
    [
      'GET /grants',
      (_, index) => ({ path: '/grants', token: tokens[index % tokens.length] ?? '', faultOf: grantsFault }),
    ],
  ];
  const figures: Figure[] = [];
  for (const [name, questionOf] of kinds) {
    const p99s: (readonly [number, number])[] = [];
    for (let repeat = 0; repeat < REPEATS; repeat += 1) {
      const milliseconds: [number[], number[]] = [[], []];
      for (let index = repeat === 0 ? -SETTLE_READS : 0; index < READS; index += 1) {
        for (const [which, { asker, filling }] of servers.entries()) {
          // oxlint-disable-next-line no-await-in-loop -- A B A B: one after the other is the method
          const took = await asker.ask(questionOf(filling, repeat * READS + Math.abs(index)));
          if (index >= 0) milliseconds[which]?.push(took);
        }
      }
      p99s.push([quantile(milliseconds[0], 0.99), quantile(milliseconds[1], 0.99)]);
    }
    const ratios = p99s.map(([small, many]) => many / small);
    figures.push({
      name: `${name}, p99`,
      values: ratios,
      base: `${median(p99s.map(([small]) => small)).toFixed(1)} ms`,
      large: `${median(p99s.map(([, many]) => many)).toFixed(1)} ms`,
      reach: { most: GOALS.reads },
    });
  }
  for (const { asker } of servers) asker.close();
  return figures;
}

/** A page has so many entries at least, newest first, none twice. */
const pageFault =
  (least: number) =>
  (answer: unknown): string | null => {
    const ids = (answer as { readonly entries?: readonly { readonly id: string }[] }).entries?.map(
      ({ id }) => id,
    );
    if (ids === undefined || ids.length < least) return `${ids?.length ?? 'no'} entries, ${least} expected`;
    return ids.every((id, index) => index === 0 || id < (ids[index - 1] ?? '')) ? null : 'not newest first';
  };

function grantsFault(answer: unknown): string | null {
  const { grants } = answer as { readonly grants?: readonly { readonly prefix: string }[] };
  return grants?.some(({ prefix }) => prefix === PREFIX) === true ? null : 'the grant is not there';
}

/** The cursor of a page after a time somewhere in the log, which is spread by a golden ratio. */
function cursorInTheMiddle({ days }: Filling, index: number): string {
  const share = 0.1 + 0.8 * ((index * 0.618_034) % 1);
  const milliseconds = Math.floor(Date.now() - share * days * 86_400_000);
  const time = milliseconds.toString(16).padStart(12, '0');
  return Buffer.from(`${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`).toString('base64url');
}

async function benchGrants(
  base: ServerProcess,
  large: ServerProcess,
  deployment: Deployment,
  load: LoadProcess,
): Promise<readonly Figure[]> {
  const rights = [{ subject: `group:${GROUP}`, prefix: PREFIX }];
  const callers = Array.from({ length: VIEWERS }, (_, index) => ({
    prefix: PREFIX,
    token: makeToken(deployment, `viewer-${index * 47}`, [GROUP]),
  }));
  const one: Case = { name: 'one shared prefix', callers, rights };
  // The large one has got the right for what was read.
  await giveRights(base.url, deployment, [one]);
  const peers = [base, large].map((server, index): Peer => ({
    name: index === 0 ? 'small' : 'large',
    server,
    cookieLines: EDGEPASS_COOKIE_LINES,
  })) as [Peer, Peer];
  const measure = (peer: Peer) =>
    undisturbedRound(() => round(one, peer, { seconds: ROUND_SECONDS }, deployment, load));
  for (const peer of peers) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await round(one, peer, { seconds: WARM_UP_SECONDS }, deployment, load);
  }
  const pairs: (readonly [Round, Round])[] = [];
  while (pairs.length < PAIRS) {
    // oxlint-disable-next-line no-await-in-loop -- A B A B: one after the other is the method
    pairs.push([await measure(peers[0]), await measure(peers[1])]);
  }
  const ratios = pairs.map(([small, many]) => many.perSecond / small.perSecond);
  const others = pairs.flat().map(({ shareOfOthers }) => 100 * shareOfOthers);
  console.log(`  other processes ${spread(others)} % of the processors in the rounds of grants that count`);
  const processor = pairs.map(
    ([small, many]) =>
      (many.microsecondsPerAnswer ?? Number.NaN) / (small.microsecondsPerAnswer ?? Number.NaN),
  );
  const middle = (valueOf: (pair: readonly [Round, Round]) => number) =>
    median(pairs.map(valueOf)).toFixed(0);
  return [
    {
      name: 'grants a second',
      values: ratios,
      base: middle(([small]) => small.perSecond),
      large: middle(([, many]) => many.perSecond),
      reach: { least: GOALS.grants },
    },
    {
      // Says more where others take the processors meanwhile.
      name: 'processor time of the service a grant',
      values: processor,
      base: `${middle(([small]) => small.microsecondsPerAnswer ?? Number.NaN)} µs`,
      large: `${middle(([, many]) => many.microsecondsPerAnswer ?? Number.NaN)} µs`,
      reach: null,
    },
  ];
}

function printFigures(figures: readonly Figure[]): void {
  for (const { name, base, large, values } of figures) {
    console.log(`  ${name}: small ${base}, large ${large}, ratio ${spread(values, 2)}`);
  }
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
