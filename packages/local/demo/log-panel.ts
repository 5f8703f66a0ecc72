import { meaningOf, outcomeOf, type Call } from './call-meaning.js';
import { byId, copyOf, within } from './page.js';
import { clockTime } from './words.js';

const LONGEST_LOG = 120;

/**
 * Puts a call to the API, or to this page's own server, on top of the log panel, and a file below the newest of them, which
 * it followed: a grant and its cookies stand before the files that they open. A file that fared like one since then is
 * counted in its line.
 */
export function logCall(call: Call): void {
  const list = byId('log', HTMLOListElement);
  const alike = lineOf(list, call);
  if (alike !== undefined) {
    const count = Number(alike.dataset['count']) + 1;
    alike.dataset['count'] = String(count);
    alike.title += `\n${call.path}`;
    within(alike, '.call-more', HTMLElement).textContent = `and ${count - 1} more`;
    return;
  }
  const line = copyOf('call-template', HTMLLIElement);
  const good = call.status === 'shown' || (typeof call.status === 'number' && call.status < 400);
  line.dataset['outcome'] = good ? 'good' : 'bad';
  line.dataset['host'] = call.host;
  line.dataset['status'] = String(call.status);
  line.dataset['via'] = call.via;
  line.dataset['count'] = '1';
  line.title = call.path;
  within(line, '.call-time', HTMLTimeElement).textContent = clockTime(Date.now());
  within(line, '.call-method', HTMLElement).textContent = call.method;
  within(line, '.call-path', HTMLElement).textContent = call.path;
  within(line, '.call-status', HTMLElement).textContent = `${call.host} ${outcomeOf(call)}`;
  within(line, '.call-meaning', HTMLElement).textContent = meaningOf(call);
  const newestCall = [...list.children].findIndex(isOfNoFile);
  if (call.host !== 'edge' || newestCall < 0) list.prepend(line);
  else list.insertBefore(line, list.children[newestCall + 1] ?? null);
  while (list.children.length > LONGEST_LOG) list.lastElementChild?.remove();
}

/** The line of files that fared like this one, since the newest call of another kind. */
function lineOf(list: HTMLOListElement, { host, status, via }: Call): HTMLElement | undefined {
  if (host !== 'edge') return undefined;
  const lines = [...list.children].filter((line) => line instanceof HTMLElement);
  const since = lines.slice(lines.findIndex(isOfNoFile) + 1);
  const next = since.findIndex(isOfNoFile);
  return since
    .slice(0, next < 0 ? since.length : next)
    .find(({ dataset }) => dataset['status'] === String(status) && dataset['via'] === via);
}

function isOfNoFile(line: Element): boolean {
  return line instanceof HTMLElement && line.dataset['host'] !== 'edge';
}
