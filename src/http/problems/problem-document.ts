import { PROBLEM_CODES, type ProblemCode } from './problem-codes.js';
import type { Problem } from './problem.js';

/** The body of a refusal or failure, RFC 9457, with our `code` beside its members. */
export interface ProblemDocument {
  /** `urn:edgepass:error:<code>`; `docs/errors.md` has a section per code. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail?: string;
  /** `urn:uuid:<request id>`, the id under which the operator finds it in the log. */
  readonly instance: string;
}

/** Members in an order that never changes, so that an answer can be compared as text. */
export function problemDocument(problem: Problem, requestId: string): ProblemDocument {
  return {
    type: `urn:edgepass:error:${problem.code}`,
    title: PROBLEM_CODES[problem.code].title,
    status: problem.status,
    code: problem.code,
    ...(problem.detail === undefined ? {} : { detail: problem.detail }),
    instance: `urn:uuid:${requestId}`,
  };
}

const RETRY_AFTER_SECONDS = 5;

/** Header fields of a problem's answer, in lower case. 429 and 503 always say when to come back. */
export function problemHeaders(problem: Problem): Record<string, string> {
  const retryAfterSeconds =
    problem.retryAfterSeconds ??
    (problem.status === 429 || problem.status === 503 ? RETRY_AFTER_SECONDS : null);
  return {
    ...Object.fromEntries(
      Object.entries(problem.headers).map(([name, value]) => [name.toLowerCase(), value]),
    ),
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    ...(retryAfterSeconds === null ? {} : { 'retry-after': String(retryAfterSeconds) }),
  };
}
