import type { CookiePair, Evidence, JarFact } from './evidence.js';
import { domainMatches } from '../browser/scope.js';
import { printable } from './show.js';
import { readPolicy } from './signed-policy.js';

/** A grant that a browser holds, as its API knows by a cookie of its own. */
export interface KnownGrant {
  /** `courses/algebra`. */
  readonly prefix: string;
  /** Whether the file that is asked about lies in it. */
  readonly coversFile: boolean;
  /** As the policy names it: `https://cdn.example.com/courses/algebra/*`. */
  readonly resource: string;
  /** Of its cookies; null: host-only. */
  readonly domain: string | null;
}

/** What a call to an API shows of the browser that made it. */
export interface JarInput {
  /** Grants of the viewer who calls. */
  readonly own: readonly KnownGrant[];
  /** Grants that another viewer left in this browser. */
  readonly foreign: readonly KnownGrant[];
  /** The cookies of the call, all of them. */
  readonly cookies: readonly CookiePair[];
  /** The host by which the browser called; null: not known, as behind a proxy that writes another. */
  readonly apiHost: string | null;
  /** The host of the file. */
  readonly cdnHost: string;
  readonly nowMilliseconds: number;
}

/**
 * Judges what a browser holds by a call that it made to the API: its own record of grants, and signed cookies that came
 * along though no grant set them there. A call without any cookie says nothing: it may have been made without credentials.
 *
 * @example
 * const cookies = [{ name: 'session', value: '1' }];
 * const hosts = { apiHost: 'api.example.com', cdnHost: 'cdn.example.com' };
 * const jar = readJar({ own: [], foreign: [], cookies, ...hosts, nowMilliseconds: Date.now() });
 * diagnose(joinEvidence([live, jar], { nowMilliseconds: Date.now() })).rootCause?.id; // grant-missing
 */
export function readJar(input: JarInput): Partial<Evidence> {
  const { own, foreign, cookies, nowMilliseconds } = input;
  if (cookies.length === 0) return {};
  const facts: JarFact[] = [];
  const left = foreign.filter(({ coversFile }) => coversFile);
  const covering = own.filter(({ coversFile }) => coversFile);
  if (left.length > 0)
    facts.push({
      kind: 'other-viewer',
      text: `This browser holds a grant for ${names(left)} that another viewer was given.`,
    });
  else if (covering.length === 0 && own.length > 0)
    facts.push({
      kind: 'other-folder',
      text: `This browser holds grants for ${names(own)}, and the file lies in none of them.`,
    });
  else if (covering.length === 0)
    facts.push({
      kind: 'no-grant',
      text: 'This browser sent cookies to the API, and none of them records a grant.',
    });
  facts.push(...covering.flatMap((grant) => domainFact(grant, input) ?? []));
  if (covering.length > 1)
    facts.push({
      kind: 'two-sets',
      text: `This browser holds grants for ${names(covering)}, which lie within each other.`,
      isWarning: true,
    });
  const known = new Set([...own, ...foreign].map(({ resource }) => resource));
  for (const value of new Set(valuesOf(cookies, 'CloudFront-Policy'))) {
    const policy = readPolicy(value);
    if (policy?.resource !== null && known.has(policy?.resource ?? '')) continue;
    const end =
      policy?.endsAt !== undefined && policy.endsAt !== null && policy.endsAt * 1000 <= nowMilliseconds
        ? ', and has ended'
        : '';
    facts.push({
      kind: 'two-sets',
      text: `A CloudFront-Policy came with the call that is of no grant of this browser: it opens ${printable(policy?.resource ?? 'nothing that can be read')}${end}. Where its Domain reaches the CDN, two sets arrive there.`,
      isWarning: true,
    });
  }
  return { jar: facts };
}

/** Domain says whether the browser took the signed cookies of a grant (B6), and whether they reach the file (B5). */
function domainFact(
  { prefix, domain }: KnownGrant,
  { apiHost, cdnHost }: Pick<JarInput, 'apiHost' | 'cdnHost'>,
): JarFact | null {
  const set = `The grant for ${printable(prefix)} that this browser holds set cookies with Domain=${domain ?? ''}`;
  if (domain !== null && apiHost !== null && !domainMatches(apiHost, domain))
    return {
      kind: 'domain-not-of-api',
      text: `${set}; the call came to ${printable(apiHost)}, which does not lie below it.`,
    };
  if (domain !== null && !domainMatches(cdnHost, domain))
    return { kind: 'domain-not-of-cdn', text: `${set}, which does not reach ${cdnHost}.` };
  return null;
}

function names(grants: readonly KnownGrant[]): string {
  return grants
    .slice(0, 5)
    .map(({ prefix }) => printable(prefix))
    .join(', ');
}

function valuesOf(cookies: readonly CookiePair[], wanted: string): readonly string[] {
  return cookies.filter(({ name }) => name === wanted).map(({ value }) => value);
}
