import OpenSeadragon from 'openseadragon';

export const show = (element, url) =>
  OpenSeadragon({
    element,
    tileSources: url,
    ajaxWithCredentials: true,
    crossOriginPolicy: 'use-credentials',
    showNavigationControl: false,
  });
