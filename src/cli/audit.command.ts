import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { AUDIT_KINDS, type AuditKind } from '../audit/audit-event.js';

export const summary = 'exports the audit log as one JSON document a line';

const USAGE = `Usage: edgepass audit export [--since TIME] [--until TIME] [--kind KIND]

Writes the audit log of the database in DATABASE_URL to stdout, oldest first, one JSON document a line.
With NODE_ENV=development DATABASE_URL may also stand in .env in the current folder.
--since  from this time on:          2026-11-01T00:00:00Z
--until  up to, without, this time:  2026-12-01T00:00:00Z
--kind   only this kind: ${AUDIT_KINDS.join(', ')}

An SQLite file belongs to the service that has it open: stop that service first, or page through
GET /admin/grants instead. On PostgreSQL it can run at any time.
`;

interface Wanted {
  readonly kinds: readonly AuditKind[];
  readonly sinceEpochSeconds?: number;
  readonly untilEpochSeconds?: number;
}

/** Gives the exit code: 0 written, 1 the database cannot be read, 2 wrong use. */
export async function run(args: readonly string[]): Promise<number> {
  const wanted = await readArguments(args);
  if (wanted === null) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (typeof wanted === 'string') {
    process.stderr.write(`edgepass audit: ${wanted}\n\n${USAGE}`);
    return 2;
  }
  try {
    return await exportLog(wanted);
  } catch (error) {
    const { describeStartFailure } = await import('./start-failure.js');
    process.stderr.write(`${describeStartFailure(error)}\n`);
    return 1;
  }
}

async function exportLog(wanted: Wanted): Promise<number> {
  const [{ databaseOf }, { openForReading }, { AuditLog }, { auditLine }] = await Promise.all([
    import('./audit-database.js'),
    import('../database/open-for-reading.js'),
    import('../audit/audit-log.js'),
    import('../audit/audit-line.js'),
  ]);
  const database = databaseOf(process.env, process.cwd());
  if (typeof database === 'string') {
    process.stderr.write(`${database}\n`);
    return 1;
  }
  const opened = await openForReading(database);
  let isOpen = true;
  // The reader may have had enough (`| head`): that is no problem of ours.
  process.stdout.once('error', () => (isOpen = false));
  try {
    for await (const event of new AuditLog(opened.queries).range(wanted)) {
      if (!isOpen) break;
      // Waiting for the reader is what bounds the memory.
      if (!process.stdout.write(auditLine(event)) && isOpen)
        await once(process.stdout, 'drain').catch(() => 0);
    }
    return 0;
  } finally {
    await opened.close();
  }
}

/** `null`: help is wanted; a text says what is wrong. */
async function readArguments(args: readonly string[]): Promise<Wanted | string | null> {
  const { readTimestamp } = await import('../entitlements/period.js');
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        since: { type: 'string' },
        until: { type: 'string' },
        kind: { type: 'string' },
      },
    });
  } catch (error) {
    return (error as Error).message;
  }
  const { values, positionals } = parsed;
  if (values.help === true) return null;
  if (positionals.length !== 1 || positionals[0] !== 'export') return 'expected the word export';
  const kind = AUDIT_KINDS.find((known) => known === values.kind);
  if (values.kind !== undefined && kind === undefined)
    return `expected a --kind of ${AUDIT_KINDS.join(', ')}`;
  const since = values.since === undefined ? undefined : readTimestamp(values.since);
  const until = values.until === undefined ? undefined : readTimestamp(values.until);
  if (since === null || until === null) return 'expected a time like 2026-11-01T00:00:00Z';
  return {
    kinds: kind === undefined ? AUDIT_KINDS : [kind],
    ...(since === undefined ? {} : { sinceEpochSeconds: since }),
    ...(until === undefined ? {} : { untilEpochSeconds: until }),
  };
}
