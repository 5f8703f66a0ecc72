import { coversPath, reachesHost, type Scope } from './browser/scope.js';
import { isClearing, rejection, scopeOf, type SetCookie } from './browser/set-cookie.js';
import type { Load } from './evidence/evidence.js';
import { readPolicy, type SignedPolicy } from './evidence/signed-policy.js';
import { folderOf, hostOf, onceForEach, signedCookiesOf, timeOf, type Facts } from './facts.js';

/** Whether the browser could have had cookies for this address. */
type Holding = 'held' | 'other-path' | 'other-host' | 'dropped' | 'ended' | 'unknown';

/**
 * Says whether signed cookies for an address were in the jar, from grants before it, a cookie file, or another request
 * to the same place that carried some.
 */
export function holdingFor(load: Load, facts: Facts): Holding {
  const known = holdingsIn(facts);
  const holding = known.get(load) ?? readHolding(load, facts);
  known.set(load, holding);
  return holding;
}

/** What is known already: many checks ask it of every load that failed. */
const holdingsIn = onceForEach((_facts: Facts) => new Map<Load, Holding>());

function readHolding(load: Load, facts: Facts): Holding {
  const { files } = facts;
  const { hostname, pathname } = new URL(load.url);
  const at = timeOf(load, facts.evidence);
  const { sets, dropped } = keptSets(load, facts);
  const endedSignatures = signaturesEndedBy(at, sets);
  const carried = carriersIn(load.url, files).some((other) => {
    if (other === load) return false;
    const signed = signedCookiesOf(other);
    const cleared = clearedSince(other, load, facts);
    if (cleared.some((scope) => reachesHost(scope, hostname) && coversPath(scope.path, pathname)))
      return false;
    // The policy may say more: of two that were sent, or where the cookies end before it.
    if (signaturesOf(other).some((signature) => endedSignatures.has(signature))) return false;
    const endsAt = signed?.policy?.endsAt ?? null;
    return endsAt === null || endsAt * 1000 > at;
  });
  if (carried) return 'held';
  const reaching = setsReaching(load, sets);
  const covering = reaching.filter(({ scope }) => coversPath(scope.path, pathname));
  if (covering.some(({ endsAt }) => endsAt > at)) return 'held';
  if (covering.length > 0) return 'ended';
  if (reaching.length > 0) return 'other-path';
  if (sets.length > 0) return 'other-host';
  return dropped > 0 ? 'dropped' : 'unknown';
}

/**
 * The policies of the signed cookies that reach the host of a load, whatever their Path is: of grants before it and of a
 * cookie file; null for one that the evidence does not show.
 */
export function policiesReaching(load: Load, facts: Facts): readonly (SignedPolicy | null)[] {
  const { sets } = keptSets(load, facts);
  return setsReaching(load, sets).map(({ policy }) => (policy === null ? null : readPolicy(policy)));
}

/** Signed cookies of one scope that a browser keeps. */
interface KeptSet {
  readonly scope: Scope;
  readonly secure: boolean;
  /** Milliseconds. */
  readonly endsAt: number;
  /** The value of CloudFront-Policy; null: not shown. */
  readonly policy: string | null;
  /** The value of CloudFront-Signature. */
  readonly signature: string;
}

/** Signatures whose cookies a browser has removed by then, in milliseconds. */
function signaturesEndedBy(at: number, sets: readonly KeptSet[]): ReadonlySet<string> {
  const ended = new Set(sets.filter(({ endsAt }) => endsAt <= at).map(({ signature }) => signature));
  for (const { endsAt, signature } of sets) if (endsAt > at) ended.delete(signature);
  return ended;
}

function signaturesOf({ cookies }: Load): readonly string[] {
  return (cookies ?? []).filter(({ name }) => name === 'CloudFront-Signature').map(({ value }) => value);
}

/** The policy among cookies: the one of a scope, else the first. */
function policyAmong(cookies: readonly SetCookie[], scope: Scope, url: string): string | null {
  const policies = cookies.filter(({ name }) => name === 'CloudFront-Policy');
  const own = policies.find((cookie) => isSameScope(scopeOf(cookie, url), scope)) ?? policies[0];
  return own?.value ?? null;
}

function setsReaching({ url }: Load, sets: readonly KeptSet[]): readonly KeptSet[] {
  const { hostname, protocol } = new URL(url);
  return sets.filter(
    ({ scope, secure }) => reachesHost(scope, hostname) && (!secure || protocol === 'https:'),
  );
}

/** Scopes that an answer after the one load and before the other cleared. */
function clearedSince(from: Load, load: Load, { clearings, evidence }: Facts): readonly Scope[] {
  const at = timeOf(load, evidence);
  return clearings
    .filter(
      ({ load: clearing }) =>
        clearing !== from &&
        timeOf(clearing, evidence) > timeOf(from, evidence) &&
        timeOf(clearing, evidence) <= at,
    )
    .flatMap(({ load: clearing, cookies }) =>
      cookies
        .filter((cookie) => cookie.name === 'CloudFront-Signature' && isClearing(cookie, at))
        .map((cookie) => scopeOf(cookie, clearing.url)),
    );
}

/** The sets that are kept when a load is made, and how many signatures a browser dropped. */
function keptSets(load: Load, facts: Facts): { readonly sets: readonly KeptSet[]; readonly dropped: number } {
  const { grants, evidence } = facts;
  const at = timeOf(load, evidence);
  const sets: KeptSet[] = [];
  let dropped = 0;
  for (const { load: from, cookies } of grants) {
    if (from.atMilliseconds !== null && from.atMilliseconds > at) continue;
    for (const cookie of cookies) {
      if (cookie.name !== 'CloudFront-Signature') continue;
      if (rejection(cookie, { url: from.url, page: from.page, top: from.top }, 'Chromium') !== null)
        dropped += 1;
      else {
        const scope = scopeOf(cookie, from.url);
        // A sign-out that fits took them (B61).
        if (clearedSince(from, load, facts).some((cleared) => isSameScope(cleared, scope))) continue;
        const life = cookie.maxAgeSeconds ?? Number.POSITIVE_INFINITY;
        const endsAt = (from.atMilliseconds ?? at) + life * 1000;
        sets.push({
          scope,
          secure: cookie.secure,
          endsAt,
          policy: policyAmong(cookies, scope, from.url),
          signature: cookie.value,
        });
      }
    }
  }
  for (const cookie of evidence.held) {
    if (cookie.name !== 'CloudFront-Signature') continue;
    const endsAt = cookie.expires === 0 ? Number.POSITIVE_INFINITY : cookie.expires * 1000;
    const policy = evidence.held.find(
      ({ name, ...other }) => name === 'CloudFront-Policy' && isSameScope(other, cookie),
    );
    sets.push({
      scope: cookie,
      secure: cookie.secure,
      endsAt,
      policy: policy?.value ?? null,
      signature: cookie.value,
    });
  }
  return { sets, dropped };
}

const placeOf = (url: string): string => `${hostOf(url)} ${folderOf(url)}`;

const carriersByPlace = onceForEach((files: readonly Load[]) =>
  Map.groupBy(
    files.filter((file) => (signedCookiesOf(file)?.names.length ?? 0) > 0),
    ({ url }) => placeOf(url),
  ),
);

/** Loads with signed cookies in the same folder of the same host. */
function carriersIn(url: string, files: readonly Load[]): readonly Load[] {
  return carriersByPlace(files).get(placeOf(url)) ?? [];
}

function isSameScope(one: Scope, other: Scope): boolean {
  return one.domain === other.domain && one.hostOnly === other.hostOnly && one.path === other.path;
}
