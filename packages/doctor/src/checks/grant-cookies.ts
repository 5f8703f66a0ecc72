import type { SetCookie } from '../browser/set-cookie.js';
import type { SayingKind } from '../evidence/evidence.js';
import { cameWithoutCookies, type Facts, type Grant } from '../facts.js';
import { shown, type Check, type Sign } from './check.js';

type LookAtCookie = (cookie: SetCookie, grant: Grant, facts: Facts) => Sign | string | null;

/** Looks at every cookie that a grant sets; null without a grant. A browser's own line is a sign too. */
export function eachCookie(look: LookAtCookie, saying: SayingKind | null = null): Check['look'] {
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

/** What decides on whether a browser takes the cookies of a grant. */
export const contextOf = ({ load }: Grant) => ({ url: load.url, page: load.page, top: load.top });

/** A grant in a sentence. */
export const setBy = ({ load }: Grant) => shown(load);

/** Loads that were refused for want of cookies, for causes that need no grant to be seen. */
export const refusedWithout = ({ failing }: Facts) =>
  failing.filter(
    (load) =>
      load.status === 403 &&
      load.page !== null &&
      load.page !== 'null' &&
      (load.cookies === null || cameWithoutCookies(load)),
  );
