import type { JWTHeaderParameters, JWTPayload } from 'jose';

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
 * Whether a genuine token is of use only to whoever proves that they hold a key: `cnf` (RFC 7800), as DPoP (RFC 9449)
 * and certificate-bound tokens (RFC 8705) have it. Nobody proves anything here, so a copy would be as good.
 */
export function isBoundToKey(claims: JWTPayload): boolean {
  return Object.hasOwn(claims, 'cnf');
}
