import type { IncomingHttpHeaders } from 'node:http';
import type { EdgeAnswer } from '../edge-answer.js';
import type { HeaderList } from '../header-list.js';
import type { ViewerRequest } from '../viewer-request.js';
import { s3Error } from './s3-error.js';

/** The CORS rules of a bucket, with the local names of the origins that stand in them. */
export interface BucketCors {
  /** In the order of the file: the first that fits decides (R99). */
  readonly rules: readonly BucketCorsRule[];
  /** Origin of a local page → origin that stands in the rules. */
  readonly pageOrigins: ReadonlyMap<string, string>;
}

/** One rule of `aws s3api get-bucket-cors`. */
export interface BucketCorsRule {
  /** Exact origins or patterns with one `*` (R98). */
  readonly allowedOrigins: readonly string[];
  readonly allowedMethods: readonly string[];
  /** Names or patterns with one `*`, in any case (R98, R102). */
  readonly allowedHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly maxAgeSeconds: number | null;
}

/** What a request asks of a bucket's CORS rules. */
interface CorsRequest {
  readonly origin: string;
  /** `Access-Control-Request-Method` where it is sent, on any method; else the method itself (R100). */
  readonly method: string;
  /** Lower case, in the order of the request. */
  readonly requestedHeaders: readonly string[];
}

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
  const added = bucketCorsHeaders(cors, { method, headers });
  return added.length === 0 ? answer : { ...answer, headers: [...answer.headers, ...added] };
}

/**
 * The CORS headers that a bucket puts on its answer to a request, `Vary` included; none without `Origin` and when
 * no rule fits.
 *
 * @param cors the rules of an origin, as `readDistribution` gives them
 * @example
 * bucketCorsHeaders(cors, { method: 'GET', headers: { origin: 'https://app.example.com' } });
 */
export function bucketCorsHeaders(
  cors: BucketCors,
  { method, headers }: Pick<ViewerRequest, 'method' | 'headers'>,
): HeaderList {
  const request = readCorsRequest(method, headers);
  const rule = request === null ? null : chooseRule(cors, request);
  return request === null || rule === null ? [] : ruleHeaders(rule, request);
}

/** Reads what S3 looks at; null without `Origin`, whatever the `Referer` says (R94). */
function readCorsRequest(method: string, headers: IncomingHttpHeaders): CorsRequest | null {
  if (headers.origin === undefined) return null;
  return {
    origin: headers.origin,
    method: headers['access-control-request-method'] ?? method,
    requestedHeaders: (headers['access-control-request-headers'] ?? '')
      .split(',')
      .map((name) => name.trim().toLowerCase())
      .filter((name) => name !== ''),
  };
}

/**
 * The first rule that allows origin, method and every requested header (R99); null when none does. The case of an
 * origin counts: browsers send it in lower case, and S3's documents compare it as text (R98).
 */
function chooseRule(cors: BucketCors, request: CorsRequest): BucketCorsRule | null {
  const { rules, pageOrigins } = cors;
  // A local page may be allowed by its own name or by that of the production page it stands for.
  const production = pageOrigins.get(request.origin);
  const origins = production === undefined ? [request.origin] : [request.origin, production];
  return (
    rules.find(
      (rule) =>
        rule.allowedMethods.includes(request.method) &&
        rule.allowedOrigins.some((pattern) => origins.some((origin) => covers(pattern, origin))) &&
        request.requestedHeaders.every((name) =>
          rule.allowedHeaders.some((pattern) => covers(pattern.toLowerCase(), name)),
        ),
    ) ?? null
  );
}

/** R98: one `*` stands for any characters or none; everything else is literal, both ends anchored. */
function covers(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*');
  if (star === -1) return pattern === text;
  return (
    text.length >= pattern.length - 1 &&
    text.startsWith(pattern.slice(0, star)) &&
    text.endsWith(pattern.slice(star + 1))
  );
}

/**
 * The headers that a rule puts on an answer, the same on a preflight and on a simple request (R95). A rule
 * with a bare `*` names no origin and so allows no credentials (R96); a partial wildcard echoes (R97).
 */
function ruleHeaders(rule: BucketCorsRule, request: CorsRequest): HeaderList {
  const isForAny = rule.allowedOrigins.includes('*');
  const lists: HeaderList = [
    ['Access-Control-Allow-Origin', isForAny ? '*' : request.origin],
    ['Access-Control-Allow-Methods', rule.allowedMethods.join(', ')],
    ['Access-Control-Allow-Headers', request.requestedHeaders.join(', ')],
    ['Access-Control-Expose-Headers', rule.exposeHeaders.join(', ')],
    ['Access-Control-Max-Age', rule.maxAgeSeconds === null ? '' : String(rule.maxAgeSeconds)],
  ];
  return [
    ...lists.filter(([, value]) => value !== ''),
    ...(isForAny ? [] : ([['Access-Control-Allow-Credentials', 'true']] as const)),
    ['Vary', 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'],
  ];
}
