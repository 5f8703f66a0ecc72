import { scopeOf } from '../browser/set-cookie.js';
import { header } from '../evidence/evidence.js';
import { signedCookiesOf, timeOf, type Facts } from '../facts.js';
import { distinct, jarSigns, shown, type Check, type Sign } from './check.js';

/** Cookies that stay in a browser when its viewer signs out or another one signs in. */
export const VIEWER_CHECKS: readonly Check[] = [
  {
    id: 'viewer-changed',
    catalogue: ['F58'],
    stage: 'viewer-changed',
    title: 'Another viewer signed in on this browser, and the cookies of the first one were not cleared.',
    why: 'Cookies belong to a browser, not to a person: until they are cleared or end, they count for everybody there (B61).',
    fix: 'Clear the signed cookies at sign-in and sign-out, with the Domain and Path they were set with.',
    evidence:
      'two viewers in one recording, by the subject of their tokens or a new session cookie, and a signed cookie of the first in a request of the second',
    toTellApart: 'whether it works in a fresh private window',
    look: (facts) => {
      const ofJar = jarSigns(facts, 'other-viewer');
      if (ofJar.length > 0) return ofJar;
      const changes = viewerChanges(facts);
      if (changes.length === 0) return facts.grants.length === 0 && facts.evidence.jar === null ? null : [];
      const signs: Sign[] = [];
      for (const change of changes) {
        const before = facts.grants.filter(({ load }) => timeOf(load, facts.evidence) < change.at).at(-1);
        const isCleared = facts.clearings.some(
          ({ load }) =>
            Math.abs(timeOf(load, facts.evidence) - change.at) < 5000 ||
            (timeOf(load, facts.evidence) <= change.at &&
              before !== undefined &&
              timeOf(load, facts.evidence) > timeOf(before.load, facts.evidence)),
        );
        if (before === undefined || isCleared) continue;
        const value = before.cookies.find(({ name }) => name === 'CloudFront-Signature')?.value;
        const used = facts.files.find(
          (load) =>
            timeOf(load, facts.evidence) > change.at &&
            (load.cookies ?? []).some(
              (cookie) => cookie.name === 'CloudFront-Signature' && cookie.value === value,
            ),
        );
        if (used !== undefined) {
          signs.push({
            seen: `${change.where} is another viewer; ${shown(used)} still carried the cookies of ${before.load.where}.`,
          });
        }
      }
      return distinct(signs);
    },
  },
  {
    id: 'sign-out-leaves-access',
    catalogue: ['F21'],
    stage: 'access',
    title:
      'Signing out leaves access: the cookies were cleared with other attributes, or the browser shows its own copy.',
    why: 'A cookie goes when name, Domain, Path and partition are the same as it was set with (B61); and a copy in the browser’s cache asks nobody (B86).',
    fix: 'Clear with the same Domain and Path, Partitioned included; send Cache-Control: private, no-cache with the files.',
    evidence:
      'Set-Cookie that clears another Domain or Path than the one before; signed cookies, or a copy of the browser’s cache, after it',
    toTellApart: 'whether the cookies still stand in the Application panel after signing out',
    look: (facts) => {
      if (facts.clearings.length === 0) return null;
      const signs: Sign[] = [];
      for (const clearing of facts.clearings) {
        const at = timeOf(clearing.load, facts.evidence);
        const cleared = scopesOf(clearing);
        const before = facts.grants.filter(
          ({ load }) => load !== clearing.load && timeOf(load, facts.evidence) <= at,
        );
        const set = before.flatMap(scopesOf);
        const left = set.filter((scope) => !cleared.includes(scope));
        const again = facts.grants.some(
          ({ load }) => load !== clearing.load && timeOf(load, facts.evidence) > at,
        );
        const after = facts.files.filter((load) => timeOf(load, facts.evidence) > at);
        const carrying = after.find((load) => (signedCookiesOf(load)?.names.length ?? 0) > 0);
        const copy = after.find(
          (load) =>
            load.fromBrowserCache && (load.status === 200 || load.status === 206 || load.status === 304),
        );
        if (again) continue;
        if (carrying !== undefined && (left.length > 0 || set.length === 0)) {
          signs.push({
            seen: `${shown(clearing.load)} clears ${cleared.join(' and ')}${left.length > 0 ? `, the cookies are of ${[...new Set(left)].join(' and ')}` : ''}; ${carrying.where} still carried them.`,
          });
        } else if (copy !== undefined) {
          signs.push({
            seen: `${shown(copy)} came from the browser’s cache after ${clearing.load.where} had cleared the cookies.`,
          });
        }
      }
      return distinct(signs);
    },
  },
];

/** Domain, Path and partition of the cookies of an answer, as texts to compare. */
function scopesOf({ load, cookies }: Facts['grants'][number]): readonly string[] {
  return [
    ...new Set(
      cookies.map((cookie) => {
        const { domain, hostOnly, path } = scopeOf(cookie, load.url);
        return `${hostOnly ? 'host ' : ''}${domain}${path}${cookie.partitioned ? ' (partitioned)' : ''}`;
      }),
    ),
  ];
}

/** Moments at which the person at the browser became another one. */
function viewerChanges({ evidence }: Facts): readonly { readonly at: number; readonly where: string }[] {
  const changes: { at: number; where: string }[] = [];
  let subject: string | null = null;
  const sessions = new Map<string, string>();
  for (const load of evidence.loads) {
    if (load.source !== 'har') continue;
    const found = subjectOf(header(load.requestHeaders, 'authorization'));
    if (found !== null && subject !== null && found !== subject)
      changes.push({ at: timeOf(load, evidence) - 1, where: load.where });
    subject = found ?? subject;
    // A session cookie that is set anew by a POST: somebody signed in.
    for (const [name, line] of load.headers ?? []) {
      if (
        name.toLowerCase() !== 'set-cookie' ||
        load.method !== 'POST' ||
        /CloudFront-|__Host-edgepass|=;|Max-Age=0/i.test(line)
      )
        continue;
      const [pair = ''] = line.split(';');
      const [key = '', value = ''] = pair.split(/=(.*)/s);
      if (!/sess|sid|auth|token|demo|login|user/i.test(key)) continue;
      const before = sessions.get(key);
      if (before !== undefined && before !== value)
        changes.push({ at: timeOf(load, evidence), where: load.where });
      sessions.set(key, value);
    }
  }
  return changes;
}

/** The subject of a bearer token, to be compared and never shown. */
function subjectOf(authorization: string | null): string | null {
  const payload = /^Bearer [\w-]+\.([\w-]+)\./.exec(authorization ?? '')?.[1];
  if (payload === undefined) return null;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    const subject = typeof claims === 'object' && claims !== null ? (claims as { sub?: unknown }).sub : null;
    return typeof subject === 'string' ? subject : null;
  } catch {
    return null;
  }
}
