import { Map as MapLibre, setWorkerUrl } from 'maplibre-gl';

setWorkerUrl('/maplibre-gl-worker.mjs');

export const show = (container, style, cdn) =>
  new MapLibre({
    container,
    style,
    transformRequest: (url) => (url.startsWith(cdn) ? { url, credentials: 'include' } : { url }),
  });
