import { tokenInvalid } from './token-problems.js';
import { isGroupName, isViewerId, type Viewer } from './viewer.js';

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
  if (!isViewerId(id)) throw tokenInvalid('viewer_claim');
  const groups = readClaim(claims, names.groupsClaim) ?? [];
  const list: readonly unknown[] = Array.isArray(groups) ? groups : [groups];
  if (!list.every(isGroupName)) throw tokenInvalid('groups_claim');
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
