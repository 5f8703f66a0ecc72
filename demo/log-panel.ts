import { meaningOf, type Call } from './call-meaning.js';
import { byId, copyOf, within } from './page.js';

const LONGEST_LOG = 120;

/** Puts one call on top of the log panel. */
export function logCall(call: Call): void {
  const list = byId('log', HTMLOListElement);
  const line = copyOf('call-template', HTMLLIElement);
  const good = call.status === 'shown' || (typeof call.status === 'number' && call.status < 400);
  line.dataset['outcome'] = good ? 'good' : 'bad';
  line.dataset['host'] = call.host;
  line.dataset['status'] = String(call.status);
  within(line, '.call-time', HTMLTimeElement).textContent = new Date().toLocaleTimeString([], {
    hour12: false,
  });
  within(line, '.call-method', HTMLElement).textContent = call.method;
  within(line, '.call-path', HTMLElement).textContent = call.path;
  within(line, '.call-status', HTMLElement).textContent = `${call.host} ${call.status}`;
  within(line, '.call-meaning', HTMLElement).textContent = meaningOf(call);
  list.prepend(line);
  while (list.children.length > LONGEST_LOG) list.lastElementChild?.remove();
}
