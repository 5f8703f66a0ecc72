import { parse } from 'tldts';
import { isThisMachine } from './host-name.js';

/** What the rules for cookies ask of a host name, from the public suffix list with its private part (B13–B17). */
export interface Host {
  readonly name: string;
  readonly isIp: boolean;
  /** The name below which strangers register: `com`, `cloudfront.net`; the last label where the list knows none (B14). */
  readonly publicSuffix: string | null;
  /** The shortest name that may carry a cookie Domain: `example.com`; null for an IP or a public suffix itself. */
  readonly registrable: string | null;
  /** A name that a platform lends (`d111.cloudfront.net`): its neighbours belong to strangers. */
  readonly isLent: boolean;
  /** A name that no public DNS knows: `localhost`, `*.localhost`, `*.test`, `*.internal`, an IP. */
  readonly isLocal: boolean;
  /** A name that leads a browser back to its own machine (RFC 6761; `.test` by a hosts file). */
  readonly isThisMachine: boolean;
}

/** Takes a host name as the URL class spells it, in lower case; gives what the public suffix list says of it. */
export function readHost(name: string): Host {
  const known = parse(name, { allowPrivateDomains: true, validateHostname: false });
  const isIp = known.isIp === true;
  const isLent = known.isPrivate === true;
  return {
    name,
    isIp,
    publicSuffix: known.publicSuffix,
    registrable: isIp ? null : known.domain,
    isLent,
    // RFC 8375 keeps home.arpa for home networks, though the list has it as a public name.
    isLocal: isIp || known.publicSuffix === 'home.arpa' || (known.isIcann !== true && !isLent),
    isThisMachine: isThisMachine(name),
  };
}

/** Whether the host may set and receives a cookie with that Domain (B5). */
export function isCoveredBy(host: Host, domain: string): boolean {
  return host.name === domain || (!host.isIp && host.name.endsWith(`.${domain}`));
}

/** The longest name that is each of the two or a parent of it; null when not even the last label is shared. */
export function longestSharedParent(one: Host, other: Host): string | null {
  if (one.isIp || other.isIp) return null;
  const oneLabels = one.name.split('.').toReversed();
  const otherLabels = other.name.split('.').toReversed();
  const differs = oneLabels.findIndex((label, index) => label !== otherLabels[index]);
  const shared = differs === -1 ? oneLabels : oneLabels.slice(0, differs);
  return shared.length === 0 ? null : shared.toReversed().join('.');
}

/** The site of an origin: scheme and registrable domain, or the whole host where there is none (B22). */
export function siteOf(origin: string): string {
  const { protocol, hostname } = new URL(origin);
  return `${protocol}//${readHost(hostname).registrable ?? hostname}`;
}
