import { freePort } from './free-ports.js';
import type { LocalSettings } from './local-settings.js';
import { withPort, type LocalParts } from './parts.js';
import { LocalProblem } from './problem.js';

/** The servers that share the edge's address: the edge answers there and passes on what is theirs. */
export interface ServersBehindEdge {
  readonly page: ServerBehindEdge | null;
  /** `basePath` is the path of PUBLIC_URL, by which a request for the API is known from one for a file: `/api`. */
  readonly api: (ServerBehindEdge & { readonly basePath: string }) | null;
}

/** What runs here, and what of it stands behind the edge. */
export interface PlacedParts extends LocalParts {
  readonly behindEdge: ServersBehindEdge;
}

/** Where it listens: plain HTTP, which never leaves this machine. */
interface ServerBehindEdge {
  readonly host: string;
  readonly port: number;
}

const HOST = '127.0.0.1';

/**
 * Decides by their addresses which servers stand behind the edge, and finds a port for each.
 * @throws LocalProblem where the API shares the edge's address and PUBLIC_URL has no path
 */
export async function placeParts(
  parts: LocalParts,
  settings: Pick<LocalSettings, 'publicUrl' | 'apiPort'>,
): Promise<PlacedParts> {
  const { page, api, edge } = parts;
  const { origin, basePath } = settings.publicUrl;
  const isApiBehind = edge !== null && api?.origin === edge.origin;
  if (isApiBehind && basePath === '') {
    throw new LocalProblem(
      `PUBLIC_URL: expected a path, because the API shares the address of CLOUDFRONT_DOMAIN; found ${origin}; ` +
        `set PUBLIC_URL=${origin}/api`,
    );
  }
  const behindEdge = {
    page: edge !== null && page?.origin === edge.origin ? serverAt(await freePort(HOST)) : null,
    api: isApiBehind ? { ...serverAt(settings.apiPort ?? (await freePort(HOST))), basePath } : null,
  };
  return { ...parts, behindEdge };
}

/**
 * What to say where the API listens on PORT and pages look for it at another port, that of PUBLIC_URL; `null` where
 * nothing is to be said. A proxy of the user's own may stand there, so it is no reason to refuse.
 */
export function noteOfPort(
  { api, behindEdge }: PlacedParts,
  { publicUrl, apiPort }: Pick<LocalSettings, 'publicUrl' | 'apiPort'>,
): string | null {
  if (api === null || behindEdge.api !== null || apiPort === null || apiPort === api.port) return null;
  return (
    `PORT: the API listens on ${apiPort}, but pages look for it at ${publicUrl.origin}; ` +
    `set PUBLIC_URL=${withPort(publicUrl.origin, apiPort)}${publicUrl.basePath} or leave PORT out, ` +
    `unless a proxy of yours at ${publicUrl.origin} leads to the API`
  );
}

function serverAt(port: number): ServerBehindEdge {
  return { host: HOST, port };
}
