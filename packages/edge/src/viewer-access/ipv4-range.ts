import { isIPv4 } from 'node:net';

/** The IPv4 addresses of one `IpAddress` condition, as numbers. */
export interface Ipv4Range {
  readonly network: number;
  readonly maskBits: number;
}

/** Reads `192.0.2.0/24` (R31). Null for anything else; a bare address only where the switch allows it. */
export function readIpv4Range(text: string, bareAddress: 'refuse' | 'accept'): Ipv4Range | null {
  const slash = text.indexOf('/');
  const address = slash === -1 ? text : text.slice(0, slash);
  const bits = slash === -1 ? (bareAddress === 'accept' ? '32' : '') : text.slice(slash + 1);
  const maskBits = Number(bits);
  if (!isIPv4(address) || !isShortDecimal(bits) || maskBits > 32) return null;
  return { network: applyMask(toNumber(address), maskBits), maskBits };
}

/**
 * Says whether the address of a TCP peer is inside. An IPv4 address that the socket shows as
 * `::ffff:192.0.2.1` counts as IPv4; null means that the peer speaks IPv6.
 */
export function rangeHolds(range: Ipv4Range, peerAddress: string): boolean | null {
  const mapped = peerAddress.toLowerCase().startsWith('::ffff:') ? peerAddress.slice(7) : peerAddress;
  if (!isIPv4(mapped)) return null;
  return applyMask(toNumber(mapped), range.maskBits) === range.network;
}

function isShortDecimal(text: string): boolean {
  return /^(0|[1-9][0-9]?)$/.test(text);
}

function toNumber(address: string): number {
  return address.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
}

function applyMask(address: number, maskBits: number): number {
  return address - (address % 2 ** (32 - maskBits));
}
