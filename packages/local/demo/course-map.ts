// oxlint-disable-next-line import/no-absolute-path -- the page's server puts Leaflet there; a strict CSP allows no import map
import { circleMarker, control, CRS, map, tileLayer, type TileLayer } from '/vendor/leaflet.js';
import { proveByFetch, type FileState } from './cdn-files.js';
import type { DemoConfig } from './config.js';
import { logCall } from './log-panel.js';
import { byId } from './page.js';

/** The tiles have three zoom levels, and the deepest is shown enlarged too. */
const DEEPEST_TILES = 2;
/** What a level curve cannot say by itself, in pixels of the deepest level. */
const POINTS = [
  { name: 'highest point', x: 649, y: 447 },
  { name: 'second peak', x: 376, y: 530 },
  { name: 'saddle', x: 531, y: 557 },
] as const;

/** Loads the map's tiles when `granted`, else asks for one past the cache and shows the refusal. */
export type DrawMap = (granted: (path: string) => boolean) => Promise<void>;

/**
 * A map of private tiles. Leaflet's tiles are images; with `crossOrigin` they load as the recipe of docs/libraries.md has
 * them, so that a page may read their pixels too.
 */
export function buildMap({ cdnUrl, samples }: DemoConfig): DrawMap {
  const panel = byId('map-panel', HTMLDivElement);
  const firstTile = samples.map.replace('{z}', '0').replace('{x}', '0').replace('{y}', '0');
  const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  byId('map-caption', HTMLElement).textContent = samples.map.slice(samples.map.indexOf('map/'));
  const course = map(byId('map', HTMLDivElement), {
    crs: CRS.Simple,
    minZoom: 0,
    maxZoom: DEEPEST_TILES + 1,
    zoomAnimation: !isCalm,
    fadeAnimation: !isCalm,
    // The wheel scrolls the page.
    scrollWheelZoom: false,
    // The tiles are the demo's own.
    attributionControl: false,
    zoomControl: false,
  });
  control.zoom({ position: 'bottomright' }).addTo(course);
  course.setView(at(540, 540), 1);
  for (const { name, x, y } of POINTS) {
    circleMarker(at(x, y), { radius: 4, interactive: false, className: 'map-point' })
      .bindTooltip(name, { permanent: true, direction: 'top', offset: [0, -4] })
      .addTo(course);
  }
  let tiles: TileLayer | undefined;
  let drawing = 0;

  function mark(state: FileState): void {
    panel.dataset['state'] = state;
  }

  function open(): void {
    let isRefused = false;
    const layer = tileLayer(`${cdnUrl}/${samples.map}`, {
      crossOrigin: 'use-credentials',
      maxNativeZoom: DEEPEST_TILES,
      bounds: [at(0, 1_024), at(1_024, 0)],
    });
    const log = (status: 'shown' | 'blocked', tile: HTMLElement): void => {
      const path = decodeURI(new URL((tile as HTMLImageElement).src).pathname);
      logCall({ host: 'edge', method: 'GET', path, via: 'Leaflet', status });
    };
    layer.on('tileload', ({ tile }) => log('shown', tile));
    layer.on('tileerror', ({ tile }) => {
      log('blocked', tile);
      isRefused = true;
    });
    layer.on('load', () => mark(isRefused ? 'refused' : 'shown'));
    tiles = layer.addTo(course);
  }

  return async (granted) => {
    drawing += 1;
    const mine = drawing;
    const isGranted = granted(firstTile);
    if (isGranted && panel.dataset['state'] === 'shown') return;
    tiles?.remove();
    tiles = undefined;
    mark('loading');
    const asked = isGranted ? 'shown' : (await proveByFetch(cdnUrl, firstTile)).state;
    if (mine !== drawing) return;
    if (asked === 'shown') open();
    else mark('refused');
  };
}

/** A pixel of the deepest level as Leaflet's simple coordinates, whose unit is a pixel of level 0 and whose y points up. */
function at(x: number, y: number): [number, number] {
  return [-y / 2 ** DEEPEST_TILES, x / 2 ** DEEPEST_TILES];
}
