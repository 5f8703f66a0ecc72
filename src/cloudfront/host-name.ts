import { isIP } from 'node:net';

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** A DNS name in lower case, without port, wildcard, empty label or trailing dot (B12). */
export function isHostName(text: string): boolean {
  return text.length <= 253 && text.split('.').every((label) => LABEL.test(label));
}

/** A DNS name or an IP address; IPv6 with or without brackets. */
export function isHost(text: string): boolean {
  return isHostName(text) || isIP(withoutBrackets(text)) !== 0;
}

/** The form that sockets and DNS take: `::1`, where a URL has `[::1]`. */
export function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

/** Whether a host lies under `.localhost`, which never leaves this machine (RFC 6761 6.3). */
export function isUnderLocalhost(host: string): boolean {
  return host.endsWith('.localhost');
}

/** Whether an address is the loopback; IPv6 with or without brackets. */
export function isLoopback(address: string): boolean {
  const bare = withoutBrackets(address);
  return bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'));
}

/** Whether a host leads back to its own machine whatever DNS says (RFC 6761; `.test` by a hosts file). */
export function isThisMachine(host: string): boolean {
  return isLoopback(host) || /(?:^|\.)(?:localhost|test)$/.test(host);
}
