import type { ProblemCode } from './problem-codes.js';

/** What `docs/errors.md` says of a code beside its status and title. */
export interface ProblemPage {
  readonly meaning: string;
  /** What the caller does. */
  readonly caller: string;
  /** What the operator does; `null` where there is nothing to do. */
  readonly operator: string | null;
}

/** One page a code: a code without one does not compile. */
export const PROBLEM_PAGES: Readonly<Record<ProblemCode, ProblemPage>> = {
  request_malformed: {
    meaning:
      'The address, a header or the framing of the request breaks the rules of HTTP, or the call broke off.',
    caller:
      'Check the address for a stray `%` and the request for what a proxy or a hand-written client adds.',
    operator: null,
  },
  body_malformed: {
    meaning:
      'The body is empty, no JSON, no UTF-8, nested deeper than 32 levels, or something other than an object.',
    caller: 'Send one JSON object, as `JSON.stringify` writes it.',
    operator: null,
  },
  duplicate_key: {
    meaning:
      'An object in the body names a member twice. Readers differ in which one they take, so neither counts.',
    caller: 'Send each member once.',
    operator: null,
  },
  field_unknown: {
    meaning:
      'The body or the query has a member that this call does not know. It is refused, because a misspelled one would otherwise have no effect in silence.',
    caller: 'Compare the names with those in `detail`; mind upper and lower case.',
    operator: null,
  },
  prefix_required: {
    meaning: 'The call needs to know what to open, and the body has no `prefix`.',
    caller: 'Send `prefix`, for example `"courses/algebra"`.',
    operator: null,
  },
  prefix_invalid: {
    meaning:
      "A prefix is the name of a folder as people write it, or exactly `/`, and it is never repaired: segments joined by single `/`, of letters, marks and digits of any script, blanks inside, and `_ ~ - . : @ = ( ) ' !`, where `.` is never first. [Folder names](prefixes.md) says why the others are refused.",
    caller: 'Write what `detail` says: it names the segment, the character and what to write instead.',
    operator: null,
  },
  prefix_too_long: {
    meaning:
      'The prefix has more than 512 bytes in its escaped form: a letter beyond ASCII has 6 to 12, a blank 3.',
    caller: 'Ask for a folder further up, or shorten the names.',
    operator: null,
  },
  prefix_too_deep: {
    meaning: 'The prefix has more than 16 segments.',
    caller: 'Ask for a folder further up.',
    operator: null,
  },
  ttl_invalid: {
    meaning: '`ttlSeconds` is there, but is no integer. Text, fractions and `null` are refused.',
    caller: 'Send a JSON integer in the range that `detail` names, or leave the member out.',
    operator: null,
  },
  ttl_out_of_range: {
    meaning: '`ttlSeconds` is below 60 or above the maximum.',
    caller: 'Ask for a lifetime in the range that `detail` names, or leave the member out.',
    operator:
      'The maximum is `GRANT_MAX_TTL_SECONDS`; it is also how long a revoked viewer can still open files.',
  },
  path_invalid: {
    meaning:
      'A signed URL is for one file, named as people write it, by the rule of prefixes: no escaped form, no query, at most 512 bytes and 16 segments. With `prefix`, the file lies in that folder.',
    caller:
      'Write what `detail` says. A file whose name the rule refuses opens with cookies of its folder, or with the query of a URL that names the folder in `prefix`.',
    operator: null,
  },
  url_not_allowed: {
    meaning: 'A diagnosis asks the configured CDN alone, and the address is another one, or none.',
    caller: 'Send the whole address of a file that failed, with the host that `detail` names.',
    operator: 'The host is that of `CLOUDFRONT_DOMAIN`.',
  },
  subject_invalid: {
    meaning: 'A subject is `user:ID`, `group:NAME` or `everyone`.',
    caller: 'Write one of the three, with the id or name as tokens spell it.',
    operator: null,
  },
  period_invalid: {
    meaning: '`startsAt` or `endsAt` is no RFC 3339 timestamp, or the end does not come after the start.',
    caller: 'Write timestamps like `2026-11-20T09:15:00Z`, the start before the end.',
    operator: null,
  },
  page_invalid: {
    meaning: '`limit` is out of range, or `cursor` is none that an earlier page gave.',
    caller: 'Begin again without `cursor`, and hand on `nextCursor` unchanged.',
    operator: null,
  },
  user_unknown: {
    meaning: 'The demo sign-in knows three users.',
    caller: 'Sign in as `alice`, `bob` or `carol`.',
    operator: null,
  },
  token_missing: {
    meaning:
      'The call carries no access token: no `Authorization: Bearer …` header, and no cookie that may carry one.',
    caller:
      'Sign in, and send the token; from a page on another origin with `credentials: "include"` for the cookie.',
    operator: 'A cookie counts only where `AUTH_COOKIE` names it.',
  },
  token_invalid: {
    meaning:
      'The token is no JWT, its signature, issuer, audience or algorithm is not the configured one, or it has no viewer. The answer does not say which; the log does.',
    caller: 'Sign in again. If it stays, the token is made for another service.',
    operator:
      'Look up the request id (`instance`) in the log: `reason` names the check. Compare `AUTH_ISSUER`, `AUTH_AUDIENCE` and `AUTH_ALGORITHMS` with a token.',
  },
  token_expired: {
    meaning: 'The token was valid and has expired; 30 seconds of difference between clocks are allowed for.',
    caller: 'Renew the token and repeat the call.',
    operator: 'If it comes right after signing in, compare the clocks of both machines.',
  },
  token_not_yet_valid: {
    meaning: 'The token begins to be valid more than 30 seconds from now.',
    caller: 'Wait, or sign in again.',
    operator: 'Compare the clock of this machine with that of the identity provider.',
  },
  not_entitled: {
    meaning:
      'No entitlement of the caller, their groups or `everyone` covers the prefix now, or the one that does ends within 10 seconds. It reads the same whether the prefix exists or not.',
    caller:
      '`GET /entitlements` shows what you may open, and why a `{user}` row does not apply. `detail` says when only the other Unicode form (NFC, NFD) of the name is entitled.',
    operator:
      'Give the entitlement (`PUT /admin/entitlements`); mind its period, and that prefixes compare byte for byte.',
  },
  csrf_rejected: {
    meaning:
      "A call that changes something, made without an `Authorization` header (`DELETE /grants` and the demo sign-in: also with one), must come from a page that may make it, because browsers send cookies along with forged calls too. `Origin` decides: exactly a listed one, or the API's own. Without `Origin`, `Sec-Fetch-Site` must be `same-origin`. With neither, as programs call, the service refuses what its sign-in cookie alone signed in; the module leaves the call to your guards.",
    caller: 'Call from a listed origin, or send the token in the `Authorization` header.',
    operator: 'List the exact origin of the page in `APP_ORIGINS` (module: `appOrigins`).',
  },
  admin_required: {
    meaning: 'The call is for administrators, and the caller is not in their group.',
    caller: 'Ask an administrator.',
    operator:
      'The group is `AUTH_ADMIN_GROUP`, read from the claim `AUTH_GROUPS_CLAIM`; names compare whole.',
  },
  not_found: {
    meaning:
      'No route has this address, or no row has this id. Routes that are switched off do not exist either.',
    caller: 'Check the address: byte for byte, without a `/` at the end, below the path of `PUBLIC_URL`.',
    operator: 'Admin routes need `AUTH_ADMIN_GROUP`, the documentation `API_DOCS=true`.',
  },
  method_not_allowed: {
    meaning: 'The address exists, but not with this method. `Allow` lists those that do.',
    caller: 'Use one of the methods in `Allow`.',
    operator: null,
  },
  request_timeout: {
    meaning: 'The request did not arrive in full within the time that a request has.',
    caller: 'Repeat the call; look for a slow or broken connection.',
    operator: null,
  },
  body_too_large: {
    meaning: 'A body has at most 16 KB. The connection is closed, so that nobody waits for the rest.',
    caller: 'Send one call at a time; no call needs more than 1 KB.',
    operator: null,
  },
  media_type_unsupported: {
    meaning:
      'A body is `application/json` in UTF-8, not compressed. Other types are refused because a browser would let a foreign page send them without asking.',
    caller: 'Send `Content-Type: application/json`, and no `Content-Encoding`.',
    operator: null,
  },
  rate_limited: {
    meaning: 'Too many calls from this address, or too many grants for this viewer, within a minute.',
    caller: 'Wait the seconds of `Retry-After`, and spread renewals with `renewAfter`.',
    operator:
      'The log says which: `address_limit` is `REQUEST_LIMIT_PER_ADDRESS` (behind a proxy it needs `TRUSTED_PROXIES`), `viewer_limit` is `GRANT_LIMIT_PER_VIEWER`.',
  },
  headers_too_large: {
    meaning: 'The header of the request is larger than 16 KB, or has more than 100 lines.',
    caller: 'Clear the cookies of this site; many large ones are the usual cause.',
    operator: 'Give the API a parent domain of its own, so that cookies of other services do not reach it.',
  },
  internal: {
    meaning: 'Something failed that nobody foresaw. The answer says nothing of it; the log does.',
    caller: 'Repeat later. When reporting it, give the `instance`.',
    operator: 'Look up the request id (`instance`) in the log.',
  },
  database_unavailable: {
    meaning:
      'The database does not answer, so it is not known what the caller may open. Nothing was granted. Where edgepass is a module: a port that reads (viewer, `mayOpen`, `unexpired`) did not settle within `portTimeoutMilliseconds`.',
    caller: 'Repeat after the seconds of `Retry-After`.',
    operator: 'Check that `DATABASE_URL` is reachable from this machine, or that the disk is not full.',
  },
  audit_unavailable: {
    meaning:
      'The grant could not be recorded, so it was not given: no cookie leaves before its row is committed. Where edgepass is a module: `record` rejected, or did not settle within `portTimeoutMilliseconds`.',
    caller: 'Repeat after the seconds of `Retry-After`.',
    operator: 'Check disk space and write access of the database; the log has its error.',
  },
  keys_unavailable: {
    meaning: 'The keys that verify access tokens cannot be fetched, and none that is still good is at hand.',
    caller: 'Repeat after the seconds of `Retry-After`.',
    operator:
      'Open `AUTH_JWKS_URL` from this machine; look for a proxy, a certificate or a name that does not resolve.',
  },
  clock_untrusted: {
    meaning:
      'The clock of this machine went back by more than a minute, or shows a time from before edgepass was built: expired tokens would be good again. Nothing was granted.',
    caller: 'Repeat after the seconds of `Retry-After`.',
    operator:
      'Set the clock (NTP). It is trusted again when it has caught up; if it was ahead before and is right now, restart.',
  },
  overloaded: {
    meaning:
      'More calls arrive than can be answered in time, and this one was not begun; on `/health/ready` also an instance that is shutting down.',
    caller: 'Repeat after the seconds of `Retry-After`.',
    operator:
      'Run another instance (that needs PostgreSQL), or use an ECDSA key, which is far cheaper to sign with.',
  },
};
