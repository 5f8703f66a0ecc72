import type { EdgeAnswer } from '../edge-answer.js';
import type { HeaderList } from '../header-list.js';

/** An answer of the origin in memory, before any response headers policy (R68). */
export interface StoredCopy {
  readonly status: number;
  readonly headers: HeaderList;
  readonly bytes: Buffer;
  /** Length of the body that the headers describe: of a copy made from HEAD there are no bytes. */
  readonly byteLength: number;
  readonly reason: string | undefined;
  readonly addresses: readonly string[];
  readonly storedAtEpochSeconds: number;
  readonly freshUntilEpochSeconds: number;
}

/** What a copy takes beside its body: its key, headers and the objects around them, roughly. */
export function copyBytes(key: string, copy: StoredCopy): number {
  const headers = copy.headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  return copy.bytes.length + 2 * (3 * key.length + headers) + 1024;
}

/** The whole copy as an answer. */
export function answerOf(copy: StoredCopy): EdgeAnswer {
  return {
    status: copy.status,
    headers: copy.headers,
    body: { kind: 'bytes', bytes: copy.bytes },
    ...(copy.reason === undefined ? {} : { reason: copy.reason }),
  };
}
