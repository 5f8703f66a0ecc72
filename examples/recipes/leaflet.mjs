import { map, tileLayer } from 'leaflet';

export function show(place, tiles) {
  const course = map(place).setView([0, 0], 1);
  tileLayer(tiles, { crossOrigin: 'use-credentials' }).addTo(course);
}
