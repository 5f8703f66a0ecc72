import { readCookieDomain } from '../addresses.js';
import type { CloudFrontFault, FieldNames } from '../fault.js';
import { isCoveredBy, longestSharedParent, readHost, type Host } from '../host.js';

export type CookieDomainResult =
  | { readonly domain: string | null; readonly warnings: readonly string[] }
  | { readonly fault: CloudFrontFault };

/** Who sets the cookies and who receives them; the names are for the sentences. */
export interface CookieHosts {
  readonly api: Host;
  readonly cdn: Host;
  readonly names: FieldNames;
}

const EXPECTED_ADDRESSES =
  'the API and the distribution on one host, or below one domain that is no public suffix';

/**
 * The Domain of every cookie: none where API and CDN are one host, else the longest parent they share
 * that is no public suffix, else the reason and the host name that would work (B5–B18, B20).
 * Takes the hosts and the Domain that was set (`null` = derived).
 */
export function deriveCookieDomain(hosts: CookieHosts, configured: string | null): CookieDomainResult {
  const { api, cdn } = hosts;
  if (configured !== null) return checkCookieDomain(hosts, configured);
  if (api.name === cdn.name) return { domain: null, warnings: [] };
  const shared = longestSharedParent(api, cdn);
  if (shared === null || readHost(shared).registrable === null) {
    return { fault: noSharedParent(hosts, shared) };
  }
  return { domain: shared, warnings: exposure(shared) };
}

function checkCookieDomain(hosts: CookieHosts, configured: string): CookieDomainResult {
  const { api, cdn } = hosts;
  const read = readCookieDomain(configured);
  if ('fault' in read) return domainFault(read.fault.found, read.fault.todo);
  const domain = read.address;
  const host = readHost(domain);
  if (host.isIp)
    return domainFault(
      `the IP address ${domain}`,
      'leave it unset: cookies of an IP address belong to that host alone',
    );
  if (host.registrable === null) {
    return domainFault(
      `${domain}, a public suffix, for which some browsers refuse every cookie`,
      setInstead(hosts),
    );
  }
  const outside = [
    ...(isCoveredBy(api, domain) ? [] : [`the API ${api.name}, so it cannot set the cookie`]),
    ...(isCoveredBy(cdn, domain) ? [] : [`the distribution ${cdn.name}, so it never receives the cookie`]),
  ];
  if (outside.length > 0) {
    return domainFault(
      `${domain} for the API ${api.name} and the distribution ${cdn.name}: it does not cover ${outside.join(', nor ')}`,
      setInstead(hosts),
    );
  }
  return { domain, warnings: [...excess(hosts, domain), ...exposure(domain)] };
}

function excess(hosts: CookieHosts, domain: string): readonly string[] {
  const derived = deriveCookieDomain(hosts, null);
  const narrowest = 'domain' in derived ? derived.domain : null;
  if (domain === narrowest) return [];
  const reach = narrowest === null ? `${hosts.cdn.name} alone` : `${narrowest} and what is below it`;
  const set = `${hosts.names['cookies.domain']}=${domain}`;
  return [`${set} is wider than needed: left unset, the cookies reach ${reach}`];
}

function setInstead(hosts: CookieHosts): string {
  const derived = deriveCookieDomain(hosts, null);
  if ('fault' in derived) return derived.fault.todo;
  return derived.domain === null
    ? 'leave it unset: API and distribution are one host'
    : `leave it unset, or set ${hosts.names['cookies.domain']}=${derived.domain}`;
}

function domainFault(found: string, todo: string): { readonly fault: CloudFrontFault } {
  return {
    fault: {
      field: 'cookies.domain',
      expected: 'a domain that covers both the API and the distribution and is no public suffix',
      found,
      todo,
    },
  };
}

/** B20. Local names are left alone: below them there is no other environment to reach. */
function exposure(domain: string): readonly string[] {
  const { registrable, isLocal } = readHost(domain);
  if (domain !== registrable || isLocal) return [];
  return [
    `the cookies get Domain=${domain}, the registrable domain itself: every host below it receives them, cdn.staging.${domain} too; apart they are as api.media.${domain} and cdn.media.${domain}`,
  ];
}

function noSharedParent(hosts: CookieHosts, shared: string | null): CloudFrontFault {
  const { api, cdn } = hosts;
  return {
    field: fieldToChange(api, cdn),
    expected: EXPECTED_ADDRESSES,
    found: `the API ${api.name} and the distribution ${cdn.name}: ${reason(api, cdn, shared)}`,
    todo: remedy(hosts),
  };
}

function reason(api: Host, cdn: Host, shared: string | null): string {
  const ip = [api, cdn].find((host) => host.isIp);
  if (ip !== undefined) return `${ip.name} is an IP address, whose cookies no other host receives`;
  const lent = [cdn, api].find((host) => host.isLent);
  if (lent !== undefined && shared !== lent.publicSuffix) {
    return `${lent.name} lies below the public suffix ${lent.publicSuffix ?? ''}, so it shares cookies with no host of yours`;
  }
  return shared === null
    ? 'they share no parent domain, so no cookie can reach both'
    : `all they share is ${shared}, a public suffix, for which some browsers refuse every cookie`;
}

/** A host below which its owner can make further names that share cookies. */
function isOwned(host: Host): boolean {
  return host.registrable !== null && !host.isLent;
}

function isOwnedInPublic(host: Host): boolean {
  return isOwned(host) && !host.isLocal;
}

function fieldToChange(api: Host, cdn: Host): 'publicUrl' | 'cloudFrontUrl' {
  if (isOwnedInPublic(api)) return 'cloudFrontUrl';
  if (isOwnedInPublic(cdn)) return 'publicUrl';
  return !cdn.isLent && !api.isLent && hasNeighbours(cdn) ? 'publicUrl' : 'cloudFrontUrl';
}

function remedy({ api, cdn, names }: CookieHosts): string {
  if (isOwnedInPublic(api)) return distributionBelow(api.registrable ?? '', cdn, names);
  if (isOwnedInPublic(cdn)) return apiBelow(cdn.registrable ?? '', api, names);
  if (cdn.isLent) {
    const apiName = api.isThisMachine
      ? 'local.example.com, a name that leads to this machine'
      : 'api.media.example.com';
    return `give both a name below one domain of yours: the distribution the alternate domain name cdn.media.example.com, the API ${apiName}`;
  }
  if (api.isLent)
    return 'give both a name below one domain of yours: api.media.example.com and cdn.media.example.com';
  if (hasNeighbours(cdn))
    return `open the API as api.${cdn.registrable ?? ''} and set ${names.publicUrl} to it`;
  if (hasNeighbours(api))
    return `open the distribution as cdn.${api.registrable ?? ''} and set ${names.cloudFrontUrl} to it`;
  return 'open the API as api.edgepass.localhost and the distribution as cdn.edgepass.localhost, which lead to this machine in every browser';
}

function distributionBelow(domain: string, cdn: Host, names: FieldNames): string {
  return cdn.isThisMachine
    ? `open the distribution as cdn.local.${domain}, a name that leads to this machine, and set ${names.cloudFrontUrl} to it`
    : `give the distribution the alternate domain name cdn.${domain} and set ${names.cloudFrontUrl}=https://cdn.${domain}`;
}

function apiBelow(domain: string, api: Host, names: FieldNames): string {
  return api.isThisMachine
    ? `open the API as local.${domain}, a name that leads to this machine, and set ${names.publicUrl} to it`
    : `give the API the domain name api.${domain} and set ${names.publicUrl}=https://api.${domain}`;
}

/** A local name below which siblings may stand: `cdn.edgepass.localhost`, but neither `localhost` nor `cdn.localhost`. */
function hasNeighbours(host: Host): boolean {
  return isOwned(host) && host.registrable !== host.name;
}
