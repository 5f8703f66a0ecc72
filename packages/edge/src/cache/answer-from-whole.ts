import type { IncomingHttpHeaders } from 'node:http';
import { discard, type AnswerBody, type EdgeAnswer } from '../edge-answer.js';
import { headerOf, withHeader, type HeaderList } from '../header-list.js';
import { readByteRange } from '../origin/byte-range.js';
import { evaluatePreconditions, rangeIsCurrent, type Validators } from '../origin/preconditions.js';
import { s3Error } from '../origin/s3-error.js';

/** They describe a body that a 304 does not have. */
const OF_THE_BODY = ['content-type', 'content-length', 'accept-ranges'];

/**
 * Answers a request for a range or under conditions from a whole 200 of the origin, stored or just opened
 * (R93). Anything but a 200 is given as it is.
 */
export async function answerFromWhole(
  whole: EdgeAnswer,
  byteLength: number,
  request: IncomingHttpHeaders,
): Promise<EdgeAnswer> {
  if (whole.status !== 200) return whole;
  const validators = validatorsOf(whole.headers);
  const precondition = validators === null ? 'proceed' : evaluatePreconditions(request, validators);
  if (precondition === 'not-modified') {
    await discard(whole);
    const headers = whole.headers.filter(([name]) => !OF_THE_BODY.includes(name.toLowerCase()));
    return { status: 304, headers, body: { kind: 'empty' } };
  }
  if (precondition === 'failed') {
    const condition = request['if-match'] === undefined ? 'If-Unmodified-Since' : 'If-Match';
    return refused(whole, s3Error('PreconditionFailed', { Condition: condition }));
  }
  if (request.range === undefined) return whole;
  const ifRange = [request['if-range']].flat()[0];
  if (ifRange !== undefined && (validators === null || !rangeIsCurrent(ifRange, validators))) return whole;
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
    headers: [
      ...withHeader(whole.headers, 'Content-Length', String(length)),
      ['Content-Range', `bytes ${firstByte}-${lastByte}/${byteLength}`],
    ],
    body: partOf(whole.body, firstByte, length),
  };
}

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

function validatorsOf(headers: HeaderList): Validators | null {
  const entityTag = headerOf(headers, 'ETag');
  const milliseconds = Date.parse(headerOf(headers, 'Last-Modified') ?? '');
  if (entityTag === undefined || Number.isNaN(milliseconds)) return null;
  return { entityTag, lastModifiedEpochSeconds: Math.floor(milliseconds / 1000) };
}
