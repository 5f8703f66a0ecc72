import { ERROR_CODES } from './error-codes.js';

/** A code of the API, or `unexpected_answer` when something else (a proxy, a wrong address) answered. */
export type EdgepassErrorCode = (typeof ERROR_CODES)[number] | 'unexpected_answer';

/** The API answered with a refusal. `code` is stable and documented; `message` is for people. */
export class EdgepassError extends Error {
  override readonly name = 'EdgepassError';
  readonly code: EdgepassErrorCode;
  readonly status: number;
  /** Seconds to wait before another try, when the API named them (429 and 503). */
  readonly retryAfterSeconds: number | undefined;

  constructor(refusal: {
    code: EdgepassErrorCode;
    status: number;
    message: string;
    retryAfterSeconds?: number | undefined;
  }) {
    super(refusal.message);
    this.code = refusal.code;
    this.status = refusal.status;
    this.retryAfterSeconds = refusal.retryAfterSeconds;
  }

  /** True when the same call can succeed later without anyone changing anything. */
  get temporary(): boolean {
    return this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/**
 * No answer that the page may read. A browser tells a page no more than `TypeError` for all of these,
 * so the message lists what it can mean.
 */
export class EdgepassNetworkError extends Error {
  override readonly name = 'EdgepassNetworkError';
  readonly url: string;

  constructor(url: string, pageOrigin: string | undefined, cause: unknown) {
    const origin = pageOrigin ?? "this page's origin";
    super(
      `No readable answer from ${url}. It can mean: the browser does not trust the certificate of that host ` +
        `(open ${new URL(url).origin} in a tab to see); nothing answers there; or APP_ORIGINS of the API ` +
        `does not list ${origin}, exactly as written here.`,
      { cause },
    );
    this.url = url;
  }
}

/**
 * Reads a refusal of the API (RFC 9457 problem details).
 * Anything that is not one, an HTML page of a proxy for example, gets the code `unexpected_answer`.
 */
export async function readRefusal(response: Response): Promise<EdgepassError> {
  const problem: unknown = await response.json().catch(() => undefined);
  const retryAfterSeconds = readRetryAfter(response.headers.get('retry-after'));
  const { code, detail, title } = fieldsOf(problem);
  const known = ERROR_CODES.find((candidate) => candidate === code);
  if (known === undefined) {
    return new EdgepassError({
      code: 'unexpected_answer',
      status: response.status,
      message: `Expected an answer of edgepass, got status ${response.status} from something else: check apiUrl.`,
      retryAfterSeconds,
    });
  }
  const text = typeof detail === 'string' ? detail : title;
  return new EdgepassError({
    code: known,
    status: response.status,
    message: typeof text === 'string' ? text : known,
    retryAfterSeconds,
  });
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function readRetryAfter(header: string | null): number | undefined {
  return header !== null && /^\d{1,9}$/.test(header) ? Number(header) : undefined;
}
