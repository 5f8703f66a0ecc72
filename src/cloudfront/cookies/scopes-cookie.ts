import { createHash } from 'node:crypto';
import { covers, escapedPrefix, readEscapedPrefix, type Prefix } from '../prefix.js';

/** One cookie scope that this browser holds. With COOKIE_PATH=root every grant's scope is `/`. */
export interface HeldScope {
  readonly prefix: Prefix;
  readonly expiresAtEpochSeconds: number;
}

/** What the scopes cookie of a request says, unexpired, oldest first. */
export interface HeldScopes {
  /** Scopes of the viewer that was asked for (of anybody, when none was named). */
  readonly scopes: readonly HeldScope[];
  /** Scopes that another viewer left in this browser. */
  readonly foreign: readonly HeldScope[];
}

/** The cookie as it is read: whose scopes, and which. It grants nothing; it says what there is to clear. */
export interface ScopesRecord {
  /** The tag of the viewer who was granted them; `''` when a host named none. */
  readonly viewerTag: string;
  /** Oldest first. */
  readonly scopes: readonly HeldScope[];
}

/** B64: four cookies a scope, and a browser keeps about 180 for a whole registrable domain. */
export const MAX_SCOPES = 20;
export const MAX_SCOPES_BYTES = 3_500;
const VERSION = '1';
const VIEWER_TAG = /^(?:[0-9a-f]{16})?$/;
const ENTRY = /^([1-9][0-9]{0,9}):(.+)$/;
const NOTHING: ScopesRecord = { viewerTag: '', scopes: [] };

/** Tells viewers apart in the browser without writing their ids there: 16 hex digits of SHA-256. */
export function viewerTagOf(viewer: { readonly id: string } | undefined): string {
  return viewer === undefined ? '' : createHash('sha256').update(viewer.id).digest('hex').slice(0, 16);
}

/**
 * Takes the value of the scopes cookie, `1|<viewerTag>|<exp>:<escaped prefix>|…`, newest last; gives what still
 * lives. Anything that is not canonical is ignored: the value comes from the browser and may be anything.
 */
export function parseScopesCookie(value: string | undefined, nowEpochSeconds: number): ScopesRecord {
  if (value === undefined || value.length > MAX_SCOPES_BYTES) return NOTHING;
  const [version, viewerTag, ...entries] = value.split('|');
  if (version !== VERSION || viewerTag === undefined || !VIEWER_TAG.test(viewerTag)) return NOTHING;
  if (entries.length > MAX_SCOPES) return NOTHING;
  const byPrefix = new Map<Prefix, HeldScope>();
  for (const entry of entries) {
    const scope = parseEntry(entry);
    if (scope === null || scope.expiresAtEpochSeconds <= nowEpochSeconds) continue;
    byPrefix.delete(scope.prefix);
    byPrefix.set(scope.prefix, scope);
  }
  return { viewerTag, scopes: [...byPrefix.values()] };
}

function parseEntry(entry: string): HeldScope | null {
  const match = ENTRY.exec(entry);
  const prefix = readEscapedPrefix(match?.[2] ?? '');
  if (match === null || prefix === null) return null;
  return { prefix, expiresAtEpochSeconds: Number(match[1]) };
}

/** The value of the scopes cookie; `''` when nothing is held. */
export function formatScopesCookie(record: ScopesRecord): string {
  if (record.scopes.length === 0) return '';
  const entries = record.scopes.map(
    (scope) => `${scope.expiresAtEpochSeconds}:${escapedPrefix(scope.prefix)}`,
  );
  return [VERSION, record.viewerTag, ...entries].join('|');
}

/** Sorts what the browser holds into the asking viewer's and what another one left behind. */
export function heldBy(record: ScopesRecord, viewer: { readonly id: string } | undefined): HeldScopes {
  const isForeign = viewer !== undefined && record.viewerTag !== viewerTagOf(viewer);
  return isForeign ? { scopes: [], foreign: record.scopes } : { scopes: record.scopes, foreign: [] };
}

/**
 * Adds one scope as the newest. Gives the record after it, and every scope that has to be cleared so
 * that no two nest (R44, B60), no other viewer's remains, and the limits hold, the oldest going first.
 */
export function addScope(
  record: ScopesRecord,
  added: HeldScope,
  viewer: { readonly id: string } | undefined,
): { readonly record: ScopesRecord; readonly cleared: readonly Prefix[] } {
  const { scopes: own, foreign } = heldBy(record, viewer);
  const viewerTag = viewer === undefined ? record.viewerTag : viewerTagOf(viewer);
  const others = own.filter((scope) => scope.prefix !== added.prefix);
  const nested = others.filter(
    (scope) => covers(added.prefix, scope.prefix) || covers(scope.prefix, added.prefix),
  );
  let kept = [...others.filter((scope) => !nested.includes(scope)), added];
  const overflow: HeldScope[] = [];
  while (kept.length > 1 && isOverLimit({ viewerTag, scopes: kept })) {
    overflow.push(...kept.slice(0, 1));
    kept = kept.slice(1);
  }
  const cleared = [...foreign, ...nested, ...overflow].map((scope) => scope.prefix);
  return {
    record: { viewerTag, scopes: kept },
    // The new cookies stand in the place of an equal scope; clearing it would take them away again.
    cleared: cleared.filter((prefix) => prefix !== added.prefix),
  };
}

/** The record without these scopes. */
export function withoutScopes(record: ScopesRecord, prefixes: readonly Prefix[]): ScopesRecord {
  return { ...record, scopes: record.scopes.filter((scope) => !prefixes.includes(scope.prefix)) };
}

function isOverLimit(record: ScopesRecord): boolean {
  return record.scopes.length > MAX_SCOPES || formatScopesCookie(record).length > MAX_SCOPES_BYTES;
}
