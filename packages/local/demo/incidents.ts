import type { Diagnosis, EdgepassClient } from '/client/index.js';
import { jsonBody } from './api-calls.js';
import { proveByFetch, type Proof } from './cdn-files.js';
import type { DemoConfig } from './config.js';
import { logCall } from './log-panel.js';
import { byId } from './page.js';

/** What people get wrong at CloudFront, and the settings of the local edge that show it; the last one is the one that stays. */
const INCIDENTS = [
  {
    id: 'wildcard',
    label: 'The response headers policy answers * to everybody',
    settings: ['wildcard'],
    cure: 'recommended',
  },
  {
    id: 'another-origin',
    label: 'The response headers policy names another site',
    settings: ['another-origin'],
    cure: 'recommended',
  },
  {
    id: 'no-cors',
    label: 'No response headers policy, and no CORS rules on the bucket',
    settings: ['no-cors'],
    cure: 'recommended',
  },
  {
    id: 'stale-copy',
    label: 'The bucket answered *; that was mended, but the copy stayed in the cache',
    settings: ['bucket-wildcard', 'bucket-exact'],
    cure: 'invalidation',
  },
  {
    id: 'another-key',
    label: 'The key group holds the public half of another key',
    settings: ['another-key'],
    cure: 'recommended',
  },
] as const;

type Incident = (typeof INCIDENTS)[number];

/** What the page remembers while the settings are wrong: a reload must not leave them so. */
const LEFT = 'edgepass-demo-incident';

const ASK_FIRST = 'Ask for access to the course first: without cookies every file is refused anyway.';

/** The panel that makes the local edge fail. */
export interface IncidentPanel {
  /** Whether a file of the course would open if nothing were wrong. */
  allow(isGranted: boolean): void;
  /** Takes the settings back that this page left wrong when it was closed. */
  mendLeft(): Promise<void>;
}

/**
 * Makes the settings of the local edge wrong at the press of a button, asks for a file as a script does, and shows what the
 * API's doctor says of it. `act` runs one action of the page at a time.
 */
export function buildIncidents(
  { cdnUrl, samples, hasEdgeSwitch }: DemoConfig,
  client: EdgepassClient,
  act: (action: () => Promise<void>) => void,
): IncidentPanel {
  const panel = byId('incident', HTMLElement);
  const kind = byId('incident-kind', HTMLSelectElement);
  const provoke = byId('provoke', HTMLButtonElement);
  const cure = byId('cure', HTMLButtonElement);
  const facts = byId('incident-facts', HTMLDListElement);
  const note = byId('incident-note', HTMLParagraphElement);
  const path = samples.images[0] ?? samples.video;
  let current: Incident | null = null;
  panel.hidden = !hasEdgeSwitch;
  kind.replaceChildren(...INCIDENTS.map(({ id, label }) => new Option(label, id)));

  async function fail(): Promise<void> {
    const incident = INCIDENTS.find(({ id }) => id === kind.value) ?? INCIDENTS[0];
    current = incident;
    localStorage.setItem(LEFT, 'yes');
    let proof: Proof | null = null;
    for (const [index, setting] of incident.settings.entries()) {
      // One after the other: the copy of the first setting is what stays.
      // oxlint-disable no-await-in-loop
      await askEdge({ setting });
      if (index === 0) await askEdge({ invalidate: true });
      proof = await proveByFetch(cdnUrl, path, true);
      // oxlint-enable no-await-in-loop
    }
    write('learns', proof === null ? '' : learns(proof));
    write('finds', 'Asking the API …');
    write('change', '…');
    show('failing');
    const { sentence, diagnosis } = await client.diagnose(`${cdnUrl}/${path}`);
    write('finds', diagnosis.rootCause?.title ?? sentence);
    write('change', changeOf(diagnosis));
    note.textContent = `${incident.label}. Made so on this machine; apply the cure when you have read it.`;
  }

  async function mend(): Promise<void> {
    const isStale = current?.cure === 'invalidation';
    await askEdge(isStale ? { invalidate: true } : { setting: 'recommended' });
    const proof = await proveByFetch(cdnUrl, path);
    localStorage.removeItem(LEFT);
    // The settings that the incident left are right for this page, and another page would need the recommended ones.
    if (isStale) await askEdge({ setting: 'recommended' });
    write('learns', learns(proof));
    show(proof.state === 'shown' ? 'cured' : 'failing');
    note.textContent =
      proof.state === 'shown'
        ? `Cured by ${isStale ? 'an invalidation of all copies' : 'the recommended settings'}: the same fetch opens the file.`
        : 'The file is still refused: ask for access again, it may have ended.';
    provoke.focus({ preventScroll: true });
  }

  function show(state: 'failing' | 'cured'): void {
    panel.dataset['state'] = state;
    facts.hidden = false;
    cure.hidden = state !== 'failing';
  }

  function write(fact: 'learns' | 'finds' | 'change', text: string): void {
    byId(`incident-${fact}`, HTMLElement).textContent = text;
  }

  byId('incident-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    act(fail);
  });
  cure.addEventListener('click', () => act(mend));

  return {
    allow(isGranted) {
      provoke.disabled = !isGranted;
      if (!isGranted) {
        note.textContent = ASK_FIRST;
        facts.hidden = panel.dataset['state'] !== 'failing';
      } else if (note.textContent === ASK_FIRST) note.textContent = '';
    },
    async mendLeft() {
      if (localStorage.getItem(LEFT) === null) return;
      await askEdge({ setting: 'recommended' });
      await askEdge({ invalidate: true });
      localStorage.removeItem(LEFT);
    },
  };
}

/** What a script of this page gets to know. */
function learns({ status, error, state }: Proof): string {
  if (error !== undefined) return `${error}, and nothing else`;
  return state === 'shown' ? `Status ${status}, and the file` : `Status ${status}`;
}

function changeOf({ rootCause, alsoPossible }: Diagnosis['diagnosis']): string {
  if (rootCause !== null) return rootCause.fix.text;
  if (alsoPossible.length === 0) return 'As the doctor says.';
  return `Not decided by what the edge answered. To find out, see ${alsoPossible.map(({ toTellApart }) => toTellApart).join('; or ')}.`;
}

/** Changes the edge of this machine; only the page's own server takes such a call. */
async function askEdge(body: { readonly setting: string } | { readonly invalidate: true }): Promise<void> {
  const response = await fetch('/edge', { method: 'POST', ...jsonBody(body) });
  logCall({ host: 'page', method: 'POST', path: '/edge', status: response.status, via: 'fetch' });
  if (!response.ok) throw new Error(`The edge could not be changed: ${await response.text()}`);
}
