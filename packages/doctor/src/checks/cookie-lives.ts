import { scopeOf, type SetCookie } from '../browser/set-cookie.js';
import { siteName } from '../browser/site.js';
import { header } from '../evidence/evidence.js';
import { timeOf, type Facts, type Grant } from '../facts.js';
import { distinct, shown, type Check, type Sign } from './check.js';
import { eachCookie, setBy } from './grant-cookies.js';

/** Cookies that a browser stores, and that are gone before they should be. */
export const COOKIE_LIFE_CHECKS: readonly Check[] = [
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
