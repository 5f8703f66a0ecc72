import { isIP } from 'node:net';

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** A DNS name in lower case, without port, wildcard, empty label or trailing dot (B12). */
export function isHostName(text: string): boolean {
  return text.length <= 253 && text.split('.').every((label) => LABEL.test(label));
}

/** A DNS name or an IP address; IPv6 with or without brackets. */
export function isHost(text: string): boolean {
  return isHostName(text) || isIP(text.replace(/^\[(.*)\]$/, '$1')) !== 0;
}

/** Whether a host lies under `.localhost`, which never leaves this machine (RFC 6761 6.3). */
export function isUnderLocalhost(url: string): boolean {
  return new URL(url).hostname.endsWith('.localhost');
}
