import { callApi, jsonBody } from './api-calls.js';
import { byId, copyOf, within } from './page.js';
import { PEOPLE } from './viewers.js';
import { clockTime, nameOf, pathOf } from './words.js';

/** A right as `GET /admin/entitlements` lists it. */
interface Right {
  readonly id: string;
  readonly subject: string;
  readonly prefix: string;
}

/** What `DELETE /admin/entitlements/{id}` answers. */
interface Taken {
  readonly openGrants: { readonly count: number; readonly lastExpiresAt: string | null };
}

/** The panel in which the administrator decides who may open what. */
export interface DecisionPanel {
  /** Shows it to the administrator alone, with what stands in the database now. */
  showTo(viewer: string | null): Promise<void>;
}

/** `act` runs one action of the page at a time; `say` tells people what it came to. */
export function buildDecisions(
  apiUrl: string,
  prefixes: readonly string[],
  act: (action: () => Promise<void>) => void,
  say: (text: string) => void,
): DecisionPanel {
  const panel = byId('decisions', HTMLElement);
  const subject = byId('right-subject', HTMLSelectElement);
  const prefix = byId('right-prefix', HTMLSelectElement);
  const subjects = [...PEOPLE.map(({ user }) => `user:${user}`), 'everyone'];
  subject.replaceChildren(...subjects.map((one) => new Option(whoIs(one), one)));
  prefix.replaceChildren(...prefixes.map((one) => new Option(`/${one}/`, one)));

  async function call(method: string, path: string, body?: object): Promise<unknown> {
    const init = { method, ...(body === undefined ? {} : jsonBody(body)) };
    const response = await callApi(`${apiUrl}/admin/entitlements${path}`, init);
    const answer = (await response.json()) as { readonly detail?: string };
    if (!response.ok) throw new Error(answer.detail ?? `The API answered ${response.status}.`);
    return answer;
  }

  async function list(): Promise<void> {
    const { entitlements } = (await call('GET', '?limit=100')) as { readonly entitlements: readonly Right[] };
    byId('rights', HTMLUListElement).replaceChildren(...entitlements.map(rowOf));
  }

  function rowOf(right: Right): HTMLLIElement {
    const item = copyOf('right-template', HTMLLIElement);
    const sentence = `${whoIs(right.subject)} may open ${pathOf(right.prefix)}`;
    within(item, '.right-words', HTMLElement).textContent = sentence;
    const button = within(item, 'button', HTMLButtonElement);
    button.setAttribute('aria-label', `Take away: ${sentence}`);
    button.addEventListener('click', () => act(() => take(right)));
    return item;
  }

  async function give(): Promise<void> {
    await call('PUT', '', { subject: subject.value, prefix: prefix.value });
    await list();
    say(`${whoIs(subject.value)} may open ${pathOf(prefix.value)} from now on.`);
  }

  async function take({ id, subject: whose, prefix: which }: Right): Promise<void> {
    const { openGrants } = (await call('DELETE', `/${id}`)) as Taken;
    await list();
    const { count, lastExpiresAt } = openGrants;
    const still =
      count === 0 || lastExpiresAt === null
        ? 'Nobody holds cookies from it.'
        : `Cookies that were given before open it until ${clockTime(Date.parse(lastExpiresAt))}: keep lifetimes short.`;
    say(`${whoIs(whose)} gets no further access to ${pathOf(which)}. ${still}`);
    byId('give', HTMLButtonElement).focus({ preventScroll: true });
  }

  byId('right-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    act(give);
  });

  return {
    async showTo(viewer) {
      const isAdministrator = PEOPLE.some(({ user, decides }) => user === viewer && decides);
      panel.hidden = !isAdministrator;
      if (isAdministrator) await list();
    },
  };
}

/** `user:alice` as people write it. */
function whoIs(subject: string): string {
  if (subject === 'everyone') return 'Everyone who signed in';
  const [kind = '', name = ''] = subject.split(/:(.*)/s);
  return kind === 'user' ? nameOf(name) : `The group ${name}`;
}
