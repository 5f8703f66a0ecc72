import { uuidv7 as timeOrderedId } from 'uuidv7';
import type { RefusalRow } from '../database/schema.js';

/** What refused callers who are signed in; anything else says nothing of a person. */
export const RECORDED_CODES: ReadonlySet<string> = new Set([
  'not_entitled',
  'csrf_rejected',
  'admin_required',
  'rate_limited',
]);

/** A refusal as it happened. */
export interface Refusal {
  readonly viewerId: string;
  readonly code: string;
  /** What was asked for, where it was canonical. */
  readonly prefix: string | null;
  readonly atEpochSeconds: number;
}

/** Writes rows; may reject. */
export type WriteRefusals = (rows: readonly RefusalRow[]) => Promise<void>;

const SECONDS_A_MINUTE = 60;

/** Pairs of viewer and code that one instance counts separately in a minute; the rest shares one row a code. */
const MOST_PAIRS_A_MINUTE = 5_000;

/**
 * Records refusals so that no caller fills the disk by asking: the first of a viewer and code in a minute is
 * written at once, all further ones are counted and become one row when the minute is over.
 * Nothing that goes wrong here reaches a caller.
 */
export class RefusalRecorder {
  #minute = 0;
  #further = new Map<string, RefusalRow>();
  #writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly write: WriteRefusals,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Resolves never with an error; the row may be written later. */
  note(refusal: Refusal): void {
    this.passTime(refusal.atEpochSeconds);
    const pair = JSON.stringify([refusal.viewerId, refusal.code]);
    const counted = this.#further.get(pair);
    if (counted !== undefined) {
      counted.count += 1;
      return;
    }
    const row = {
      viewer_id: refusal.viewerId,
      code: refusal.code,
      refused_at: refusal.atEpochSeconds,
    };
    if (this.#further.size >= MOST_PAIRS_A_MINUTE) {
      this.#countUnderCode(row);
      return;
    }
    this.#enqueue([{ ...row, id: timeOrderedId(), prefix: refusal.prefix, count: 1 }]);
    this.#further.set(pair, { ...row, id: '', prefix: null, count: 0 });
  }

  /** Writes what the minutes before counted. To be called every few seconds, so that the last minute is not lost. */
  passTime(nowEpochSeconds: number): void {
    const minute = Math.floor(nowEpochSeconds / SECONDS_A_MINUTE);
    if (minute === this.#minute) return;
    this.#minute = minute;
    this.#flush();
  }

  /** Writes everything that was counted, and waits for it. */
  async close(): Promise<void> {
    this.#flush();
    await this.#writing;
  }

  #countUnderCode(row: Pick<RefusalRow, 'code' | 'refused_at'>): void {
    const key = JSON.stringify([row.code]);
    const shared = this.#further.get(key);
    if (shared === undefined) {
      this.#further.set(key, { ...row, viewer_id: null, id: '', prefix: null, count: 1 });
    } else shared.count += 1;
  }

  #flush(): void {
    const rows = [...this.#further.values()].filter(({ count }) => count > 0);
    this.#further = new Map();
    if (rows.length > 0) this.#enqueue(rows.map((row) => ({ ...row, id: timeOrderedId() })));
  }

  /** One write after the other: a slow database must not be asked for more connections by refusals. */
  #enqueue(rows: readonly RefusalRow[]): void {
    this.#writing = this.#writing.then(() => this.write(rows)).catch(this.onError);
  }
}
