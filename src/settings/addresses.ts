import { BlockList, isIP } from 'node:net';
import {
  readAppOrigin,
  readCloudFrontUrl,
  readCookieDomain,
  readHttpUrl,
  readPublicUrl,
  type AddressResult,
} from '../cloudfront/addresses.js';
import { isHost, withoutBrackets } from '../cloudfront/host-name.js';
import { fault, listOf, valid, type Parse, type Parsed } from './parsed.js';
import { Secret } from './secret.js';
import type { DatabaseSettings, Settings } from './settings.js';

/** What was found is the setting's own text, as far as it may be shown; the address rules say what to write. */
function parsed<T>(result: AddressResult<T>): Parsed<T> {
  return 'address' in result ? valid(result.address) : fault(result.fault.todo);
}

/** Refuses a port without its address, a likely mistake: as a URL, `3012` would be the IP address 0.0.11.196. */
function noPort<T>(name: string, parse: Parse<T>): Parse<T> {
  return (text, environment) =>
    /^\d{1,5}$/.test(text)
      ? fault(`write the whole address, such as https://${name}.edgepass.localhost:${text}`)
      : parse(text, environment);
}

/** Exact origins: scheme, host and port as a browser writes them into `Origin`. */
export const appOrigins: Parse<readonly string[]> = listOf(
  noPort('app', (text, environment) => parsed(readAppOrigin(text, environment))),
);

/** The API as browsers see it; a path is kept apart, because routes and our own cookies live under it. */
export const publicUrl: Parse<Settings['publicUrl']> = noPort('api', (text, environment) =>
  parsed(readPublicUrl(text, environment)),
);

/** The distribution as the viewer sees it, as an origin. */
export const cloudFrontUrl: Parse<string> = noPort('cdn', (text, environment) =>
  parsed(readCloudFrontUrl(text, environment)),
);

/** Where an identity provider publishes its keys. */
export const jwksUrl: Parse<string> = (text, environment) => {
  const read = parsed(readHttpUrl(text, environment));
  if ('faults' in read) return read;
  return read.value.hash === '' ? valid(read.value.href) : fault('remove everything from the # on');
};

/** `example.com`; a leading dot is dropped, as every browser does. */
export const cookieDomain: Parse<string> = (text) => parsed(readCookieDomain(text));

/** The address to listen on: a name or an IP address. */
export const listenHost: Parse<string> = (text) =>
  isHost(text)
    ? valid(withoutBrackets(text))
    : fault('write an IP address or a host name, without scheme or port');

const PERCENT_ENCODE =
  'percent-encode special characters of the password (@ is %40, / is %2F, # is %23), and end the address with the name of the database';

/** `sqlite:PATH` (one process) or `postgres://user:password@host:port/database` (several instances). */
export const databaseUrl: Parse<DatabaseSettings> = (text, environment) => {
  if (text.startsWith('sqlite:')) return sqlite(text.slice('sqlite:'.length), environment);
  if (!/^postgres(?:ql)?:\/\//.test(text)) {
    return fault('begin with sqlite: or postgres://, for example sqlite:./data/edgepass.sqlite');
  }
  const url = URL.parse(text);
  // What follows an unescaped / or # of the password is taken for the path, and the host is a piece of the password.
  if (url === null || /[@/]/.test(url.pathname.slice(1)) || url.hash !== '') return fault(PERCENT_ENCODE);
  if (url.pathname.length < 2) return fault('name the database after the host: postgres://…/edgepass');
  return valid({ kind: 'postgres', url: new Secret(text) });
};

function sqlite(path: string, environment: string): ReturnType<typeof databaseUrl> {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (path === '' || /[\x00-\x1f\x7f]/.test(path)) return fault('write the path of the file after sqlite:');
  if (path.startsWith('//')) return fault('write the path right after sqlite:, without //');
  if (path === ':memory:' && environment === 'production') {
    return fault('name a file; grants are recorded durably or not given');
  }
  return valid({ kind: 'sqlite', path });
}

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
