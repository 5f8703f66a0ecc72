import { isCrossSite, type SetCookie } from '../browser/set-cookie.js';
import { classify, isAddress, isSameSite } from '../browser/site.js';
import { header } from '../evidence/evidence.js';
import { showUrl } from '../evidence/show.js';
import { engineOf, hostnameOf, originOf, type Facts, type Grant } from '../facts.js';
import { distinct, shown, type Check, type Sign } from './check.js';
import { eachCookie, contextOf, setBy, refusedWithout } from './grant-cookies.js';

/** Whether the attributes keep signed cookies within one site, and the call comes from another. */
function crossSite(cookie: SetCookie, grant: Grant): boolean {
  const { sameSite, partitioned } = cookie;
  return isCrossSite(contextOf(grant), true) && !(sameSite === 'none' && partitioned);
}

const pageHost = (grant: Grant) => hostnameOf(grant.load.page ?? '');

const isLocalPage = (host: string) => host === 'localhost' || isAddress(host);

/** A frame: the page around it is of another site, its own page is not. */
function isEmbedded({ load }: Grant): boolean {
  return (
    load.top !== null &&
    !isSameSite(load.top, load.url, true) &&
    (load.page === null || isSameSite(load.page, load.url, true))
  );
}

function isOnlyOtherScheme({ load }: Grant): boolean {
  const { page, url } = load;
  if (page === null || !page.startsWith('http:') || (engineOf(load) ?? 'Chromium') !== 'Chromium')
    return false;
  return isSameSite(page, url, false) && !isSameSite(page, url, true);
}

/** Whether there is a page, and a load that it may have made: an origin alone shows nothing. */
const isPageKnown = ({ page, evidence }: Facts) => page !== null && evidence.loads.length > 0;

/** Pages of another site than the API: by their host, their scheme, or a frame around them. */
export const COOKIE_SITE_CHECKS: readonly Check[] = [
  {
    id: 'page-on-localhost',
    catalogue: ['F9'],
    stage: 'cookie-set',
    title: 'The page was opened on localhost or an address, which is another site than API and CDN.',
    why: 'SameSite cookies are neither stored nor sent between sites; only names below one registrable domain are one site (B44).',
    fix: 'Open the page by a name below the domain of the CDN, over HTTPS.',
    evidence: 'the page’s origin in Origin, in Referer or in the console line',
    toTellApart: 'location.origin of the page',
    look: (facts) => {
      const grants = facts.grants.filter((grant) => isLocalPage(pageHost(grant)));
      const signs: Sign[] = [];
      for (const grant of grants) {
        if (grant.cookies.some((cookie) => crossSite(cookie, grant))) {
          signs.push({ seen: `${setBy(grant)} was called by the page ${grant.load.page ?? ''}.` });
        }
      }
      if (facts.grants.length === 0) {
        for (const load of refusedWithout(facts)) {
          const host = hostnameOf(load.page ?? '');
          if (isLocalPage(host) && !isSameSite(load.page ?? '', load.url, false)) {
            signs.push({
              seen: `${load.where}: the page ${load.page ?? ''} asked for ${showUrl(load.url)}.`,
            });
          }
        }
      }
      if (signs.length > 0) {
        const [host] = facts.cdnHosts;
        const registrable = classify(hostnameOf(`https://${host ?? ''}`)).registrable;
        const fix =
          registrable === null
            ? {}
            : { fix: `Open the page by a name below ${registrable}, such as https://local.${registrable}.` };
        return distinct(signs).map((sign) => ({ ...sign, ...fix }));
      }
      return isPageKnown(facts) ? [] : null;
    },
  },
  {
    id: 'page-over-http',
    catalogue: ['F10'],
    stage: 'cookie-set',
    title: 'The page is on http and the API on https: for Chromium these are two sites.',
    why: 'Chromium counts the scheme as part of the site, Firefox and Safari do not (B22).',
    fix: 'Serve the page over HTTPS.',
    evidence: 'the scheme of the page’s origin beside that of the API or CDN',
    toTellApart: 'whether it works in Firefox and fails in Chromium; location.protocol of the page',
    look: (facts) => {
      const signs: readonly Sign[] = facts.grants
        .filter(
          (grant) => isOnlyOtherScheme(grant) && grant.cookies.some((cookie) => crossSite(cookie, grant)),
        )
        .map((grant) => ({ seen: `${setBy(grant)} was called by the page ${grant.load.page ?? ''}.` }));
      if (signs.length > 0) return distinct(signs);
      // The API may be on http as well, or SameSite be None: without the grant's answer that is open.
      const isOpen = refusedWithout(facts).some(
        ({ page, url }) => isSameSite(page ?? '', url, false) && !isSameSite(page ?? '', url, true),
      );
      return !isPageKnown(facts) || (isOpen && facts.grants.length === 0) ? null : [];
    },
  },
  {
    id: 'embedded-page',
    catalogue: ['F17'],
    stage: 'cookie-set',
    title: 'The page runs in a frame of another site, where its cookies are third-party.',
    why: 'SameSite=Lax is refused in such a frame, and a partitioned cookie counts under one outer site alone (B39).',
    fix: 'Ask for the grant from inside the frame, with SameSite=None; Secure; Partitioned.',
    evidence:
      'a page in the address bar of another site than the page that calls; Sec-Fetch-Storage-Access: none',
    toTellApart: 'whether it works when the page is opened in a tab of its own',
    look: (facts) => {
      if (storageAccessSigns(facts).length > 0) return [];
      const signs: Sign[] = facts.grants
        .filter((grant) => isEmbedded(grant) && grant.cookies.some((cookie) => crossSite(cookie, grant)))
        .map((grant) => ({
          seen: `${setBy(grant)} was called by ${grant.load.page ?? 'a page'} inside of ${grant.load.top ?? ''}.`,
        }));
      if (facts.grants.length === 0) {
        for (const load of refusedWithout(facts)) {
          if (
            load.top !== null &&
            load.page !== null &&
            !isSameSite(load.top, load.url, true) &&
            isSameSite(load.page, load.url, true)
          ) {
            signs.push({
              seen: `${load.where}: ${load.page} inside of ${load.top} asked for ${showUrl(load.url)} without cookies.`,
            });
          }
        }
      }
      if (signs.length > 0) return distinct(signs);
      return facts.grants.length === 0 ? null : [];
    },
  },
  {
    id: 'storage-access-own-origin',
    catalogue: ['F18'],
    stage: 'cookie-set',
    title: 'Storage access was granted to the frame’s own origin, and the CDN is another one.',
    why: 'In Chromium requestStorageAccess gives cookies to requests to the frame’s own origin alone (B40).',
    fix: 'Ask for the grant from inside the frame, with SameSite=None; Secure; Partitioned. Do not build on requestStorageAccess.',
    evidence:
      'Sec-Fetch-Storage-Access: active to the frame’s origin and none or inactive to the CDN; a console line on requestStorageAccess beside a 403',
    toTellApart: 'whether a request to the frame’s own host carries its cookies',
    look: (facts) => {
      const signs = storageAccessSigns(facts);
      return signs.length > 0 ? signs : null;
    },
  },
  {
    id: 'samesite-on-another-site',
    catalogue: ['F14'],
    stage: 'cookie-set',
    title: 'The page is on another site than the API, and the cookies’ SameSite keeps them within one site.',
    why: 'A cookie with SameSite=Lax or Strict, or none in Chromium and Safari, is refused in an answer to another site’s page (B26).',
    fix: 'Move the page to the CDN’s domain, or set SameSite=None; Secure; Partitioned.',
    evidence:
      'the page’s origin, the API’s host and SameSite of its Set-Cookie; Firefox says it in the console',
    toTellApart: 'the reason beside the cookie in the Network panel, tab Cookies',
    look: eachCookie((cookie, grant) => {
      const { load } = grant;
      const isOther = load.page !== null && load.page !== 'null' && !isSameSite(load.page, load.url, false);
      if (!isOther || cookie.sameSite === 'none' || isLocalPage(pageHost(grant)) || isEmbedded(grant))
        return null;
      const written =
        cookie.sameSite === null ? 'no SameSite' : `SameSite=${cookie.sameSite === 'lax' ? 'Lax' : 'Strict'}`;
      return `${setBy(grant)} was called by the page ${load.page ?? ''} and sets ${cookie.name} with ${written}.`;
    }, 'cookie-cross-site'),
  },
  {
    id: 'third-party-cookies',
    catalogue: ['F13'],
    stage: 'cookie-set',
    title: 'The page is on another site, and its browser blocks third-party cookies.',
    why: 'Safari, private windows and many settings drop a cookie of another site that has no partition (B34–B36).',
    fix: 'Move the page to the CDN’s domain; else add Partitioned beside SameSite=None; Secure, or sign the addresses.',
    evidence:
      'SameSite=None without Partitioned from another site’s page, and no cookie in the requests that follow',
    toTellApart: 'whether it works in Chromium outside of a private window and fails in Safari',
    look: (facts) => {
      const signs: Sign[] = [];
      for (const grant of facts.grants) {
        const { load } = grant;
        const isOther = load.page !== null && load.page !== 'null' && !isSameSite(load.page, load.url, false);
        const cookie = grant.cookies.find((one) => one.sameSite === 'none' && one.secure && !one.partitioned);
        if (!isOther || cookie === undefined || isLocalPage(pageHost(grant))) continue;
        signs.push({
          seen: `${setBy(grant)} was called by the page ${load.page ?? ''} and sets ${cookie.name} with SameSite=None and without Partitioned.`,
          isWarning: !facts.failing.some((failed) => failed.status === 403) && engineOf(load) !== 'Safari',
        });
      }
      for (const { where, text } of facts.evidence.sayings.filter(
        ({ kind }) => kind === 'cookie-third-party-blocked',
      )) {
        signs.push({ seen: `${where}: ${text}` });
      }
      if (signs.length > 0) return distinct(signs);
      return facts.grants.length === 0 ? null : [];
    },
  },
];

/** F18: the frame's own origin has its cookies, the CDN has none. */
function storageAccessSigns(facts: Facts): readonly Sign[] {
  const mode = (load: Facts['files'][number]) => header(load.requestHeaders, 'sec-fetch-storage-access');
  const active = facts.evidence.loads.find((load) => mode(load) === 'active');
  const without = refusedWithout(facts).find(
    (load) => mode(load) !== null && mode(load) !== 'active' && originOf(load.url) !== load.page,
  );
  if (active !== undefined && without !== undefined) {
    return [
      {
        seen: `${shown(active)} was asked with storage access, ${shown(without)} without.`,
      },
    ];
  }
  const embedded = facts.grants.find(
    (grant) => isEmbedded(grant) && grant.cookies.some((cookie) => crossSite(cookie, grant)),
  );
  if (
    active !== undefined &&
    embedded !== undefined &&
    originOf(embedded.load.url) !== originOf(active.url)
  ) {
    return [
      {
        seen: `${shown(active)} was asked with storage access, and ${showUrl(embedded.load.url)} sets the cookies of another origin.`,
      },
    ];
  }
  const saying = facts.evidence.sayings.find(({ kind }) => kind === 'storage-access');
  const [refused] = facts.failing.filter(({ status }) => status === 403);
  if (saying === undefined || refused === undefined) return [];
  return [
    { seen: `${saying.where} speaks of requestStorageAccess, and ${showUrl(refused.url)} answered 403.` },
  ];
}
