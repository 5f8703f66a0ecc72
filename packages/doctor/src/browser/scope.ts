import { isIP } from 'node:net';

/** Where a kept cookie goes to: its domain, and whether to that host alone. */
export interface Scope {
  readonly domain: string;
  readonly hostOnly: boolean;
  readonly path: string;
}

/** Whether a host receives cookies with that Domain (B5). */
export function domainMatches(host: string, domain: string): boolean {
  const name = host.toLowerCase();
  return name === domain || (isIP(bare(name)) === 0 && name.endsWith(`.${domain}`));
}

/** Whether a scope reaches a host (B5, B10). */
export function reachesHost({ domain, hostOnly }: Scope, host: string): boolean {
  return hostOnly ? domain === host.toLowerCase() : domainMatches(host, domain);
}

/** Whether a cookie's Path covers the path of a request (B57). */
export function coversPath(cookiePath: string, requestPath: string): boolean {
  if (cookiePath === requestPath) return true;
  if (!requestPath.startsWith(cookiePath)) return false;
  return cookiePath.endsWith('/') || requestPath[cookiePath.length] === '/';
}

/** `::1` for `[::1]`: sockets take the bare form. */
export function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}
