import type { CookiePair, Evidence, JarFact } from './evidence.js';
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
}

/** What a call to an API shows of the browser that made it. */
export interface JarInput {
  /** Grants of the viewer who calls. */
  readonly own: readonly KnownGrant[];
  /** Grants that another viewer left in this browser. */
  readonly foreign: readonly KnownGrant[];
  /** The cookies of the call, all of them. */
  readonly cookies: readonly CookiePair[];
  readonly nowMilliseconds: number;
}

/**
 * Judges what a browser holds by a call that it made to the API: its own record of grants, and signed cookies that came
 * along though no grant set them there. A call without any cookie says nothing: it may have been made without credentials.
 *
 * @example
 * const jar = readJar({ own: [], foreign: [], cookies: [{ name: 'session', value: '1' }], nowMilliseconds: Date.now() });
 * diagnose(joinEvidence([live, jar], { nowMilliseconds: Date.now() })).rootCause?.id; // grant-missing
 */
export function readJar({ own, foreign, cookies, nowMilliseconds }: JarInput): Partial<Evidence> {
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

function names(grants: readonly KnownGrant[]): string {
  return grants
    .slice(0, 5)
    .map(({ prefix }) => printable(prefix))
    .join(', ');
}

function valuesOf(cookies: readonly CookiePair[], wanted: string): readonly string[] {
  return cookies.filter(({ name }) => name === wanted).map(({ value }) => value);
}
