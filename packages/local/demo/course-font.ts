import { proveByFetch, type FileState } from './cdn-files.js';
import type { DemoConfig } from './config.js';
import { logCall } from './log-panel.js';
import { byId } from './page.js';

/** As style.css names it. */
const FAMILY = 'Private handwriting';

const WORDS: Readonly<Record<FileState, string>> = {
  loading: 'Asking for the font…',
  shown: 'Set in the private font.',
  refused: 'The font was refused: these are letters of this machine.',
};

/** Sets the text in the private font when `granted`, else asks for it past the cache and shows the refusal. */
export type DrawFont = (granted: (path: string) => boolean) => Promise<void>;

/**
 * A font that style sheets cannot load: `@font-face` sends no cookies to another origin (CSS Fonts Module Level 4, "Font
 * fetching requirements"), so a script fetches it with credentials, as `loadFont` of the client does. This page cannot use
 * that: the page takes the font away again, logs the call, and has its grants without `open`.
 */
export function buildFont({ cdnUrl, samples }: DemoConfig): DrawFont {
  const board = byId('board', HTMLDivElement);
  const words = byId('font-words', HTMLElement);
  const path = samples.font;
  let font: FontFace | undefined;
  let drawing = 0;
  byId('font-caption', HTMLElement).textContent = path.split('/').at(-1) ?? path;

  function mark(state: FileState): void {
    board.dataset['state'] = state;
    words.textContent = WORDS[state];
  }

  async function load(): Promise<FontFace | undefined> {
    const call = { host: 'edge', method: 'GET', path: `/${path}`, via: 'FontFace' } as const;
    try {
      const response = await fetch(`${cdnUrl}/${path}`, { credentials: 'include' });
      logCall({ ...call, status: response.status });
      return response.ok ? await new FontFace(FAMILY, await response.arrayBuffer()).load() : undefined;
    } catch {
      logCall({ ...call, status: 'blocked' });
      return undefined;
    }
  }

  return async (granted) => {
    drawing += 1;
    const mine = drawing;
    const isGranted = granted(path);
    if (isGranted && font !== undefined) return;
    if (font !== undefined) document.fonts.delete(font);
    font = undefined;
    mark('loading');
    const mayLoad = isGranted || (await proveByFetch(cdnUrl, path)).state === 'shown';
    const loaded = mayLoad ? await load() : undefined;
    if (mine !== drawing) return;
    if (loaded !== undefined) document.fonts.add(loaded);
    font = loaded;
    mark(loaded === undefined ? 'refused' : 'shown');
  };
}
