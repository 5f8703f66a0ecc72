import type { CachePolicy, NameChoice } from '../distribution/distribution.js';
import { matchesWildcard } from '../wildcard.js';

/** Signed-cookie values make no copies of their own, and whether an origin sees them is open (R49). */
const SIGNED_COOKIE = /^CloudFront-(Policy|Signature|Key-Pair-Id|Expires|Hash-Algorithm)$/;

/** Nothing of the viewer. */
export const NO_NAMES: NameChoice = { kind: 'none', names: [] };
/** Everything of the viewer. */
export const ALL_NAMES: NameChoice = { kind: 'all', names: [] };

/** The parameters of a raw query that any of the choices means, in the order they came; null for none. */
export function chosenQuery(query: string | null, choices: readonly NameChoice[]): string | null {
  if (query === null || choices.every(({ kind }) => kind === 'none')) return null;
  if (choices.some(({ kind }) => kind === 'all')) return query;
  const parts = query.split('&').filter((part) => {
    const name = part.split('=', 1)[0] ?? '';
    return choices.some((choice) => isChosen(choice, name));
  });
  return parts.length === 0 ? null : parts.join('&');
}

/** The cookies that any of the choices means, sorted by name as CloudFront sorts them; null for none. */
export function chosenCookies(header: string | undefined, choices: readonly NameChoice[]): string | null {
  if (header === undefined || choices.every(({ kind }) => kind === 'none')) return null;
  const cookies: { readonly text: string; readonly name: string }[] = [];
  for (const part of header.split(';')) {
    const text = part.trim();
    const equals = text.indexOf('=');
    const name = equals === -1 ? text : text.slice(0, equals);
    if (text === '' || SIGNED_COOKIE.test(name) || !choices.some((choice) => isChosen(choice, name)))
      continue;
    cookies.push({ text, name });
  }
  if (cookies.length === 0) return null;
  cookies.sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
  return cookies.map(({ text }) => text).join('; ');
}

/** The choice of these names alone. */
export function listed(names: readonly string[]): NameChoice {
  return { kind: 'listed', names };
}

/** Says whether a name is meant. */
function isChosen(choice: NameChoice, name: string): boolean {
  if (choice.kind === 'none' || choice.kind === 'all') return choice.kind === 'all';
  const isListed = choice.names.some((entry) =>
    /[*?]/.test(entry) ? matchesWildcard(entry, name) : entry === name,
  );
  return isListed === (choice.kind === 'listed');
}

/**
 * The `Accept-Encoding` that stands in the cache key and goes to the origin: what the viewer accepts of
 * what the policy enables, in one spelling; null for neither (R61).
 */
export function normalisedAcceptEncoding(
  header: string | readonly string[] | undefined,
  { gzip, brotli }: Pick<CachePolicy, 'gzip' | 'brotli'>,
): string | null {
  if (header === undefined || (!gzip && !brotli)) return null;
  const text = typeof header === 'string' ? header : header.join(',');
  const accepted = acceptedCodings.get(text) ?? readAccepted(text);
  const hasBrotli = brotli && accepted.brotli;
  if (gzip && accepted.gzip) return hasBrotli ? 'br,gzip' : 'gzip';
  return hasBrotli ? 'br' : null;
}

/** Which of the two a header accepts. */
interface AcceptedCodings {
  readonly brotli: boolean;
  readonly gzip: boolean;
}

/** Browsers send a handful of these headers, each with every request. */
const acceptedCodings = new Map<string, AcceptedCodings>();
const MAX_REMEMBERED_HEADERS = 100;
const MAX_REMEMBERED_LENGTH = 200;

function readAccepted(header: string): AcceptedCodings {
  const accepted = header.split(',').flatMap((part) => {
    const [coding = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    return parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter)) ? [] : [coding];
  });
  const codings = { brotli: accepted.includes('br'), gzip: accepted.includes('gzip') };
  if (acceptedCodings.size < MAX_REMEMBERED_HEADERS && header.length <= MAX_REMEMBERED_LENGTH) {
    acceptedCodings.set(header, codings);
  }
  return codings;
}
