import type { IncomingHttpHeaders } from 'node:http';
import type { EdgeAnswer } from '../edge-answer.js';
import type { BucketCors } from './bucket-cors.js';
import { chooseRule } from './choose-rule.js';
import { readCorsRequest } from './cors-request.js';
import { ruleHeaders } from './rule-headers.js';

/**
 * Adds what the bucket's rules give to the answer of a simple request, an error included (R106). Without
 * `Origin` (R94), and when no rule fits (R101), the answer stays as it is, `Vary` included.
 */
export function withBucketCors(
  answer: EdgeAnswer,
  cors: BucketCors,
  method: string,
  headers: IncomingHttpHeaders,
): EdgeAnswer {
  const request = readCorsRequest(method, headers);
  const rule = request === null ? null : chooseRule(cors, request);
  if (request === null || rule === null) return answer;
  return { ...answer, headers: [...answer.headers, ...ruleHeaders(rule, request)] };
}
