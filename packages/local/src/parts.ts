import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { LocalSettings } from './local-settings.js';
import { LocalProblem } from './problem.js';

/** One address of the settings that is served on this machine. */
export interface LocalPart {
  /** The setting that names it, for messages. */
  readonly setting: 'APP_ORIGINS' | 'PUBLIC_URL' | 'CLOUDFRONT_DOMAIN';
  readonly origin: string;
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
  readonly isHttps: boolean;
}

/** What `edgepass start` runs; `null` lives elsewhere. */
export interface LocalParts {
  /** The first origin of APP_ORIGINS that lives here. */
  readonly page: LocalPart | null;
  readonly api: LocalPart | null;
  readonly edge: LocalPart | null;
  /** Names that resolve nowhere: one line each. */
  readonly warnings: readonly string[];
}

/** Addresses of a host name; empty when it has none. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/**
 * Decides by the addresses in the settings which parts live on this machine: `*.localhost`, `*.test`
 * (RFC 6761), a loopback address, or a name that resolves to one.
 * @throws LocalProblem when none does
 */
export async function findLocalParts(
  settings: Pick<LocalSettings, 'appOrigins' | 'publicUrl' | 'cloudFrontUrl'>,
  resolve: Resolve = systemResolve,
): Promise<LocalParts> {
  const warnings: string[] = [];
  const here = async (setting: LocalPart['setting'], address: string): Promise<LocalPart | null> => {
    const part = partOf(setting, address);
    if (isThisMachine(part.host)) return part;
    if (isIP(part.host) !== 0) return null;
    const addresses = await resolve(part.host);
    if (addresses.length === 0) {
      warnings.push(
        `${setting}: ${part.host} does not resolve, so it is taken to live elsewhere; ` +
          `if it is this machine, add \`127.0.0.1 ${part.host}\` to the hosts file`,
      );
    }
    return addresses.length > 0 && addresses.every(isLoopback) ? part : null;
  };

  const pages = await Promise.all(settings.appOrigins.map((origin) => here('APP_ORIGINS', origin)));
  const page = pages.find((part) => part !== null) ?? null;
  const [api, edge] = await Promise.all([
    here('PUBLIC_URL', settings.publicUrl.origin),
    here('CLOUDFRONT_DOMAIN', settings.cloudFrontUrl),
  ]);
  if (page === null && api === null && edge === null) {
    const lines = [
      ...warnings,
      'edgepass start: none of APP_ORIGINS, PUBLIC_URL and CLOUDFRONT_DOMAIN is on this machine, so there is nothing to start',
    ];
    throw new LocalProblem(lines.join('\n'));
  }
  return { page, api, edge, warnings };
}

function partOf(setting: LocalPart['setting'], address: string): LocalPart {
  const url = new URL(address);
  const isHttps = url.protocol === 'https:';
  return {
    setting,
    origin: url.origin,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: portOf(url),
    isHttps,
  };
}

/** The port that an address means when it names none. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

/** The same origin at another port. */
export function withPort(origin: string, port: number): string {
  const url = new URL(origin);
  url.port = String(port);
  return url.origin;
}

async function systemResolve(host: string): Promise<readonly string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}

/** Whether a host lies under `.localhost`, which never leaves this machine (RFC 6761 6.3). */
export function isUnderLocalhost(host: string): boolean {
  return host.endsWith('.localhost');
}

/** Whether an address, without brackets, is the loopback. */
export function isLoopback(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}

/** Whether a host leads back to its own machine whatever DNS says (RFC 6761; `.test` by a hosts file). */
function isThisMachine(host: string): boolean {
  return isLoopback(host) || /(?:^|\.)(?:localhost|test)$/.test(host);
}
