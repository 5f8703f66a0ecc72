import { isIPv4, isIPv6 } from 'node:net';

/** What `request.ip` gives for a connection that is gone. */
const UNKNOWN = 'unknown';

/**
 * The bucket of a caller's address: an IPv4 address itself, an IPv6 address its /64, because a home or a
 * machine is given all of one (RFC 6177) and could take another address for each request.
 */
export function addressBucket(address: string | undefined): string {
  if (address === undefined) return UNKNOWN;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (isIPv4(address)) return address;
  const [bare = ''] = address.split('%');
  return isIPv6(bare) ? `${groupsOf(bare).slice(0, 4).join(':')}::/64` : UNKNOWN;
}

/** The eight groups, in the one spelling without leading zeros. */
function groupsOf(address: string): readonly string[] {
  // A tail in IPv4 spelling stands for two groups, never among the first four.
  const [head = '', tail] = address.replace(/\d{1,3}(?:\.\d{1,3}){3}$/, '0:0').split('::');
  const read = (text: string): string[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16).toString(16));
  const first = read(head);
  if (tail === undefined) return first;
  const last = read(tail);
  return [...first, ...Array.from({ length: 8 - first.length - last.length }, () => '0'), ...last];
}
