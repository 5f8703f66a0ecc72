import type { Viewer } from './viewer.js';
import { tokenInvalid } from './token-problems.js';

/** Longest id of a viewer and name of a group: both end up in rows, logs and URLs. */
const MAX_NAME_BYTES = 256;
/**
 * C0, DEL and C1: PostgreSQL refuses NUL in a text, and the others could forge lines of a log. Lone
 * surrogates: every one of them becomes the same U+FFFD in UTF-8, so two callers would become one.
 */
const UNSTORABLE = /[\p{Cc}\p{Cs}]/u;

/** Names of the claims, as in AUTH_VIEWER_CLAIM and AUTH_GROUPS_CLAIM. */
export interface ClaimNames {
  readonly viewerClaim: string;
  readonly groupsClaim: string;
}

/**
 * Reads who the caller is out of verified claims. The viewer claim is one non-empty string; the groups
 * claim is absent, one string (one group, never split at blanks or commas) or an array of strings. Any
 * other form is refused with `token_invalid`, never repaired.
 */
export function viewerFromClaims(claims: Readonly<Record<string, unknown>>, names: ClaimNames): Viewer {
  const id = readClaim(claims, names.viewerClaim);
  if (!isName(id)) throw tokenInvalid('viewer_claim');
  const groups = readClaim(claims, names.groupsClaim) ?? [];
  const list: readonly unknown[] = Array.isArray(groups) ? groups : [groups];
  if (!list.every(isName)) throw tokenInvalid('groups_claim');
  return { id, groups: [...new Set(list)] };
}

/**
 * The claim of that name. A name that exists literally wins, dots included (`https://example.com/roles`);
 * otherwise each dot may step into an object (`realm_access.roles`). `undefined` when there is none.
 */
export function readClaim(claims: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
    const inner = Object.hasOwn(claims, name.slice(0, dot)) ? claims[name.slice(0, dot)] : undefined;
    if (isObject(inner)) {
      const found = readClaim(inner, name.slice(dot + 1));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isName(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    Buffer.byteLength(value, 'utf8') <= MAX_NAME_BYTES &&
    !UNSTORABLE.test(value)
  );
}
