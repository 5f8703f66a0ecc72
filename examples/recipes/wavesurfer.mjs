import WaveSurfer from 'wavesurfer.js';

export const show = (container, url) =>
  WaveSurfer.create({ container, url, fetchParams: { credentials: 'include' } });
