import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { viewerOrNull } from '../authentication/viewer.guard.js';
import { CLOCK, type Clock } from '../operation/clock.js';
import { isPrefix } from '../cloudfront/prefix.js';
import { Database } from '../database/database.js';
import type { RefusalRow } from '../database/schema.js';
import type { Problem } from '../http/problems/problem.js';
import { RECORDED_CODES, RefusalRecorder } from './refusal-recorder.js';

/** How often it is checked whether the minute is over. */
const CHECK_MILLISECONDS = 10_000;

/** A minute, the check whether it is over, and some writes before it. */
const LATEST_WRITE_SECONDS = 90;

/** SQLite takes 32,766 values a statement, PostgreSQL 65,535; a row has six. */
const ROWS_A_STATEMENT = 1_000;

/** Notes refusals of signed-in callers: the answer never waits for its row. */
@Injectable()
export class RecordRefusals implements BeforeApplicationShutdown, OnApplicationShutdown {
  readonly #logger = new Logger(RecordRefusals.name);
  readonly #recorder: RefusalRecorder;
  readonly #timer: NodeJS.Timeout;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.#recorder = new RefusalRecorder(
      (rows) => this.#insert(rows),
      () => this.#logger.warn({ msg: 'refusals could not be recorded', reason: 'database_unavailable' }),
    );
    this.#timer = setInterval(
      () => this.#recorder.passTime(clock.nowEpochSeconds()),
      CHECK_MILLISECONDS,
    ).unref();
  }

  /** Takes a request, its body included where one was read, and the problem that answers it. */
  note(request: object, problem: Problem): void {
    const viewer = viewerOrNull(request);
    if (viewer === null || !RECORDED_CODES.has(problem.code)) return;
    this.#recorder.note({
      viewerId: viewer.id,
      code: problem.code,
      prefix: askedPrefix((request as { readonly body?: unknown }).body),
      atEpochSeconds: this.clock.nowEpochSeconds(),
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.#timer);
    await this.#recorder.close();
  }

  /** Requests that ended while the server closed; before the database does. */
  async onApplicationShutdown(): Promise<void> {
    await this.#recorder.close();
  }

  async #insert(rows: readonly RefusalRow[]): Promise<void> {
    // A row that had to wait for others gets a later time: the export relies on rows that are written soon.
    const earliest = this.clock.nowEpochSeconds() - LATEST_WRITE_SECONDS;
    const timely = rows.map((row) => ({ ...row, refused_at: Math.max(row.refused_at, earliest) }));
    for (let from = 0; from < timely.length; from += ROWS_A_STATEMENT) {
      const part = timely.slice(from, from + ROWS_A_STATEMENT);
      await this.database.queries.insertInto('refusals').values(part).execute();
    }
  }
}

/**
 * The folder or file that was asked for. The body has not been checked where a guard refused: only what is
 * canonical is written down.
 */
function askedPrefix(body: unknown): string | null {
  if (typeof body !== 'object' || body === null) return null;
  const member = ['prefix', 'path'].find((name) => Object.hasOwn(body, name));
  const asked = member === undefined ? null : (body as Readonly<Record<string, unknown>>)[member];
  return isPrefix(asked) ? asked : null;
}
