import type { Load } from '../evidence/evidence.js';
import { isInMilliseconds, type SignedPolicy } from '../evidence/signed-policy.js';
import { cameWithoutCookies, signedCookiesOf, timeOf, type Facts } from '../facts.js';
import { distinct, type Sign } from './check.js';

/** Refused requests that carried signed cookies. */
export const withCookies = ({ failing }: Facts) =>
  failing.flatMap((load) => {
    const signed = signedCookiesOf(load);
    return signed !== null && signed.names.length > 0 && (load.status === 403 || load.status === null)
      ? [{ load, signed }]
      : [];
  });

/** Refused requests of a browser that are known to have carried no signed cookie; one without an answer may never have left. */
export const withoutCookies = ({ failing }: Facts) =>
  failing.filter((load) => cameWithoutCookies(load) && load.method !== 'OPTIONS' && load.status !== 0);

/** Null where nothing with cookies was refused: then the question does not arise. */
export function answer(facts: Facts, signs: readonly Sign[]): readonly Sign[] | null {
  if (signs.length > 0) return distinct(signs);
  return withCookies(facts).length === 0 ? null : [];
}

/** Whether the end of a policy had passed when the request was made. */
export function hasEnded({ endsAt }: SignedPolicy, load: Load, facts: Facts): boolean {
  return endsAt !== null && !isInMilliseconds(endsAt) && endsAt * 1000 <= timeOf(load, facts.evidence);
}
