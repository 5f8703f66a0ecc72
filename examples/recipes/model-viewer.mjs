import '@google/model-viewer/dist/model-viewer.min.js';

export function show(place, url) {
  const viewer = document.createElement('model-viewer');
  viewer.withCredentials = true;
  viewer.src = url;
  place.append(viewer);
}
