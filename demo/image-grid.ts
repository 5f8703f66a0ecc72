import { proveByFetch, showInImage, type FileState } from './cdn-files.js';
import type { DemoConfig } from './config.js';
import { byId, copyOf, within } from './page.js';

/** Draws one tile. `granted` files load as plain images; others are first asked for past the cache. */
type DrawTile = (granted: (path: string) => boolean) => Promise<void>;

/** Builds the tiles, the file outside the prefix last; gives a function that draws all of them anew. */
export function buildGrid({
  cdnUrl,
  samples,
}: DemoConfig): (granted: (path: string) => boolean) => Promise<void> {
  const tiles = [
    ...samples.images.map((path) => buildTile(cdnUrl, path, 'image')),
    buildTile(cdnUrl, samples.sibling, 'sibling'),
  ];
  byId('grid', HTMLUListElement).replaceChildren(...tiles.map(({ tile }) => tile));
  return async (granted) => {
    await Promise.all(tiles.map(({ draw }) => draw(granted)));
  };
}

function buildTile(cdnUrl: string, path: string, testId: string): { tile: HTMLLIElement; draw: DrawTile } {
  const tile = copyOf('tile-template', HTMLLIElement);
  const image = within(tile, 'img', HTMLImageElement);
  image.dataset['testid'] = testId;
  image.alt = `Private image /${path}`;
  image.referrerPolicy = 'no-referrer';
  tile.dataset['kind'] = testId;
  within(tile, '.caption', HTMLElement).textContent =
    testId === 'sibling' ? `next door: /${path}` : (path.split('/').at(-1) ?? path);
  let drawing = 0;

  function mark(state: FileState): void {
    image.dataset['state'] = state;
    tile.dataset['state'] = state;
    tile.title = `/${path}: ${state}`;
  }

  async function draw(granted: (path: string) => boolean): Promise<void> {
    drawing += 1;
    const mine = drawing;
    const opened = granted(path);
    if (opened && image.dataset['state'] === 'shown') return;
    mark('loading');
    const state = opened || (await proveByFetch(cdnUrl, path)).state === 'shown' ? 'shown' : 'refused';
    if (mine !== drawing) return;
    if (state === 'refused') {
      image.removeAttribute('src');
      mark('refused');
      return;
    }
    const result = await showInImage(image, cdnUrl, path);
    if (mine === drawing) mark(result);
  }

  return { tile, draw };
}
