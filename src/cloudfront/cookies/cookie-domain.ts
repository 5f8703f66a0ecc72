import { readCookieDomain } from '../addresses.js';
import { isCoveredBy, longestSharedParent, readHost, type Host } from '../host.js';
import type { CookieAttributesProblem } from './cookie-attributes-input.js';

export type CookieDomainResult =
  | { readonly domain: string | null; readonly warnings: readonly string[] }
  | { readonly problem: CookieAttributesProblem };

const EXPECTED_ADDRESSES =
  'the API and the distribution on one host, or below one domain that is no public suffix';

/**
 * The Domain of every cookie: none where API and CDN are one host, else the longest parent they share
 * that is no public suffix, else the reason and the host name that would work (B5–B18, B20).
 * Takes the hosts and what the operator set (`null` = derived).
 */
export function deriveCookieDomain(api: Host, cdn: Host, configured: string | null): CookieDomainResult {
  if (configured !== null) return checkCookieDomain(api, cdn, configured);
  if (api.name === cdn.name) return { domain: null, warnings: [] };
  const shared = longestSharedParent(api, cdn);
  if (shared === null || readHost(shared).registrable === null) {
    return { problem: noSharedParent(api, cdn, shared) };
  }
  return { domain: shared, warnings: exposure(shared) };
}

function checkCookieDomain(api: Host, cdn: Host, configured: string): CookieDomainResult {
  const read = readCookieDomain(configured);
  if ('fault' in read) return domainProblem(read.fault.found, read.fault.todo);
  const domain = read.address;
  const host = readHost(domain);
  if (host.isIp)
    return domainProblem(
      `the IP address ${domain}`,
      'leave it unset: cookies of an IP address belong to that host alone',
    );
  if (host.registrable === null) {
    return domainProblem(
      `${domain}, a public suffix, for which some browsers refuse every cookie`,
      setInstead(api, cdn),
    );
  }
  const outside = [
    ...(isCoveredBy(api, domain) ? [] : [`the API ${api.name}, so it cannot set the cookie`]),
    ...(isCoveredBy(cdn, domain) ? [] : [`the distribution ${cdn.name}, so it never receives the cookie`]),
  ];
  if (outside.length > 0) {
    return domainProblem(
      `${domain} for the API ${api.name} and the distribution ${cdn.name}: it does not cover ${outside.join(', nor ')}`,
      setInstead(api, cdn),
    );
  }
  const derived = deriveCookieDomain(api, cdn, null);
  const narrowest = 'domain' in derived ? derived.domain : null;
  return { domain, warnings: [...excess(domain, narrowest, cdn), ...exposure(domain)] };
}

function excess(domain: string, narrowest: string | null, cdn: Host): readonly string[] {
  if (domain === narrowest) return [];
  const reach = narrowest === null ? `${cdn.name} alone` : `${narrowest} and what is below it`;
  return [`COOKIE_DOMAIN=${domain} is wider than needed: left unset, the cookies reach ${reach}`];
}

function setInstead(api: Host, cdn: Host): string {
  const derived = deriveCookieDomain(api, cdn, null);
  if ('problem' in derived) return derived.problem.todo;
  return derived.domain === null
    ? 'leave it unset: API and distribution are one host'
    : `leave it unset, or set COOKIE_DOMAIN=${derived.domain}`;
}

function domainProblem(found: string, todo: string): { readonly problem: CookieAttributesProblem } {
  return {
    problem: {
      setting: 'COOKIE_DOMAIN',
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

function noSharedParent(api: Host, cdn: Host, shared: string | null): CookieAttributesProblem {
  return {
    setting: settingToChange(api, cdn),
    expected: EXPECTED_ADDRESSES,
    found: `the API ${api.name} and the distribution ${cdn.name}: ${reason(api, cdn, shared)}`,
    todo: remedy(api, cdn),
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

function settingToChange(api: Host, cdn: Host): 'PUBLIC_URL' | 'CLOUDFRONT_DOMAIN' {
  if (isOwnedInPublic(api)) return 'CLOUDFRONT_DOMAIN';
  if (isOwnedInPublic(cdn)) return 'PUBLIC_URL';
  return !cdn.isLent && !api.isLent && hasNeighbours(cdn) ? 'PUBLIC_URL' : 'CLOUDFRONT_DOMAIN';
}

function remedy(api: Host, cdn: Host): string {
  if (isOwnedInPublic(api)) return distributionBelow(api.registrable ?? '', cdn);
  if (isOwnedInPublic(cdn)) return apiBelow(cdn.registrable ?? '', api);
  if (cdn.isLent) {
    const apiName = api.isThisMachine
      ? 'local.example.com, a name that leads to this machine'
      : 'api.media.example.com';
    return `give both a name below one domain of yours: the distribution the alternate domain name cdn.media.example.com, the API ${apiName}`;
  }
  if (api.isLent)
    return 'give both a name below one domain of yours: api.media.example.com and cdn.media.example.com';
  if (hasNeighbours(cdn)) return `open the API as api.${cdn.registrable ?? ''} and set PUBLIC_URL to it`;
  if (hasNeighbours(api))
    return `open the distribution as cdn.${api.registrable ?? ''} and set CLOUDFRONT_DOMAIN to it`;
  return 'open the API as api.edgepass.localhost and the distribution as cdn.edgepass.localhost, which lead to this machine in every browser';
}

function distributionBelow(domain: string, cdn: Host): string {
  return cdn.isThisMachine
    ? `open the distribution as cdn.local.${domain}, a name that leads to this machine, and set CLOUDFRONT_DOMAIN to it`
    : `give the distribution the alternate domain name cdn.${domain} and set CLOUDFRONT_DOMAIN=https://cdn.${domain}`;
}

function apiBelow(domain: string, api: Host): string {
  return api.isThisMachine
    ? `open the API as local.${domain}, a name that leads to this machine, and set PUBLIC_URL to it`
    : `give the API the domain name api.${domain} and set PUBLIC_URL=https://api.${domain}`;
}

/** A local name below which siblings may stand: `cdn.edgepass.localhost`, but neither `localhost` nor `cdn.localhost`. */
function hasNeighbours(host: Host): boolean {
  return isOwned(host) && host.registrable !== host.name;
}
