/**
 * Every code an answer can carry, with its one HTTP status and the sentence that never changes.
 * This table is the only place where a status is decided; `docs/errors.md` is generated from it.
 */
export const PROBLEM_CODES = {
  request_malformed: { status: 400, title: 'The request could not be read' },
  body_malformed: { status: 400, title: 'The body is not one JSON object' },
  duplicate_key: { status: 400, title: 'The body names a member twice' },
  field_unknown: { status: 400, title: 'The call has a member that it does not know' },
  prefix_required: { status: 400, title: 'The body must name a prefix' },
  prefix_invalid: { status: 400, title: 'The prefix is not the name of a folder that can be granted' },
  prefix_too_long: { status: 400, title: 'The prefix is longer than 512 bytes in its escaped form' },
  prefix_too_deep: { status: 400, title: 'The prefix has more than 16 segments' },
  ttl_invalid: { status: 400, title: 'ttlSeconds is not an integer number of seconds' },
  ttl_out_of_range: { status: 400, title: 'ttlSeconds is outside the allowed range' },
  path_invalid: { status: 400, title: 'The path is not that of a file that a URL can be signed for' },
  url_not_allowed: { status: 400, title: 'The address is none of a file on the configured CDN' },
  subject_invalid: { status: 400, title: 'The subject is not user:ID, group:NAME or everyone' },
  period_invalid: { status: 400, title: 'The period is not two timestamps in order' },
  page_invalid: { status: 400, title: 'limit or cursor cannot be used' },
  user_unknown: { status: 400, title: 'There is no such demo user' },
  token_missing: { status: 401, title: 'An access token is required' },
  token_invalid: { status: 401, title: 'The access token is not accepted' },
  token_expired: { status: 401, title: 'The access token has expired' },
  token_not_yet_valid: { status: 401, title: 'The access token is not valid yet' },
  not_entitled: { status: 403, title: 'The caller may not open this prefix' },
  csrf_rejected: { status: 403, title: 'The call did not come from a page that may make it' },
  admin_required: { status: 403, title: 'The caller is not an administrator' },
  not_found: { status: 404, title: 'There is nothing here' },
  method_not_allowed: { status: 405, title: 'This address does not take that method' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  body_too_large: { status: 413, title: 'The body is larger than 16 KB' },
  media_type_unsupported: { status: 415, title: 'The body must be application/json in UTF-8' },
  rate_limited: { status: 429, title: 'Too many requests' },
  headers_too_large: { status: 431, title: 'The request headers are too large' },
  internal: { status: 500, title: 'The service failed' },
  database_unavailable: { status: 503, title: 'The database does not answer' },
  audit_unavailable: { status: 503, title: 'The grant could not be recorded, so it was not given' },
  keys_unavailable: { status: 503, title: 'The keys of access tokens cannot be fetched' },
  clock_untrusted: { status: 503, title: 'The clock of this machine cannot be trusted' },
  overloaded: { status: 503, title: 'The service is at its limit' },
} as const satisfies Record<string, { status: number; title: string }>;

/** A stable, documented name of what went wrong. */
export type ProblemCode = keyof typeof PROBLEM_CODES;
