import { HttpException } from '@nestjs/common';
import type { ProblemCode } from './problem-codes.js';
import { Problem } from './problem.js';

/** What Nest, Express and their guards and parsers mean by a status. Statuses that are ours alone are absent. */
const CODE_OF_STATUS: Readonly<Record<number, ProblemCode>> = {
  400: 'request_malformed',
  401: 'token_missing',
  403: 'not_entitled',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'request_timeout',
  413: 'body_too_large',
  415: 'media_type_unsupported',
  429: 'rate_limited',
  431: 'headers_too_large',
  503: 'overloaded',
};

/** `type` of the errors of body-parser and raw-body (their README lists them). */
const CODE_OF_BODY_ERROR: Readonly<Record<string, ProblemCode>> = {
  'entity.parse.failed': 'body_malformed',
  'entity.too.large': 'body_too_large',
  'encoding.unsupported': 'media_type_unsupported',
  'charset.unsupported': 'media_type_unsupported',
  'request.size.invalid': 'request_malformed',
  'request.aborted': 'request_malformed',
};

/**
 * Whatever was thrown, as a {@link Problem}: a code of the closed list and nothing of the thrown text,
 * which may hold input or internals. What nobody foresaw becomes `internal` and keeps the error as its cause.
 */
export function problemFrom(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const code = codeOf(error);
  return new Problem(code, { cause: error, reason: reasonOf(error, code) });
}

function codeOf(error: unknown): ProblemCode {
  const status = statusOf(error);
  if (status === null) return 'internal';
  const source = error instanceof HttpException ? error.cause : error;
  const bodyError = textMember(source, 'type');
  if (bodyError !== null && CODE_OF_BODY_ERROR[bodyError] !== undefined) return CODE_OF_BODY_ERROR[bodyError];
  return CODE_OF_STATUS[status] ?? (status < 500 ? 'request_malformed' : 'internal');
}

/** The status of a Nest `HttpException` or an `http-errors` object; `null` for any other error. */
function statusOf(error: unknown): number | null {
  if (error instanceof HttpException) return error.getStatus();
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return null;
  return error.status >= 400 && error.status < 600 ? error.status : null;
}

function reasonOf(error: unknown, code: ProblemCode): string {
  const source = error instanceof HttpException ? (error.cause ?? error) : error;
  return textMember(source, 'type') ?? (source instanceof Error ? source.name : code);
}

function textMember(value: unknown, name: string): string | null {
  if (typeof value !== 'object' || value === null || !(name in value)) return null;
  const member = (value as Record<string, unknown>)[name];
  return typeof member === 'string' ? member : null;
}
