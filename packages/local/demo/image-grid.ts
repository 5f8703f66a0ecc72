import { proveByFetch, showInImage, type FileState } from './cdn-files.js';
import type { DemoConfig } from './config.js';
import { byId, copyOf, within } from './page.js';
import { portraitOf } from './viewers.js';

/** Draws every tile anew: granted files load as plain images, the others are first asked for past the cache. */
export type DrawGrid = (granted: (path: string) => boolean, viewer: string | null) => Promise<void>;

interface Tile {
  readonly element: HTMLLIElement;
  readonly draw: (path: string, granted: boolean) => Promise<void>;
}

/** Builds one tile a sample, one for the viewer's own portrait, and one each for the two other courses. */
export function buildGrid({ cdnUrl, samples }: DemoConfig): DrawGrid {
  const images = samples.images.map((path) => ({ path, tile: buildTile(cdnUrl, 'image') }));
  const portrait = buildTile(cdnUrl, 'portrait');
  const korean = buildTile(cdnUrl, 'korean');
  const sibling = buildTile(cdnUrl, 'sibling');
  byId('grid', HTMLUListElement).replaceChildren(
    ...images.map(({ tile }) => tile.element),
    portrait.element,
    korean.element,
    sibling.element,
  );
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

function buildTile(cdnUrl: string, kind: 'image' | 'portrait' | 'korean' | 'sibling'): Tile {
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
    if (mine === drawing) mark(path, result);
  }

  return { element, draw };
}
