import { EdgepassError, EdgepassNetworkError } from '/client/index.js';
import { byId } from './page.js';

/** Says what the last action came to, to the eye and to a screen reader. */
export function say(tone: 'calm' | 'good' | 'bad', text: string): void {
  const status = byId('status', HTMLParagraphElement);
  status.dataset['tone'] = tone;
  status.textContent = text;
}

/** Says what went wrong in the words of the API where it could answer. */
export function sayError(error: unknown): void {
  if (error instanceof EdgepassError) say('bad', `${error.code}: ${error.message} (status ${error.status})`);
  else if (error instanceof EdgepassNetworkError) say('bad', error.message);
  else say('bad', error instanceof Error ? error.message : String(error));
}
