import { canReach } from '/client/index.js';
import type { DemoConfig } from './config.js';
import { byId } from './page.js';
import { trustCommand } from './trust-command.js';

/**
 * Looks whether the browser gets any answer from the API and the CDN. A host whose certificate it does not trust
 * fails without a word to anyone (F48), so the page says it, with the links to open and the command to run.
 */
export async function checkCertificates({ apiUrl, cdnUrl, caFile }: DemoConfig): Promise<boolean> {
  const [api, edge] = await Promise.all([answers(`${apiUrl}/health/live`), canReach(`${cdnUrl}/`)]);
  byId('stop-api', HTMLLIElement).dataset['reach'] = api ? 'yes' : 'no';
  byId('stop-edge', HTMLLIElement).dataset['reach'] = edge ? 'yes' : 'no';
  byId('app', HTMLDivElement).dataset['edge'] = edge ? 'answers' : 'silent';
  const unreached = [...(api ? [] : [`${apiUrl}/health/live`]), ...(edge ? [] : [`${cdnUrl}/`])];
  byId('certificate-hosts', HTMLUListElement).replaceChildren(...unreached.map(linkTo));
  showTrustCommand(caFile);
  byId('certificate-warning', HTMLElement).hidden = unreached.length === 0;
  return unreached.length === 0;
}

/** The API answers its listed origins with CORS, so the plain call comes first and leaves a clean console. */
function answers(url: string): Promise<boolean> {
  return fetch(url, { credentials: 'omit', cache: 'no-store' }).then(
    () => true,
    () => canReach(url),
  );
}

function linkTo(url: string): HTMLLIElement {
  const item = document.createElement('li');
  const link = document.createElement('a');
  link.href = url;
  link.target = '_blank';
  link.rel = 'noreferrer';
  link.textContent = `Open ${new URL(url).origin}`;
  item.append(link);
  return item;
}

function showTrustCommand(caFile: string | undefined): void {
  byId('trust', HTMLDivElement).hidden = caFile === undefined;
  if (caFile === undefined) return;
  const { label, command } = trustCommand(navigator.userAgent, caFile);
  byId('trust-label', HTMLParagraphElement).textContent = label;
  byId('trust-command', HTMLElement).textContent = command;
}

/** Looks again whenever the visitor comes back from another tab, and starts over once all hosts answer. */
export function watchCertificates(config: DemoConfig): void {
  const warning = byId('certificate-warning', HTMLElement);
  const again = async (): Promise<void> => {
    if (!warning.hidden && (await checkCertificates(config))) location.reload();
  };
  byId('check-again', HTMLButtonElement).addEventListener('click', () => void again());
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') void again();
  });
}
