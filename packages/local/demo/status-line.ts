import { EdgepassError } from '/client/index.js';
import { byId } from './page.js';

/** Where the page can say it more simply than the API, which does not know the page. */
const SENTENCES: Readonly<Record<string, string>> = {
  token_missing: 'Nobody is signed in, so the API refused: pick a person first.',
  token_expired: 'The sign-in has ended: pick a person again.',
  rate_limited: 'Too many calls in a short time: wait a moment.',
};

/** Says what the last action came to, to the eye and to a screen reader. */
export function say(tone: 'calm' | 'good' | 'bad', text: string): void {
  const status = byId('status', HTMLParagraphElement);
  status.dataset['tone'] = tone;
  status.textContent = text;
}

/** Says what went wrong, in the words of the API where it could answer. */
export function sayError(error: unknown): void {
  if (error instanceof EdgepassError) say('bad', SENTENCES[error.code] ?? error.message);
  else say('bad', error instanceof Error ? error.message : String(error));
}
