import { reachesHost } from '../browser/scope.js';
import {
  domainFault,
  isCrossSite,
  MOST_COOKIE_BYTES,
  rejection,
  scopeOf,
  type SetCookie,
} from '../browser/set-cookie.js';
import {
  classify,
  isAddress,
  isCloudFrontName,
  isSameSite,
  isThisMachine,
  sharedCookieDomain,
  siteName,
} from '../browser/site.js';
import { header, type SayingKind } from '../evidence/evidence.js';
import { showUrl } from '../evidence/show.js';
import {
  cameWithoutCookies,
  engineOf,
  hostnameOf,
  originOf,
  timeOf,
  type Facts,
  type Grant,
} from '../facts.js';
import { distinct, shown, signOf, type Check, type Sign } from './check.js';

type LookAtCookie = (cookie: SetCookie, grant: Grant, facts: Facts) => Sign | string | null;

/** Looks at every cookie that a grant sets; null without a grant. A browser's own line is a sign too. */
function eachCookie(look: LookAtCookie, saying: SayingKind | null = null): Check['look'] {
  return (facts) => {
    const said = facts.evidence.sayings.filter(({ kind }) => kind === saying);
    const signs: Sign[] = said.map(({ text, where }) => ({ seen: `${where}: ${text}` }));
    for (const grant of facts.grants) {
      for (const cookie of grant.cookies) {
        const found = look(cookie, grant, facts);
        if (found !== null) signs.push(typeof found === 'string' ? { seen: found } : found);
      }
    }
    if (signs.length > 0) return onePerGrant(signs);
    return facts.grants.length === 0 ? null : [];
  };
}

/** The three cookies of a grant mostly share a fault: the first stands for them. */
function onePerGrant(signs: readonly Sign[]): readonly Sign[] {
  const bare = ({ seen }: Sign) => seen.replaceAll(/CloudFront-[A-Z][\w-]*/g, '');
  return signs.filter((sign, index) => signs.findIndex((other) => bare(other) === bare(sign)) === index);
}

const contextOf = ({ load }: Grant) => ({ url: load.url, page: load.page, top: load.top });
const reject = (cookie: SetCookie, grant: Grant) => rejection(cookie, contextOf(grant), 'Chromium');
const setBy = ({ load }: Grant) => shown(load);

/** A CDN host that signed cookies of this grant are meant for, other than the host that sets them. */
function otherCdnHost(grant: Grant, { cdnHosts }: Facts): string | null {
  const own = hostnameOf(grant.load.url);
  const hosts = [...cdnHosts].map((host) => hostnameOf(`https://${host}`));
  return hosts.includes(own) ? null : (hosts[0] ?? null);
}

function isOnLentName(grant: Grant): boolean {
  const { isLent } = classify(hostnameOf(grant.load.url));
  return isLent && !isCloudFrontName(hostnameOf(grant.load.url));
}

const hostToUse = (grant: Grant, facts: Facts): string => {
  const cdn = otherCdnHost(grant, facts);
  const registrable = cdn === null ? null : classify(cdn).registrable;
  return registrable === null
    ? 'a host below the registrable domain of the CDN'
    : `a host below ${registrable}, such as api.${registrable}`;
};

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
  return (
    load.page !== null && isSameSite(load.page, load.url, false) && !isSameSite(load.page, load.url, true)
  );
}

/** Whether there is a page, and a load that it may have made: an origin alone shows nothing. */
const isPageKnown = ({ page, evidence }: Facts) => page !== null && evidence.loads.length > 0;

/** Loads that were refused for want of cookies, for causes that need no grant to be seen. */
const refusedWithout = ({ failing }: Facts) =>
  failing.filter(
    (load) =>
      load.status === 403 &&
      load.page !== null &&
      load.page !== 'null' &&
      (load.cookies === null || cameWithoutCookies(load)),
  );

export const COOKIE_SET_CHECKS: readonly Check[] = [
  {
    id: 'cloudfront-name',
    catalogue: ['F4'],
    stage: 'cookie-set',
    title: 'The CDN is reached by its cloudfront.net name, for which no other host can set cookies.',
    why: 'cloudfront.net is a public suffix: each distribution is a site of its own, and a browser drops a cookie that another host sets for it (B16).',
    fix: 'Give the distribution an alternate domain name below the domain of the API, such as cdn.example.com, and load the files from there.',
    evidence: 'the host of the file, beside the host that sets the cookies; an API or a page elsewhere',
    toTellApart: 'the host name in the address of the file',
    look: (facts) => {
      const hosts = [...facts.cdnHosts].map((host) => hostnameOf(`https://${host}`)).filter(isCloudFrontName);
      if (hosts.length === 0) return facts.cdnHosts.size === 0 ? null : [];
      const signs = hosts.flatMap((host): Sign[] => {
        const elsewhere = facts.grants.find(({ load }) => hostnameOf(load.url) !== host);
        if (elsewhere !== undefined) {
          return [
            { seen: `The cookies are set by ${hostnameOf(elsewhere.load.url)} and meant for ${host}.` },
          ];
        }
        const refused = refusedWithout(facts).find(
          ({ url, page }) => hostnameOf(url) === host && page !== null && hostnameOf(page) !== host,
        );
        if (refused !== undefined) {
          return [
            {
              seen: `${shown(refused)} answered 403 to the page ${refused.page ?? ''}.`,
            },
          ];
        }
        const alias = facts.evidence.configuration.find(({ kind }) => kind === 'alias-missing');
        return alias === undefined ? [] : [signOf(alias)];
      });
      return distinct(signs);
    },
  },
  {
    id: 'platform-name',
    catalogue: ['F5'],
    stage: 'cookie-set',
    title: 'The API is reached by a name that its platform lends, which shares no domain with the CDN.',
    why: 'Names such as execute-api, vercel.app or a load balancer’s stand below a public suffix: a cookie set there reaches no other host (B17).',
    fix: 'Give the API a custom domain beside the CDN’s.',
    evidence: 'the host of the answer that carries Set-Cookie, classed by the public suffix list',
    toTellApart: 'the host name of the API',
    look: eachCookie((_cookie, grant, facts) => {
      const cdn = otherCdnHost(grant, facts);
      if (!isOnLentName(grant) || cdn === null || isCloudFrontName(cdn)) return null;
      const host = hostnameOf(grant.load.url);
      return {
        seen: `${setBy(grant)} sets the cookies; ${classify(host).publicSuffix ?? ''} is a public suffix, and the files are on ${cdn}.`,
        fix: `Give the API a custom domain beside the CDN: ${hostToUse(grant, facts)}.`,
      };
    }),
  },
  {
    id: 'cookies-joined',
    catalogue: ['F57'],
    stage: 'cookie-set',
    title: 'Several cookies stand in one Set-Cookie line, so browsers store the first alone.',
    why: 'A comma does not separate cookies: the rest of the line belongs to the first one’s attributes (B69). Proxies and gateways that keep one value for each header join lines so.',
    fix: 'Send one Set-Cookie line for each cookie: multi-value headers of the gateway or load balancer, cookies of the Lambda answer format 2.0.',
    evidence: 'the text of Set-Cookie; requests that carry one of the three cookies',
    toTellApart: 'the number of Set-Cookie lines in the answer of the grant',
    look: (facts) => {
      const joined = facts.grants.filter(({ lines }) =>
        lines.some((line) => /, ?CloudFront-[A-Z][\w-]*=/.test(line)),
      );
      const signs = joined.map((grant) => ({
        seen: `${setBy(grant)} has several CloudFront- cookies in one Set-Cookie line.`,
      }));
      if (signs.length > 0) return distinct(signs);
      return facts.grants.length === 0 ? null : [];
    },
  },
  {
    id: 'domain-malformed',
    catalogue: ['F7'],
    stage: 'cookie-set',
    title: 'The cookies’ Domain is malformed, and browsers drop or shrink them in silence.',
    why: 'Domain takes a host name alone. A port, a scheme, a wildcard or a dot at the end is never repaired; an empty one counts as none (B12).',
    fix: 'Write the shared parent alone, such as Domain=example.com.',
    evidence: 'the text of Set-Cookie',
    toTellApart: 'the Domain attribute in the answer of the grant',
    look: eachCookie((cookie, grant) => {
      const fault = cookie.domain === null ? null : domainFault(cookie.domain);
      return fault === null ? null : `${setBy(grant)} sets ${cookie.name} with ${fault} in Domain.`;
    }),
  },
  {
    id: 'domain-public-suffix',
    catalogue: ['F8'],
    stage: 'cookie-set',
    title: 'The cookies’ Domain is a public suffix, so browsers drop them.',
    why: 'Nobody may set cookies for a name below which strangers register (B13).',
    fix: 'Use the registrable domain or a name below it, and hosts that share it.',
    evidence: 'the Domain of Set-Cookie, looked up in the public suffix list',
    toTellApart: 'the Domain attribute in the answer of the grant',
    look: eachCookie((cookie, grant) => {
      if (reject(cookie, grant) !== 'domain-is-public-suffix' || isOnLentName(grant)) return null;
      return `${setBy(grant)} sets ${cookie.name} with Domain=${cookie.domain ?? ''}, a public suffix.`;
    }),
  },
  {
    id: 'domain-of-another-host',
    catalogue: ['F3'],
    stage: 'cookie-set',
    title: 'The API sets cookies for a domain that it is not in, so browsers drop them.',
    why: 'A host may set cookies for itself and its parents alone (B6). The call still answers well and the page learns nothing (B18).',
    fix: 'Open the API by a name below the shared domain, over HTTPS.',
    evidence: 'the host of the answer and the Domain of its Set-Cookie; Firefox says it in the console',
    toTellApart:
      'the reason beside the cookie in the Network panel, tab Cookies: "Domain attribute was invalid"',
    look: eachCookie((cookie, grant, facts) => {
      if (reject(cookie, grant) !== 'domain-not-of-host' || isOnLentName(grant)) return null;
      const cdn = otherCdnHost(grant, facts);
      if (cdn !== null && isCloudFrontName(cdn)) return null;
      const host = hostnameOf(grant.load.url);
      const domain = (cookie.domain ?? '').replace(/^\./, '');
      const isSibling = sharedCookieDomain(host, domain);
      return {
        seen: `${setBy(grant)} sets ${cookie.name} with Domain=${domain}; ${host} does not lie below it.`,
        fix:
          isSibling === null
            ? `Open the API by a name below ${domain}, such as https://api.${domain}, and call it there.`
            : `Set Domain=${isSibling}, the parent that ${host} and ${domain} share.`,
      };
    }, 'cookie-domain'),
  },
  {
    id: 'host-only-cookie',
    catalogue: ['F6'],
    stage: 'cookie-set',
    title: 'The cookies have no Domain, so they stay with the API’s host and never reach the CDN.',
    why: 'Without Domain a cookie goes back to the very host that set it (B10).',
    fix: 'Set Domain to the parent that API and CDN share.',
    evidence:
      'Set-Cookie without Domain from another host than the CDN; a cookie file that holds them for the API alone',
    toTellApart: 'the Domain column of the Application panel: a name without a leading dot',
    look: (facts) => {
      const signs: Sign[] = [];
      for (const grant of facts.grants) {
        const cdn = otherCdnHost(grant, facts);
        const domainless = grant.cookies.filter(({ domain }) => domain === null);
        if (cdn === null || domainless.length === 0 || isCloudFrontName(cdn) || isOnLentName(grant)) continue;
        const shared = sharedCookieDomain(hostnameOf(grant.load.url), cdn);
        signs.push({
          seen: `${setBy(grant)} sets ${domainless[0]?.name ?? ''} without Domain; the files are on ${cdn}.`,
          fix:
            shared === null
              ? 'API and CDN share no domain: give both names below one.'
              : `Set Domain=${shared}.`,
        });
      }
      const held = facts.evidence.held.filter(({ name }) => name === 'CloudFront-Signature');
      const target = facts.evidence.target;
      if (target !== null && held.length > 0) {
        const host = hostnameOf(target);
        if (
          held.every((cookie) => cookie.hostOnly && !reachesHost(cookie, host)) &&
          !isCloudFrontName(host)
        ) {
          const [first] = held;
          const shared = sharedCookieDomain(first?.domain ?? '', host);
          signs.push({
            seen: `${first?.where ?? ''}: CloudFront-Signature is kept for ${first?.domain ?? ''} alone; the file is on ${host}.`,
            fix:
              shared === null
                ? 'API and CDN share no domain: give both names below one.'
                : `Set Domain=${shared}.`,
          });
        }
      }
      for (const { where, text } of facts.evidence.sayings.filter(({ kind }) => kind === 'cookie-host')) {
        signs.push({ seen: `${where}: ${text}` });
      }
      if (signs.length > 0) return distinct(signs);
      return facts.grants.length + held.length === 0 ? null : [];
    },
  },
  {
    id: 'cookie-too-long',
    catalogue: ['F22'],
    stage: 'cookie-set',
    title: 'A cookie is longer than browsers keep.',
    why: 'Name and value may have 4,096 bytes together; a longer cookie is dropped without a word to the page (B63).',
    fix: 'Shorten the Resource of the policy: one folder with /* at its end.',
    evidence: 'the length of Set-Cookie; Firefox says it in the console',
    toTellApart: 'the size of the cookie in the answer of the grant',
    look: eachCookie((cookie, grant) => {
      const bytes = Buffer.byteLength(cookie.name) + Buffer.byteLength(cookie.value);
      return bytes > MOST_COOKIE_BYTES ? `${setBy(grant)} sets ${cookie.name} with ${bytes} bytes.` : null;
    }, 'cookie-too-long'),
  },
  {
    id: 'none-without-secure',
    catalogue: ['F15'],
    stage: 'cookie-set',
    title: 'The cookies say SameSite=None without Secure, so Chromium and Firefox drop them.',
    why: 'SameSite=None counts only together with Secure (B28).',
    fix: 'Add Secure, or SameSite=Lax where page, API and CDN are of one site.',
    evidence: 'the text of Set-Cookie; Firefox says it in the console',
    toTellApart: 'the attributes in the answer of the grant',
    look: eachCookie(
      (cookie, grant) =>
        cookie.sameSite === 'none' && !cookie.secure && !cookie.partitioned
          ? `${setBy(grant)} sets ${cookie.name} with SameSite=None and without Secure.`
          : null,
      'cookie-none-insecure',
    ),
  },
  {
    id: 'partitioned-without-secure',
    catalogue: ['F16'],
    stage: 'cookie-set',
    title: 'The cookies say Partitioned without Secure: nothing is stored, and Chromium gives no reason.',
    why: 'A partitioned cookie has to be Secure (B38).',
    fix: 'Add Secure.',
    evidence: 'the text of Set-Cookie',
    toTellApart: 'the attributes in the answer of the grant',
    look: eachCookie((cookie, grant) =>
      cookie.partitioned && !cookie.secure
        ? `${setBy(grant)} sets ${cookie.name} with Partitioned and without Secure.`
        : null,
    ),
  },
  {
    id: 'secure-on-local-http',
    catalogue: ['F11'],
    stage: 'cookie-set',
    title: 'Secure cookies are set over plain HTTP on this machine: Safari drops them, the others do not.',
    why: 'Chromium and Firefox take http://localhost for secure, Safari does not (B30).',
    fix: 'Serve page, API and CDN over HTTPS while developing.',
    evidence: 'an address that begins with http:// on localhost, and Secure in its Set-Cookie',
    toTellApart: 'whether it works in Chromium and fails in Safari alone',
    look: eachCookie((cookie, grant) => {
      const { protocol, hostname } = new URL(grant.load.url);
      if (!cookie.secure || protocol !== 'http:' || !isThisMachine(hostname)) return null;
      const engine = engineOf(grant.load);
      return {
        seen: `${setBy(grant)} sets ${cookie.name} with Secure over plain HTTP.`,
        isWarning: engine !== null && engine !== 'Safari',
      };
    }),
  },
  {
    id: 'secure-over-http',
    catalogue: ['F12'],
    stage: 'cookie-set',
    title: 'Secure cookies are set over plain HTTP, so browsers drop them.',
    why: 'A Secure cookie is taken over HTTPS alone (B29).',
    fix: 'Serve the API over HTTPS.',
    evidence:
      'an address that begins with http://, and Secure in its Set-Cookie; Firefox says it in the console',
    toTellApart: 'the scheme of the API’s address',
    look: eachCookie((cookie, grant) => {
      const { protocol, hostname } = new URL(grant.load.url);
      return cookie.secure && protocol === 'http:' && !isThisMachine(hostname)
        ? `${setBy(grant)} sets ${cookie.name} with Secure over plain HTTP.`
        : null;
    }, 'cookie-secure-over-http'),
  },
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
  {
    id: 'cookie-life-wrong',
    catalogue: ['F25'],
    stage: 'cookie-set',
    title: 'The cookies live for another time than their policy: milliseconds for seconds, or a wrong clock.',
    why: 'Max-Age is in seconds; Express takes milliseconds for it, Fastify seconds (B68). Expires is compared with the viewer’s clock (B66).',
    fix: 'Let Max-Age end with the policy, in seconds; set it and no Expires.',
    evidence: 'Max-Age beside the end of the decoded policy; Expires and Date beside the viewer’s clock',
    toTellApart: 'Max-Age in the answer of the grant, beside the end of the policy',
    look: eachCookie(lifeFault),
  },
  {
    id: 'too-many-cookies',
    catalogue: ['F23'],
    stage: 'cookie-set',
    title: 'The domain has more cookies than browsers keep: the oldest vanish.',
    why: 'About 180 cookies are kept for a registrable domain; beyond that old ones are removed (B64).',
    fix: 'Grant fewer, wider folders; keep at most twenty at a time.',
    evidence: 'the number of cookies that are set or sent for one domain',
    toTellApart: 'the number of cookies in the Application panel',
    look: (facts) => {
      const counted = new Map<string, Set<string>>();
      for (const { load, cookies } of facts.grants) {
        for (const cookie of cookies) {
          const { domain, path } = scopeOf(cookie, load.url);
          const site = siteName(domain);
          counted.set(site, (counted.get(site) ?? new Set()).add(`${domain} ${path} ${cookie.name}`));
        }
      }
      const signs: Sign[] = [...counted]
        .filter(([, names]) => names.size > 150)
        .map(([site, names]) => ({ seen: `${names.size} cookies are set for ${site}.` }));
      for (const load of facts.evidence.loads) {
        if ((load.cookies?.length ?? 0) > 150) {
          signs.push({
            seen: `${shown(load)} was asked with ${load.cookies?.length ?? 0} cookies.`,
          });
        }
      }
      const held = new Map<string, number>();
      for (const { domain } of facts.evidence.held) {
        const site = siteName(domain);
        held.set(site, (held.get(site) ?? 0) + 1);
      }
      for (const [site, count] of held) {
        if (count > 150) signs.push({ seen: `The cookie file has ${count} cookies for ${site}.` });
      }
      if (signs.length > 0) return distinct(signs).slice(0, 3);
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

/** How Max-Age or Expires do not fit the policy; null when they do. */
function lifeFault(cookie: SetCookie, grant: Grant, facts: Facts): string | null {
  const { load, policy } = grant;
  if (!/^CloudFront-(?:Policy|Signature|Key-Pair-Id)$/.test(cookie.name) || cookie.value.length === 0)
    return null;
  const served = header(load.headers, 'date') ?? '';
  const serverMilliseconds = Date.parse(served);
  const at = Number.isNaN(serverMilliseconds) ? timeOf(load, facts.evidence) : serverMilliseconds;
  const life = policy?.endsAt === undefined || policy.endsAt === null ? null : policy.endsAt - at / 1000;
  const maxAge = cookie.maxAgeSeconds;
  if (maxAge !== null) {
    const set = `${setBy(grant)} sets ${cookie.name} with Max-Age=${maxAge}`;
    if (cookie.value.length > 8 && maxAge <= 1) return `${set}, so it is gone at once.`;
    // Browsers cut at 400 days; no grant is meant to live that long.
    if (maxAge > 400 * 86_400) return `${set} seconds, more than 400 days.`;
    if (life !== null && life > 0 && maxAge > 20 * life)
      return `${set}; its policy ends after ${Math.round(life)} seconds.`;
    if (life !== null && life > 300 && maxAge * 20 < life)
      return `${set}; its policy ends after ${Math.round(life)} seconds.`;
    return null;
  }
  const expires = cookie.expires === null ? Number.NaN : Date.parse(cookie.expires);
  if (Number.isNaN(expires) || load.atMilliseconds === null || Number.isNaN(serverMilliseconds)) return null;
  const skewSeconds = Math.abs(load.atMilliseconds - serverMilliseconds) / 1000;
  return skewSeconds > 120
    ? `${setBy(grant)} sets ${cookie.name} with Expires, and the clocks of server and viewer are ${Math.round(skewSeconds)} seconds apart.`
    : null;
}
