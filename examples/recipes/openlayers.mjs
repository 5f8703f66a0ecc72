import Map from 'ol/Map.js';
import View from 'ol/View.js';
import { setWithCredentials } from 'ol/featureloader.js';
import GeoJSON from 'ol/format/GeoJSON.js';
import TileLayer from 'ol/layer/Tile.js';
import VectorLayer from 'ol/layer/Vector.js';
import VectorSource from 'ol/source/Vector.js';
import XYZ from 'ol/source/XYZ.js';

setWithCredentials(true);

export const show = (target, tiles, places) =>
  new Map({
    target,
    view: new View({ center: [0, 0], zoom: 1 }),
    layers: [
      new TileLayer({ source: new XYZ({ url: tiles, crossOrigin: 'use-credentials' }) }),
      new VectorLayer({ source: new VectorSource({ url: places, format: new GeoJSON() }) }),
    ],
  });
