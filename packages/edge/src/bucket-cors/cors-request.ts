import type { IncomingHttpHeaders } from 'node:http';

/** What a request asks of a bucket's CORS rules. */
export interface CorsRequest {
  readonly origin: string;
  /** `Access-Control-Request-Method` where it is sent, on any method; else the method itself (R100). */
  readonly method: string;
  /** Lower case, in the order of the request. */
  readonly requestedHeaders: readonly string[];
}

/** Reads what S3 looks at; null without `Origin`, whatever the `Referer` says (R94). */
export function readCorsRequest(method: string, headers: IncomingHttpHeaders): CorsRequest | null {
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
