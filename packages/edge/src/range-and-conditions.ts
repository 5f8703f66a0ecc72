import type { IncomingHttpHeaders } from 'node:http';
import { discard, type AnswerBody, type EdgeAnswer } from './edge-answer.js';
import { headerOf, withHeader, type HeaderList } from './header-list.js';
import { readHttpDate } from './http-date.js';
import { s3Error } from './origin/s3-error.js';

/** They describe a body that a 304 does not have. */
const OF_THE_BODY = ['content-type', 'content-length', 'accept-ranges'];

/** The headers of a request that ask for a range or set conditions. */
export const RANGE_AND_CONDITIONS: readonly string[] = [
  'range',
  'if-range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
];

/** What a `Range` header asks for of an object of known length. Positions are inclusive. */
export type RangeReading =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly firstByte: number; readonly lastByte: number }
  | { readonly kind: 'unsatisfiable' };

/** What identifies the current version of an object; null for what its origin does not say. */
export interface Validators {
  readonly entityTag: string | null;
  readonly lastModifiedEpochSeconds: number | null;
}

/** The range and the conditions of a request, for an answer that no cache stands before. */
export function rangeAndConditionsOf(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const found: IncomingHttpHeaders = {};
  for (const name of RANGE_AND_CONDITIONS) {
    const value = headers[name];
    if (value !== undefined) found[name] = value;
  }
  return found;
}

/**
 * Answers a request for a range or under conditions from a whole 200, the copy in the cache or the object that the
 * origin has just opened: decided here for both (R93). Anything but a 200 is given as it is.
 *
 * @param nowEpochSeconds decides the century of a `Last-Modified` with two digits of a year
 */
export async function answerFromWhole(
  whole: EdgeAnswer,
  byteLength: number | null,
  request: IncomingHttpHeaders,
  nowEpochSeconds: number,
): Promise<EdgeAnswer> {
  if (whole.status !== 200) return whole;
  const validators = validatorsOf(whole.headers, nowEpochSeconds);
  const precondition = evaluatePreconditions(request, validators);
  if (precondition === 'not-modified') {
    await discard(whole);
    const headers = whole.headers.filter(([name]) => !OF_THE_BODY.includes(name.toLowerCase()));
    return { status: 304, headers, body: { kind: 'empty' } };
  }
  if (precondition === 'failed') {
    const condition = request['if-match'] === undefined ? 'If-Unmodified-Since' : 'If-Match';
    return refused(whole, s3Error('PreconditionFailed', { Condition: condition }));
  }
  // CF-CO: of a body without a length the viewer gets the whole.
  if (request.range === undefined || byteLength === null) return whole;
  const ifRange = [request['if-range']].flat()[0];
  if (!rangeIsCurrent(ifRange, validators)) return whole;
  const range = readByteRange(request.range, byteLength);
  if (range.kind === 'whole') return whole;
  if (range.kind === 'unsatisfiable') {
    const details = { RangeRequested: request.range.slice(0, 200), ActualObjectSize: String(byteLength) };
    return refused(whole, s3Error('InvalidRange', details), [['Content-Range', `bytes */${byteLength}`]]);
  }
  const { firstByte, lastByte } = range;
  const length = lastByte - firstByte + 1;
  return {
    status: 206,
    headers: withContentRange(
      withHeader(whole.headers, 'Content-Length', String(length)),
      `bytes ${firstByte}-${lastByte}/${byteLength}`,
    ),
    body: partOf(whole.body, firstByte, length),
  };
}

/** S3 writes it behind `Accept-Ranges`. */
function withContentRange(headers: HeaderList, range: string): HeaderList {
  const before = headers.findIndex(([name]) => name === 'Accept-Ranges');
  return headers.toSpliced(before === -1 ? headers.length : before + 1, 0, ['Content-Range', range]);
}

/** No stream comes here: a server is asked for the part alone. */
function partOf(body: AnswerBody, firstByte: number, byteLength: number): AnswerBody {
  if (body.kind === 'bytes') {
    return { kind: 'bytes', bytes: body.bytes.subarray(firstByte, firstByte + byteLength) };
  }
  return body.kind === 'object' ? { ...body, firstByte, byteLength } : body;
}

/** R106: an error of the bucket carries the CORS headers of the object too. */
async function refused(whole: EdgeAnswer, error: EdgeAnswer, more: HeaderList = []): Promise<EdgeAnswer> {
  await discard(whole);
  const cors = whole.headers.filter(([name]) => /^(access-control-.*|vary)$/i.test(name));
  return { ...error, headers: [...error.headers, ...more, ...cors] };
}

function validatorsOf(headers: HeaderList, nowEpochSeconds: number): Validators {
  return {
    entityTag: headerOf(headers, 'ETag') ?? null,
    lastModifiedEpochSeconds: readHttpDate(headerOf(headers, 'Last-Modified') ?? '', nowEpochSeconds),
  };
}

/**
 * Reads one byte range: `bytes=0-99`, `bytes=100-`, `bytes=-100`. Anything else, several ranges included,
 * is answered with the whole object as S3 does (R93, R112, E33, E34).
 */
export function readByteRange(header: string | undefined, byteLength: number): RangeReading {
  const whole = { kind: 'whole' } as const;
  if (header === undefined || !header.toLowerCase().startsWith('bytes=')) return whole;
  const spec = header.slice('bytes='.length).trim();
  const dash = spec.indexOf('-');
  if (dash === -1) return whole;
  const first = spec.slice(0, dash).trim();
  const last = spec.slice(dash + 1).trim();
  if (![first, last].every((text) => /^[0-9]*$/.test(text)) || (first === '' && last === '')) return whole;
  if (first === '') {
    const suffixLength = Math.min(Number(last), byteLength);
    if (suffixLength === 0) return { kind: 'unsatisfiable' };
    return { kind: 'part', firstByte: byteLength - suffixLength, lastByte: byteLength - 1 };
  }
  if (last !== '' && Number(last) < Number(first)) return whole;
  if (Number(first) >= byteLength) return { kind: 'unsatisfiable' };
  const lastByte = last === '' ? byteLength - 1 : Math.min(Number(last), byteLength - 1);
  return { kind: 'part', firstByte: Number(first), lastByte };
}

/** What the conditions of a GET or HEAD ask for, in the order of RFC 9110 section 13.2.2. */
export function evaluatePreconditions(
  headers: IncomingHttpHeaders,
  validators: Validators,
): 'proceed' | 'not-modified' | 'failed' {
  const ifMatch = headers['if-match'];
  if (ifMatch !== undefined) {
    if (!listHolds(ifMatch, validators.entityTag, 'strong')) return 'failed';
  } else if (isLater(validators, headers['if-unmodified-since']) === true) {
    return 'failed';
  }
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch !== undefined) {
    if (listHolds(ifNoneMatch, validators.entityTag, 'weak')) return 'not-modified';
  } else if (isLater(validators, headers['if-modified-since']) === false) {
    return 'not-modified';
  }
  return 'proceed';
}

/** Whether the object was changed after a date; null when there are no two dates to compare. */
function isLater({ lastModifiedEpochSeconds }: Validators, date: string | undefined): boolean | null {
  if (date === undefined || lastModifiedEpochSeconds === null) return null;
  // Two digits of a year are of the century of the date that they are compared with.
  const epochSeconds = readHttpDate(date, lastModifiedEpochSeconds);
  return epochSeconds === null ? null : lastModifiedEpochSeconds > epochSeconds;
}

/** Says whether a `Range` counts: without `If-Range`, or when that names the current version (E38). */
export function rangeIsCurrent(ifRange: string | undefined, validators: Validators): boolean {
  if (ifRange === undefined) return true;
  const value = ifRange.trim();
  const { entityTag, lastModifiedEpochSeconds } = validators;
  if (/^(?:W\/)?"/.test(value)) return value === entityTag && !value.startsWith('W/');
  return (
    lastModifiedEpochSeconds !== null &&
    readHttpDate(value, lastModifiedEpochSeconds) === lastModifiedEpochSeconds
  );
}

/** Says whether a list of entity tags names this one (RFC 9110 section 8.8.3.2). */
function listHolds(header: string, entityTag: string | null, comparison: 'strong' | 'weak'): boolean {
  if (header.trim() === '*') return true;
  if (entityTag === null || (comparison === 'strong' && entityTag.startsWith('W/'))) return false;
  const tags = header.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return tags.some((tag) =>
    comparison === 'strong' ? tag === entityTag : opaque(tag) === opaque(entityTag),
  );
}

function opaque(entityTag: string): string {
  return entityTag.replace(/^W\//, '');
}
