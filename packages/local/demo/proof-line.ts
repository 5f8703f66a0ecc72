import { proveByFetch } from './cdn-files.js';
import type { DemoConfig } from './config.js';
import { byId } from './page.js';

/** Asks the edge for one file past the browser's cache and says what the browser made of the answer. */
export async function showProof({ cdnUrl, samples }: DemoConfig): Promise<void> {
  const path = samples.images[0] ?? samples.video;
  const { state, error, status, reachable } = await proveByFetch(cdnUrl, path);
  const line = byId('proof', HTMLParagraphElement);
  line.dataset['state'] = state;
  if (error === undefined) {
    line.textContent = `/${path} ${state === 'shown' ? 'opened' : 'refused'}: status ${status}.`;
  } else {
    const truth = reachable ? 'The edge said 403; the page may not read that.' : 'No answer at all.';
    line.textContent = `/${path}: ${error}. ${truth}`;
  }
}

export function forgetProof(): void {
  byId('proof', HTMLParagraphElement).textContent = '';
}
