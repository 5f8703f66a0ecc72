import { BlockList, isIP } from 'node:net';
import { fault, listOf, valid, type Parse } from './parsed.js';

/** The widest private ranges: 10.0.0.0/8 (RFC 1918) and fc00::/7 (RFC 4193). Wider ones come close to everybody. */
const WIDEST = { 4: 8, 6: 7 } as const;

/** Addresses and CIDR ranges whose forwarding headers count; never everything, in no spelling (O26). */
export const trustedProxies: Parse<readonly string[]> = listOf((text) => {
  const [address = '', length, ...rest] = text.split('/');
  const version = isIP(address);
  if ((version !== 4 && version !== 6) || address.includes('%') || rest.length > 0) {
    return fault('write an IP address or a range like 10.0.0.0/8; never everything');
  }
  const longest = version === 4 ? 32 : 128;
  if (length !== undefined && (!/^(?:0|[1-9]\d{0,2})$/.test(length) || Number(length) > longest)) {
    return fault(`write a prefix length from ${WIDEST[version]} to ${longest} after the slash`);
  }
  if (Number(length ?? longest) < WIDEST[version]) {
    return fault(
      `name the proxies in ranges of /${WIDEST[version]} or narrower; a caller in it can forge an address`,
    );
  }
  if (version === 6 && coversIpv4(address, Number(length ?? longest))) {
    return fault('write IPv4 proxies as IPv4 addresses or ranges');
  }
  return valid(text);
});

/** Express compares an IPv4 caller with an IPv6 range in its mapped form, so ::/64 would cover all of IPv4. */
function coversIpv4(address: string, length: number): boolean {
  if (new URL(`http://[${address}]`).hostname.startsWith('[::ffff:')) return true;
  const range = new BlockList();
  range.addSubnet(address, length, 'ipv6');
  return range.check('::ffff:8.8.8.8', 'ipv6');
}
