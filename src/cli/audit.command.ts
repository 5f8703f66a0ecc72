import { once } from 'node:events';
import { AUDIT_KINDS, auditLine } from '../audit/audit-event.js';
import type { AuditRange } from '../audit/audit-log.js';
import { readTimestamp } from '../entitlements/period.js';
import { systemClock, toTimestamp } from '../operation/clock.js';
import { errorCode } from '../operation/error-code.js';
import type { Settings } from '../settings/settings.js';
import { runCommand, WrongUse } from './command-line.js';

const USAGE = `Usage: edgepass audit export [--since TIME] [--until TIME] [--kind KIND]

Writes the audit log of the database in DATABASE_URL to stdout, oldest first, one JSON document a line.
With NODE_ENV=development DATABASE_URL may also stand in .env in the current folder.
--since  from this time on:          2026-11-01T00:00:00Z
--until  up to, without, this time:  2026-12-01T00:00:00Z
--kind   only this kind: ${AUDIT_KINDS.join(', ')}

A row may be committed a little after its time, so on PostgreSQL the newest two minutes are left to the next
export. The last line, on stderr, says up to when this one is complete: an export that begins there misses no
row and repeats none.

An SQLite file belongs to the service that has it open: stop that service first, or page through
GET /admin/grants instead. On PostgreSQL it can run at any time.
`;

/** Gives the exit code: 0 written, 1 the database cannot be read or the log not be written, 2 wrong use. */
export function run(args: readonly string[]): Promise<number> {
  const time = { type: 'string' } as const;
  const options = { since: time, until: time, kind: { type: 'string' } } as const;
  return runCommand({ name: 'audit', usage: USAGE, options, words: true }, args, async (values, words) => {
    if (words.length !== 1 || words[0] !== 'export') throw new WrongUse('expected the word export');
    const range = { kinds: readKinds(values.kind), ...readTimes(values) };
    try {
      return await exportLog(range);
    } catch (error) {
      const { describeStartFailure } = await import('./start-failure.js');
      process.stderr.write(`${describeStartFailure(error)}\n`);
      return 1;
    }
  });
}

function readKinds(kind: string | undefined): AuditRange['kinds'] {
  if (kind === undefined) return AUDIT_KINDS;
  const known = AUDIT_KINDS.filter((one) => one === kind);
  if (known.length === 0) throw new WrongUse(`expected a --kind of ${AUDIT_KINDS.join(', ')}`);
  return known;
}

function readTimes({
  since,
  until,
}: {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}): Pick<AuditRange, 'sinceEpochSeconds' | 'untilEpochSeconds'> {
  const [sinceEpochSeconds, untilEpochSeconds] = [since, until].map((text) =>
    text === undefined ? undefined : readTimestamp(text),
  );
  if (sinceEpochSeconds === null || untilEpochSeconds === null)
    throw new WrongUse('expected a time like 2026-11-01T00:00:00Z');
  return {
    ...(sinceEpochSeconds === undefined ? {} : { sinceEpochSeconds }),
    ...(untilEpochSeconds === undefined ? {} : { untilEpochSeconds }),
  };
}

async function exportLog(range: AuditRange): Promise<number> {
  const [{ openForReading }, { AuditLog }] = await Promise.all([
    import('../database/open-for-reading.js'),
    import('../audit/audit-log.js'),
  ]);
  const database = await readDatabase();
  if (typeof database === 'string') {
    process.stderr.write(`${database}\n`);
    return 1;
  }
  const opened = await openForReading(database, systemClock);
  const output = { failure: null as string | null };
  process.stdout.on('error', (error) => (output.failure = errorCode(error) ?? error.message));
  try {
    const part = new AuditLog(opened.queries).completeRange(range, opened.nowEpochSeconds, database.kind);
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
