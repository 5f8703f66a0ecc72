import type { IncomingMessage } from 'node:http';
import type { CorsOptions } from 'cors';

/** Seconds that a browser may keep a preflight's answer: long enough to matter, short enough to fix a list. */
const PREFLIGHT_MAX_AGE_SECONDS = 600;

const FOR_LISTED: CorsOptions = {
  origin: true,
  credentials: true,
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
  allowedHeaders: ['Authorization', 'Content-Type'],
  exposedHeaders: ['Retry-After'],
  maxAge: PREFLIGHT_MAX_AGE_SECONDS,
};

/** No CORS header at all but `Vary: Origin`: with `origin` alone, credentials and methods would be allowed to nobody. */
const FOR_OTHERS: CorsOptions = { origin: [], methods: [], allowedHeaders: [] };

/** The CORS options of each request, for the package `cors`: those of a listed origin, compared exactly, or none. */
export function corsFor(appOrigins: readonly string[]) {
  return (
    request: Pick<IncomingMessage, 'headers'>,
    give: (error: null, options: CorsOptions) => void,
  ): void => {
    const { origin } = request.headers;
    give(null, origin !== undefined && appOrigins.includes(origin) ? FOR_LISTED : FOR_OTHERS);
  };
}

/** The same for an answer to what is no request that `cors` could read. */
export function corsHeaders(
  origin: string | undefined,
  appOrigins: readonly string[],
): Readonly<Record<string, string>> {
  if (origin === undefined || !appOrigins.includes(origin)) return { Vary: 'Origin' };
  return {
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Allow-Credentials': 'true',
    'Access-Control-Expose-Headers': 'Retry-After',
    Vary: 'Origin',
  };
}
