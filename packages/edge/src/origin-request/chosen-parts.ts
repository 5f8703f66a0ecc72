import { isChosen, type NameChoice } from '../distribution/name-choice.js';

/** Signed-cookie values make no copies of their own, and whether an origin sees them is open (R49). */
const SIGNED_COOKIE = /^CloudFront-(Policy|Signature|Key-Pair-Id|Expires|Hash-Algorithm)$/;

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
  const cookies = header
    .split(';')
    .map((part) => part.trim())
    .map((text) => ({ text, name: text.split('=', 1)[0] ?? '' }))
    .filter(
      ({ text, name }) =>
        text !== '' && !SIGNED_COOKIE.test(name) && choices.some((choice) => isChosen(choice, name)),
    )
    .toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
  return cookies.length === 0 ? null : cookies.map(({ text }) => text).join('; ');
}
