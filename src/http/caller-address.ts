import type { IncomingMessage } from 'node:http';
import { isIP, isIPv4, isIPv6 } from 'node:net';
import proxyAddress from 'proxy-addr';

/** `address:port` and `[address]:port`, as some gateways and an option of AWS's load balancer write it. */
const WITH_PORT = /^(?:\[([^\]]*)\](?::\d+)?|(\d+(?:\.\d+){3}):\d+)$/;

/** Whether a connection from this address is one of a proxy whose forwarding headers count. */
export function trustOf(trustedProxies: readonly string[]): (address: string) => boolean {
  if (trustedProxies.length === 0) return () => false;
  const trusts = proxyAddress.compile([...trustedProxies]);
  return (address) => isIP(address) !== 0 && trusts(address, 0);
}

/**
 * The address that a request came from: that of its connection, or, where this is a trusted proxy's, the last
 * one in `X-Forwarded-For` that is none of a trusted proxy. `undefined` for a connection that is gone.
 */
export function callerAddress(
  { socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>,
  isTrusted: (address: string) => boolean,
): string | undefined {
  const forwarded = headers['x-forwarded-for'];
  if (typeof forwarded !== 'string') return socket.remoteAddress;
  const addresses = forwarded.split(',').map((entry) => withoutPort(entry.trim()));
  const request = { socket, headers: { 'x-forwarded-for': addresses.join(', ') } };
  return proxyAddress(request as unknown as IncomingMessage, isTrusted);
}

function withoutPort(entry: string): string {
  const [, bracketed, plain] = WITH_PORT.exec(entry) ?? [];
  return bracketed ?? plain ?? entry;
}

/** An IPv4 address that is written as one of IPv6 (RFC 4291 2.5.5.2). */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * What limits count an address by: an IPv4 address itself, of an IPv6 address its /64, because a home or a
 * machine is given all of one (RFC 6177) and could take another for each request. Not `ipKeyGenerator` of
 * express-rate-limit, which takes a hundred times as long for IPv6: a flood would cost as much as grants.
 */
export function addressKey(address: string | undefined): string {
  if (address === undefined) return UNKNOWN;
  const mapped = MAPPED.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (isIPv4(address)) return address;
  const [bare = ''] = address.split('%');
  return isIPv6(bare) ? `${groupsOf(bare).slice(0, 4).join(':')}::/64` : UNKNOWN;
}

/** The address of a connection that is gone, or what a proxy wrote in its place. */
const UNKNOWN = 'unknown';

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
