import { reachesHost } from '../browser/scope.js';
import { domainFault, MOST_COOKIE_BYTES, rejection, type SetCookie } from '../browser/set-cookie.js';
import { classify, isCloudFrontName, isThisMachine, sharedCookieDomain } from '../browser/site.js';
import { engineOf, hostnameOf, type Facts, type Grant } from '../facts.js';
import { distinct, jarSigns, shown, signOf, type Check, type Sign } from './check.js';
import { eachCookie, contextOf, setBy, refusedWithout } from './grant-cookies.js';

const reject = (cookie: SetCookie, grant: Grant) => rejection(cookie, contextOf(grant), 'Chromium');

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

/** @param shared the domain that API and CDN share; null: none */
const fixWith = (shared: string | null): string =>
  shared === null ? 'API and CDN share no domain: give both names below one.' : `Set Domain=${shared}.`;

function fixOfDomain(host: string, domain: string, cdn: string | null): string {
  const parent = sharedCookieDomain(host, domain);
  if (parent !== null) return `Set Domain=${parent}, the parent that ${host} and ${domain} share.`;
  // Nobody can have an API below a name that a platform lent to something else.
  if (classify(domain).isLent) return fixWith(cdn === null ? null : sharedCookieDomain(host, cdn));
  return `Open the API by a name below ${domain}, such as https://api.${domain}, and call it there.`;
}

const ofAnotherHost = eachCookie((cookie, grant, facts) => {
  if (reject(cookie, grant) !== 'domain-not-of-host' || isOnLentName(grant)) return null;
  const cdn = otherCdnHost(grant, facts);
  if (cdn !== null && isCloudFrontName(cdn)) return null;
  const host = hostnameOf(grant.load.url);
  const domain = (cookie.domain ?? '').replace(/^\./, '');
  return {
    seen: `${setBy(grant)} sets ${cookie.name} with Domain=${domain}; ${host} does not lie below it.`,
    fix: fixOfDomain(host, domain, cdn),
  };
}, 'cookie-domain');

/** Hosts and attributes for which a browser drops the cookies of a grant, or keeps them from the CDN. */
export const COOKIE_ATTRIBUTE_CHECKS: readonly Check[] = [
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
    evidence:
      'the host of the answer and the Domain of its Set-Cookie; Firefox says it in the console; the host by which the page calls POST /diagnoses while developing, and the Domain of a grant that the browser holds',
    toTellApart:
      'the reason beside the cookie in the Network panel, tab Cookies: "Domain attribute was invalid"',
    look: (facts) => {
      const ofJar = jarSigns(facts, 'domain-not-of-api');
      return ofJar.length > 0 ? ofJar : ofAnotherHost(facts);
    },
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
          fix: fixWith(shared),
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
            fix: fixWith(shared),
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
];
