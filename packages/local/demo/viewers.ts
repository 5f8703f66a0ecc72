import { EdgepassError, type EdgepassClient, type Entitlement } from '/client/index.js';
import { callApi, jsonBody, sendsToken, sendToken } from './api-calls.js';
import { byId, copyOf, within } from './page.js';
import { nameOf, pathOf } from './words.js';

/** The people of the demo sign-in, and what each may open in words. */
export const PEOPLE = [
  { user: 'alice', may: 'may open two courses, and her own folder', decides: false },
  { user: 'bob', may: 'may open only his own folder', decides: false },
  { user: 'carol', may: 'may open only her own folder; decides who may open what', decides: true },
] as const;

/** A private file in the viewer's own folder; for nobody, a file of somebody else. */
export function portraitOf(viewer: string | null): string {
  return `users/${viewer ?? PEOPLE[0].user}/portrait.svg`;
}

/** Builds one button for each person; `choose` is called with the name. */
export function showPeople(choose: (user: string) => void): void {
  byId('people', HTMLDivElement).replaceChildren(
    ...PEOPLE.map(({ user, may }) => {
      const button = copyOf('person-template', HTMLButtonElement);
      button.dataset['testid'] = `sign-in-${user}`;
      button.dataset['user'] = user;
      within(button, '.person-face', HTMLElement).textContent = user.slice(0, 1).toUpperCase();
      within(button, 'strong', HTMLElement).textContent = nameOf(user);
      within(button, '.person-text span', HTMLElement).textContent = may;
      button.addEventListener('click', () => choose(user));
      return button;
    }),
  );
}

/** Marks who is signed in; null for nobody. */
export function showSignedIn(viewer: string | null): void {
  for (const button of byId('people', HTMLDivElement).querySelectorAll('button')) {
    button.setAttribute('aria-pressed', String(button.dataset['user'] === viewer));
  }
  byId('signed-in', HTMLParagraphElement).textContent =
    viewer === null ? 'Nobody is signed in.' : `Signed in as ${nameOf(viewer)}.`;
  byId('sign-out', HTMLButtonElement).hidden = viewer === null;
  byId('app', HTMLDivElement).dataset['viewer'] = viewer ?? '';
}

/** Why the API refused this viewer, in a sentence: `Bob may open only /users/bob.` */
export function mayOpenOnly(viewer: string, entitlements: readonly Entitlement[]): string {
  const prefixes = entitlements.flatMap(({ applies, opens, prefix }) => (applies ? [opens ?? prefix] : []));
  const name = nameOf(viewer);
  const paths = prefixes.map(pathOf);
  return paths.length === 0
    ? `${name} may open nothing on this CDN.`
    : `${name} may open only ${paths.join(' and ')}.`;
}

/**
 * Demo sign-in: the API answers with a session cookie that this page cannot read. `client.grants()` then clears what another
 * viewer left in this browser, and shows whether the browser kept that cookie: where it did not, the page sends the token
 * of the answer itself.
 */
export async function signIn(apiUrl: string, client: EdgepassClient, user: string): Promise<void> {
  const answer = await session(apiUrl, { method: 'POST', ...jsonBody({ user }) });
  const { accessToken } = (await answer.json()) as { readonly accessToken: string };
  if (sendsToken()) sendToken(accessToken);
  try {
    await client.grants();
  } catch (error) {
    if (!(error instanceof EdgepassError) || error.code !== 'token_missing') throw error;
    sendToken(accessToken);
    await client.grants();
  }
}

export async function signOut(apiUrl: string): Promise<void> {
  await session(apiUrl, { method: 'DELETE' });
  sendToken(null);
}

async function session(apiUrl: string, init: RequestInit): Promise<Response> {
  const response = await callApi(`${apiUrl}/demo/sign-in`, init);
  if (!response.ok) throw new Error(`The API answered ${response.status} to the demo sign-in.`);
  return response;
}
