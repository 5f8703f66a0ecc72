import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { AUDIT_KINDS, auditLine } from '../audit/audit-event.js';
import type { AuditRange } from '../audit/audit-log.js';
import type { CommandDatabase } from '../database/open-database.js';
import { readTimestamp } from '../entitlements/period.js';
import { systemClock, toTimestamp } from '../operation/clock.js';
import { errorCode } from '../operation/error-code.js';
import type { Settings } from '../settings/settings.js';
import { runCommand, WrongUse } from './command-line.js';

const USAGE = `Usage: edgepass audit export [--since TIME] [--until TIME] [--kind KIND]
       edgepass audit prune [--keep DAYS] [--before TIME] [--exact] [--dry-run]

Both use the database in DATABASE_URL. With NODE_ENV=development it may also stand in .env in the current folder.
An SQLite file belongs to the service that has it open: stop that service first. On PostgreSQL both can run at
any time.

export writes the audit log to stdout, oldest first, one JSON document a line.
--since  from this time on:          2026-11-01T00:00:00Z
--until  up to, without, this time:  2026-12-01T00:00:00Z
--kind   only this kind: ${AUDIT_KINDS.join(', ')}

A row may be committed a little after its time, so on PostgreSQL the newest two minutes are left to the next
export. The last line, on stderr, says up to when this one is complete: an export that begins there misses no
row and repeats none.

prune deletes rows whose retention is over, oldest first, in steps that can be cut off and begun again.
The retention stands in the database, 400 days if nobody lengthened it; it can be kept longer, never shorter.
PostgreSQL has a partition for each month (UTC): a month goes as a whole, when all of it may go.
--keep     at least this many days are kept
--before   no row of this time or later goes; take what your last export named
--exact    on PostgreSQL also the rows of a month of which others must stay, one by one
--dry-run  counts what would go, and deletes nothing
`;

const TEXT = { type: 'string' } as const;
const OPTIONS = {
  since: TEXT,
  until: TEXT,
  kind: TEXT,
  keep: TEXT,
  before: TEXT,
  exact: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
} as const;

/** Which options each word takes. */
const OPTIONS_OF = {
  export: ['since', 'until', 'kind'],
  prune: ['keep', 'before', 'exact', 'dry-run'],
} as const;

/** Gives the exit code: 0 done, 1 the database cannot be used or the log not be written, 2 wrong use. */
export function run(args: readonly string[]): Promise<number> {
  const form = { name: 'audit', usage: USAGE, options: OPTIONS, words: true } as const;
  return runCommand(form, args, async (values, words) => {
    const [word] = words;
    if (words.length !== 1 || (word !== 'export' && word !== 'prune')) {
      throw new WrongUse('expected the word export or prune');
    }
    const strange = Object.keys(values).find((name) => !OPTIONS_OF[word].some((known) => known === name));
    if (strange !== undefined) throw new WrongUse(`--${strange} is not for ${word}`);
    const work = word === 'export' ? exportWork(values) : pruneWork(values);
    try {
      return await work();
    } catch (error) {
      const { describeStartFailure } = await import('./start-failure.js');
      process.stderr.write(`${describeStartFailure(error)}\n`);
      return 1;
    }
  });
}

type Given = Readonly<
  Partial<Record<Exclude<keyof typeof OPTIONS, 'exact' | 'dry-run'>, string | undefined>>
>;

/** @throws {WrongUse} before anything is opened */
function exportWork({ since, until, kind }: Given): () => Promise<number> {
  const [sinceEpochSeconds, untilEpochSeconds] = [readTime(since), readTime(until)];
  const range = {
    kinds: readKinds(kind),
    ...(sinceEpochSeconds === undefined ? {} : { sinceEpochSeconds }),
    ...(untilEpochSeconds === undefined ? {} : { untilEpochSeconds }),
  };
  return () => exportLog(range);
}

/** @throws {WrongUse} before anything is opened */
function pruneWork(
  values: Given & { readonly exact?: boolean | undefined; readonly 'dry-run'?: boolean | undefined },
): () => Promise<number> {
  const { keep, before } = values;
  if (keep !== undefined && !/^[1-9]\d{0,4}$/.test(keep)) {
    throw new WrongUse('expected a --keep in whole days, like 730');
  }
  const keepDays = keep === undefined ? undefined : Number(keep);
  const beforeEpochSeconds = readTime(before);
  return () =>
    pruneLog({
      keepDays,
      beforeEpochSeconds,
      isExact: values.exact === true,
      isDryRun: values['dry-run'] === true,
    });
}

function readTime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = readTimestamp(text);
  if (time === null) throw new WrongUse('expected a time like 2026-11-01T00:00:00Z');
  return time;
}

function readKinds(kind: string | undefined): AuditRange['kinds'] {
  if (kind === undefined) return AUDIT_KINDS;
  const known = AUDIT_KINDS.filter((one) => one === kind);
  if (known.length === 0) throw new WrongUse(`expected a --kind of ${AUDIT_KINDS.join(', ')}`);
  return known;
}

async function exportLog(range: AuditRange): Promise<number> {
  const { AuditLog } = await import('../audit/audit-log.js');
  const database = await openDatabase('read');
  if (typeof database === 'string') {
    process.stderr.write(`${database}\n`);
    return 1;
  }
  const { opened, kind } = database;
  const output = { failure: null as string | null };
  process.stdout.on('error', (error) => (output.failure = errorCode(error) ?? error.message));
  try {
    const part = new AuditLog(opened.queries).completeRange(range, opened.nowEpochSeconds, kind);
    for await (const event of part.events) {
      if (output.failure !== null) break;
      // Waiting for the reader is what bounds the memory.
      if (!process.stdout.write(auditLine(event)) && output.failure === null)
        await once(process.stdout, 'drain').catch(() => 0);
    }
    await new Promise((resolve) => process.stdout.write('', resolve));
    const { failure } = output;
    // The reader had seen enough (`| head`).
    if (failure === 'EPIPE') return 0;
    if (failure !== null) {
      process.stderr.write(`edgepass audit: the export is not complete: it cannot be written (${failure})\n`);
      return 1;
    }
    const end = toTimestamp(part.untilEpochSeconds);
    process.stderr.write(
      `edgepass audit: complete up to ${end}; begin the next export with --since ${end}\n`,
    );
    return 0;
  } finally {
    await opened.close();
  }
}

interface Prune {
  readonly keepDays: number | undefined;
  readonly beforeEpochSeconds: number | undefined;
  readonly isExact: boolean;
  readonly isDryRun: boolean;
}

const DAY_SECONDS = 86_400;

async function pruneLog({ keepDays, beforeEpochSeconds, isExact, isDryRun }: Prune): Promise<number> {
  const [{ beginningOfMonth, pruneAuditLog, retentionCutoff }, { codeOf }] = await Promise.all([
    import('../audit/prune-audit-log.js'),
    import('../database/database-open-error.js'),
  ]);
  const database = await openDatabase(isDryRun ? 'read' : 'write');
  if (typeof database === 'string') {
    process.stderr.write(`${database}\n`);
    return 1;
  }
  const { opened, kind } = database;
  try {
    const cutoff = await retentionCutoff(opened.queries, opened.nowEpochSeconds);
    const asked = Math.min(
      cutoff,
      keepDays === undefined ? cutoff : opened.nowEpochSeconds - keepDays * DAY_SECONDS,
      beforeEpochSeconds ?? cutoff,
    );
    const before = kind === 'postgres' && !isExact ? beginningOfMonth(asked) : asked;
    const pruned = await pruneAuditLog(opened.queries, kind, {
      beforeEpochSeconds: before,
      isDryRun,
      // A service is at work beside it: half of the time belongs to that one.
      rest: (milliseconds) => (kind === 'postgres' ? wait(milliseconds) : Promise.resolve()),
    });
    const counts = AUDIT_KINDS.map((one) => `${one} ${pruned[one]}`).join(', ');
    const what = isDryRun ? 'rows that would be deleted' : 'rows deleted';
    process.stdout.write(`edgepass audit: ${what}, all from before ${toTimestamp(before)}: ${counts}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(
      `edgepass audit: the database refused (${codeOf(error)}); what was deleted before is deleted, nothing else\n`,
    );
    return 1;
  } finally {
    await opened.close();
  }
}

/** The database of the settings; a text says why there is none. */
async function openDatabase(
  use: 'read' | 'write',
): Promise<{ readonly opened: CommandDatabase; readonly kind: 'sqlite' | 'postgres' } | string> {
  const { openForCommand } = await import('../database/open-database.js');
  const settings = await readDatabase();
  if (typeof settings === 'string') return settings;
  return { opened: await openForCommand(settings, systemClock, use), kind: settings.kind };
}

/**
 * The database of a service whose other settings may be elsewhere (its keys above all): from the environment, in
 * development also from `.env` of the current folder. A text says what is wrong with it.
 */
async function readDatabase(): Promise<Settings['database'] | string> {
  const [{ formatProblems, readSettings }, { readDotEnvFile }] = await Promise.all([
    import('../settings/read-settings.js'),
    import('../settings/dot-env.js'),
  ]);
  const { read, ...result } = readSettings(process.env, { dotEnv: readDotEnvFile(process.cwd()) });
  if ('settings' in result) return result.settings.database;
  if (read.values.DATABASE_URL !== null) return read.values.DATABASE_URL;
  const problems = result.problems.filter(({ setting }) => setting === 'DATABASE_URL');
  return [...result.warnings.filter((line) => line.startsWith('.env')), formatProblems(problems)].join('\n');
}
