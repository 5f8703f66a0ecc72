import type { JWTHeaderParameters, JWTPayload } from 'jose';
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
  // Frozen: the caller's next call may get the same object.
  return Object.freeze({ id, groups: Object.freeze([...new Set(list)]) });
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

/** OpenID Connect puts these into ID tokens: proof of a code, an access token or a state (Core §3.3.2.11). */
const ID_TOKEN_CLAIMS = ['at_hash', 'c_hash', 's_hash'];
/** OpenID Connect Back-Channel Logout §2.4. */
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';
/** `typ` claim of Keycloak and `token_use` claim of Cognito, where they name another kind of token. */
const OTHER_PURPOSES = new Set(['id', 'refresh', 'offline', 'logout']);

/** RFC 7515 §4.1.9: any case, and `application/` may be left out. Absent is common, and allowed. */
export function isAccessTokenType(typ: unknown): boolean {
  if (typ === undefined) return true;
  if (typeof typ !== 'string') return false;
  const name = typ.toLowerCase().replace(/^application\//, '');
  return name === 'jwt' || name === 'at+jwt';
}

/**
 * Whether genuine claims belong to a token made for another purpose: an ID, refresh or logout token of
 * the same issuer (RFC 8725 §3.12, J36). A `nonce` says ID token unless the token calls itself an
 * access token: Keycloak used to copy the nonce into those too.
 */
export function isMadeForAnotherPurpose(
  header: Pick<JWTHeaderParameters, 'typ'>,
  claims: JWTPayload,
): boolean {
  const purposes = [claims['typ'], claims['token_use']]
    .filter((value) => typeof value === 'string')
    .map((value) => value.toLowerCase());
  if (purposes.some((purpose) => OTHER_PURPOSES.has(purpose))) return true;
  if (ID_TOKEN_CLAIMS.some((claim) => Object.hasOwn(claims, claim))) return true;
  const { events } = claims;
  if (typeof events === 'object' && events !== null && Object.hasOwn(events, LOGOUT_EVENT)) return true;
  const callsItselfAccessToken =
    /at\+jwt$/i.test(header.typ ?? '') || purposes.includes('bearer') || purposes.includes('access');
  return Object.hasOwn(claims, 'nonce') && !callsItselfAccessToken;
}

/**
 * Whether a genuine token is of use only to a caller that proves to hold a key: `cnf` (RFC 7800), as DPoP (RFC 9449)
 * and certificate-bound tokens (RFC 8705) have it. No proof is asked for here, so a copy would be as good.
 */
export function isBoundToKey(claims: JWTPayload): boolean {
  return Object.hasOwn(claims, 'cnf');
}
