import type { ERROR_CODES } from './error-codes.js';

type KnownCode = (typeof ERROR_CODES)[number];

/** A code of the API, or `unexpected_answer` when something else (a proxy, a wrong address) answered. */
export type EdgepassErrorCode = KnownCode | 'unexpected_answer';

/** The API answered with a refusal. `code` is stable and documented; `message` is for people. */
export class EdgepassError extends Error {
  override readonly name = 'EdgepassError';
  declare readonly code: EdgepassErrorCode;
  declare readonly status: number;
  /** Seconds to wait before another try, when the API named them (429 and 503). */
  declare readonly retryAfterSeconds: number | undefined;

  constructor(refusal: {
    code: EdgepassErrorCode;
    status: number;
    message: string;
    retryAfterSeconds?: number | undefined;
  }) {
    const { message, ...fields } = refusal;
    super(message);
    Object.assign(this, fields);
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
  declare readonly url: string;

  constructor(url: string, cause: unknown) {
    const { location } = globalThis as { location?: { origin: string } };
    super(
      `No readable answer from ${url}: its certificate is not trusted (open it in a tab to see), nothing answers there, ` +
        `or its APP_ORIGINS does not list ${location?.origin ?? 'this page'}.`,
      { cause },
    );
    Object.assign(this, { url });
  }
}

/** A file of the CDN did not load. `status` is undefined where the browser withholds the answer from the page. */
export class EdgepassLoadError extends Error {
  override readonly name = 'EdgepassLoadError';
  declare readonly url: string;
  declare readonly status: number | undefined;

  constructor(url: string, status?: number, cause?: unknown) {
    super(`${url} did not load: ${status ?? 'no readable answer'}`, { cause });
    Object.assign(this, { url, status });
  }
}

/**
 * Reads a refusal of the API (RFC 9457 problem details).
 * Anything that is not one, an HTML page of a proxy for example, gets the code `unexpected_answer`.
 */
export async function readRefusal(response: Response): Promise<EdgepassError> {
  const { type, code, detail, title } = await readObject(response);
  const retryAfterSeconds = readRetryAfter(response.headers.get('retry-after'));
  const isOurs = typeof code === 'string' && type === `urn:edgepass:error:${code}`;
  if (!isOurs) return unexpectedAnswer(response, retryAfterSeconds);
  return new EdgepassError({
    code: code as KnownCode,
    status: response.status,
    message: [detail, title].find((text) => typeof text === 'string') ?? code,
    retryAfterSeconds,
  });
}

/** Something else answered: a proxy, or what stands at a wrong address. */
export function unexpectedAnswer(response: Response, retryAfterSeconds?: number): EdgepassError {
  return new EdgepassError({
    code: 'unexpected_answer',
    status: response.status,
    message: `${response.url} answered ${response.status}, but not as edgepass does: check apiUrl.`,
    retryAfterSeconds,
  });
}

/** The members of a JSON answer; none where it is no JSON, or no object. */
export async function readObject(response: Response): Promise<Record<string, unknown>> {
  return Object(await response.json().catch(() => undefined)) as Record<string, unknown>;
}

function readRetryAfter(header: string | null): number | undefined {
  return /^\d{1,9}$/.test(header ?? '') ? Number(header) : undefined;
}
