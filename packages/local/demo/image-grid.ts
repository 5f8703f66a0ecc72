import type { EdgepassClient } from '/client/index.js';
import { proveByFetch, showInImage, type FileState } from './cdn-files.js';
import type { DemoConfig } from './config.js';
import { byId, copyOf, within } from './page.js';
import { say } from './status-line.js';
import { portraitOf } from './viewers.js';

/** Draws every tile anew: granted files load as plain images, the others are first asked for past the cache. */
export type DrawGrid = (granted: (path: string) => boolean, viewer: string | null) => Promise<void>;

interface Tile {
  readonly element: HTMLLIElement;
  readonly draw: (path: string, granted: boolean) => Promise<void>;
}

/** Builds one tile a sample, one for the viewer's own portrait, and one each for the two other courses. */
export function buildGrid(config: DemoConfig, client: EdgepassClient): DrawGrid {
  const { samples } = config;
  const images = samples.images.map((path) => ({ path, tile: buildTile(config, client, 'image') }));
  const portrait = buildTile(config, client, 'portrait');
  const korean = buildTile(config, client, 'korean');
  const sibling = buildTile(config, client, 'sibling');
  byId('grid', HTMLUListElement).replaceChildren(...images.map(({ tile }) => tile.element));
  byId('others', HTMLUListElement).replaceChildren(portrait.element, korean.element, sibling.element);
  return async (granted, viewer) => {
    const own = portraitOf(viewer);
    await Promise.all([
      ...images.map(({ path, tile }) => tile.draw(path, granted(path))),
      portrait.draw(own, granted(own)),
      korean.draw(samples.korean, granted(samples.korean)),
      sibling.draw(samples.sibling, granted(samples.sibling)),
    ]);
  };
}

function buildTile(
  { cdnUrl }: DemoConfig,
  client: EdgepassClient,
  kind: 'image' | 'portrait' | 'korean' | 'sibling',
): Tile {
  const element = copyOf('tile-template', HTMLLIElement);
  const image = within(element, 'img', HTMLImageElement);
  const caption = within(element, '.caption', HTMLElement);
  image.dataset['testid'] = kind;
  element.dataset['kind'] = kind;
  let drawing = 0;
  let shownPath = '';

  function mark(path: string, state: FileState): void {
    image.dataset['state'] = state;
    element.dataset['state'] = state;
    element.title = `/${path}: ${state}`;
    shownPath = state === 'shown' ? path : '';
  }

  async function draw(path: string, granted: boolean): Promise<void> {
    drawing += 1;
    const mine = drawing;
    if (granted && shownPath === path) return;
    const segments = path.split('/');
    caption.textContent = kind === 'image' ? (segments.at(-1) ?? path) : segments.slice(1).join('/');
    image.alt = `Private image /${path}`;
    mark(path, 'loading');
    const asked = granted ? 'shown' : (await proveByFetch(cdnUrl, path)).state;
    if (mine !== drawing) return;
    if (asked === 'refused') {
      image.removeAttribute('src');
      mark(path, 'refused');
      return;
    }
    const result = await showInImage(image, cdnUrl, path);
    if (mine !== drawing) return;
    mark(path, result);
    if (result === 'shown') return;
    const sentence = await whyRefused(client, `${cdnUrl}/${path}`);
    if (sentence !== null && mine === drawing) say('bad', sentence);
  }

  return { element, draw };
}

/** One question for many tiles that fail together, and none again while its answer is new. */
const QUIET_MILLISECONDS = 10_000;
let askedAt = Number.NEGATIVE_INFINITY;

/**
 * Asks the API which layer refuses a file that this page holds a grant for; gives a sentence for the page, `null` where it
 * was asked a moment ago or cannot say.
 */
async function whyRefused(client: EdgepassClient, url: string): Promise<string | null> {
  if (performance.now() - askedAt < QUIET_MILLISECONDS) return null;
  askedAt = performance.now();
  try {
    return (await client.diagnose(url)).sentence;
  } catch {
    // The page says already that the API does not answer.
    return null;
  }
}
