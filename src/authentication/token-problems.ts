import { Problem } from '../http/problems/problem.js';

const CHALLENGE = 'Bearer realm="edgepass"';
const REFUSAL = `${CHALLENGE}, error="invalid_token"`;

/**
 * 401: nothing was presented. No error attribute in the challenge (RFC 6750 section 3.1).
 * @param cookieName of the cookie that is accepted as well; `null` where none is
 */
export function tokenMissing(cookieName: string | null): Problem {
  const header = 'header "Authorization: Bearer <access token>"';
  return new Problem('token_missing', {
    detail:
      cookieName === null
        ? `Expected one ${header}, found none. Sign in and send it.`
        : `Expected the cookie "${cookieName}" or one ${header}, found neither. Sign in; a page sends the cookie with credentials: 'include'.`,
    reason: cookieName === null ? 'no_header' : 'no_header_no_cookie',
    headers: { 'WWW-Authenticate': CHALLENGE },
  });
}

/**
 * 401: something was presented that is not accepted. The answer is the same whichever check refused, so
 * that it does not show how far a forged token came; `reason` stands in the log alone.
 * Carries no `cause`: jose's errors hold the claims.
 */
export function tokenInvalid(reason: string): Problem {
  return new Problem('token_invalid', {
    detail: 'The access token is not accepted by this service. Sign in again to get another.',
    reason,
    headers: { 'WWW-Authenticate': REFUSAL },
  });
}

/** 401: genuine, but its `exp` has passed. */
export function tokenExpired(): Problem {
  return new Problem('token_expired', {
    detail: 'The access token has expired. Refresh it or sign in again.',
    headers: { 'WWW-Authenticate': `${REFUSAL}, error_description="The access token has expired"` },
  });
}

/** 401: genuine, but its `nbf` lies ahead. */
export function tokenNotYetValid(): Problem {
  return new Problem('token_not_yet_valid', {
    detail: 'The access token is not valid yet. Compare the clock of the issuer with that of this service.',
    headers: { 'WWW-Authenticate': `${REFUSAL}, error_description="The access token is not valid yet"` },
  });
}

/** 503: whether the token is genuine cannot be decided now. Never a 401: the caller did nothing wrong. */
export function keysUnavailable(reason: string, retryAfterSeconds: number, isLoggedByState = false): Problem {
  return new Problem('keys_unavailable', {
    detail: 'The keys of access tokens cannot be fetched at the moment. Try again later.',
    reason,
    retryAfterSeconds,
    isLoggedByState,
  });
}
