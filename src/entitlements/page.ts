import { Problem } from '../http/problems/problem.js';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;

/** Where a page begins and how long it may be. */
export interface PageRequest {
  readonly limit: number;
  readonly afterId?: string;
}

/** Reads `limit` (1–200, 50 when absent) and `cursor`. @throws {Problem} `page_invalid` */
export function readPage(query: { readonly limit?: unknown; readonly cursor?: unknown }): PageRequest {
  return {
    limit: readLimit(query.limit),
    ...(query.cursor === undefined ? {} : { afterId: readCursor(query.cursor) }),
  };
}

/** The cursor that continues after a row: opaque to callers, so that the order may change one day. */
export function cursorAfter(id: string): string {
  return Buffer.from(id).toString('base64url');
}

function readLimit(value: unknown): number {
  if (value === undefined) return DEFAULT_LIMIT;
  const limit = typeof value === 'string' && /^[0-9]{1,3}$/.test(value) ? Number(value) : 0;
  if (limit < 1 || limit > MAX_LIMIT) {
    throw new Problem('page_invalid', { detail: `limit must be a whole number from 1 to ${MAX_LIMIT}.` });
  }
  return limit;
}

function readCursor(value: unknown): string {
  const id = typeof value === 'string' ? Buffer.from(value, 'base64url').toString() : '';
  if (!/^[0-9a-f-]{36}$/.test(id)) {
    throw new Problem('page_invalid', { detail: 'cursor must be the nextCursor of the page before.' });
  }
  return id;
}
