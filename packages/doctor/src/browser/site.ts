import { createRequire } from 'node:module';
import { isIP } from 'node:net';
import { bare } from './scope.js';

/** What the rules for cookies ask of a host name. */
export interface HostClass {
  readonly name: string;
  readonly isIp: boolean;
  /** `com`, `cloudfront.net`; the last label where the public suffix list knows none (B14). */
  readonly publicSuffix: string | null;
  /** `example.com`; null for an IP address or a public suffix itself. */
  readonly registrable: string | null;
  /** A name that a platform lends, such as `d111.cloudfront.net`: its neighbours belong to strangers (B17). */
  readonly isLent: boolean;
}

/** Classes a host name by the public suffix list, its private part included. */
export function classify(host: string): HostClass {
  const name = host.toLowerCase();
  if (/(?:^|\.)localhost$/.test(name)) return classifyLocal(name);
  const known = publicSuffixList().parse(name, { allowPrivateDomains: true, validateHostname: false });
  const isIp = known.isIp === true;
  return {
    name,
    isIp,
    publicSuffix: known.publicSuffix,
    registrable: isIp ? null : known.domain,
    isLent: known.isPrivate === true,
  };
}

/** `localhost` is no public suffix of the list, so the last label is the suffix: for that no list need be read (B14). */
function classifyLocal(name: string): HostClass {
  const labels = name.split('.').filter((label) => label !== '');
  const registrable = labels.length > 1 ? labels.slice(-2).join('.') : null;
  return { name, isIp: false, publicSuffix: 'localhost', registrable, isLent: false };
}

let list: typeof import('tldts') | null = null;

/** Read when the first name asks for it: most starts of the doctor need none, and it takes as long as all checks. */
function publicSuffixList(): typeof import('tldts') {
  list ??= createRequire(import.meta.url)('tldts') as typeof import('tldts');
  return list;
}

/** Whether a name is a public suffix: no cookie may carry it as Domain (B13). */
export function isPublicSuffix(name: string): boolean {
  const known = classify(name);
  return !known.isIp && known.registrable === null;
}

/** The registrable domain of a host, or the host itself where it has none. */
export function siteName(host: string): string {
  return classify(host).registrable ?? host.toLowerCase();
}

/** Whether two addresses are of one site; `schemeful` as in Chromium, not in Firefox and Safari (B22). */
export function isSameSite(one: string, other: string, schemeful: boolean): boolean {
  const [a, b] = [new URL(one), new URL(other)];
  if (siteName(a.hostname) !== siteName(b.hostname)) return false;
  return !schemeful || a.protocol === b.protocol;
}

/** `localhost`, a name below it, or a loopback address: what never leaves this machine (RFC 6761 section 6.3). */
export function isThisMachine(host: string): boolean {
  const name = bare(host.toLowerCase());
  return /(?:^|\.)localhost$/.test(name) || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}

/** An address in the place of a name. */
export function isAddress(host: string): boolean {
  return isIP(bare(host)) !== 0;
}

/** Whether CloudFront lent the name (B16). */
export function isCloudFrontName(host: string): boolean {
  return /(?:^|\.)cloudfront\.net$/i.test(host);
}

/** The longest name that both hosts lie below, when a cookie may carry it; null when there is none. */
export function sharedCookieDomain(one: string, other: string): string | null {
  if (isAddress(one) || isAddress(other)) return null;
  const a = one.toLowerCase().split('.').toReversed();
  const b = other.toLowerCase().split('.').toReversed();
  const differs = a.findIndex((label, index) => label !== b[index]);
  const labels = differs === -1 ? a : a.slice(0, differs);
  const name = labels.toReversed().join('.');
  return name === '' || isPublicSuffix(name) ? null : name;
}
