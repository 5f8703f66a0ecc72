import type { IncomingHttpHeaders } from 'node:http';
import type { EdgeAnswer } from '../edge-answer.js';
import { s3Error } from '../origin/s3-error.js';
import type { BucketCors } from './bucket-cors.js';
import { chooseRule } from './choose-rule.js';
import { readCorsRequest } from './cors-request.js';
import { ruleHeaders } from './rule-headers.js';

/** The methods that S3 knows in a rule (R98); it refuses to look for any other. */
const KNOWN_METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD'];
const NOT_ALLOWED =
  "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.";

/**
 * S3's answer to OPTIONS: what a rule gives (R105), or a refusal in S3's words, its typo included (R103,
 * R104). It needs no permission and no object.
 */
export function answerOptions(
  cors: BucketCors | null,
  headers: IncomingHttpHeaders,
  resourceType: 'BUCKET' | 'OBJECT',
): EdgeAnswer {
  const request = readCorsRequest('OPTIONS', headers);
  if (request === null) return { ...s3Error('BadRequest'), reason: 'options-without-origin' };
  if (cors === null) {
    const details = { Method: request.method, ResourceType: 'BUCKET' };
    return { ...s3Error('AccessForbidden', details), reason: 'bucket-without-cors' };
  }
  const asked = headers['access-control-request-method'];
  // R104: seen without the header; a method that no rule can name is answered the same way.
  if (asked === undefined || !KNOWN_METHODS.includes(asked)) {
    const message = `Invalid Access-Control-Request-Method: ${asked ?? 'null'}`;
    return { ...s3Error('BadRequest', {}, message), reason: 'options-without-known-method' };
  }
  const rule = chooseRule(cors, request);
  if (rule === null) {
    const details = { Method: request.method, ResourceType: resourceType };
    return { ...s3Error('AccessForbidden', details, NOT_ALLOWED), reason: 'no-cors-rule-fits' };
  }
  return {
    status: 200,
    headers: [...ruleHeaders(rule, request), ['Content-Length', '0'], ['Server', 'AmazonS3']],
    body: { kind: 'empty' },
  };
}
