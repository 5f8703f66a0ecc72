import Hls from 'hls.js';
import { hlsConfig } from '@edgepass/client';

export function play(video, url) {
  const hls = new Hls(hlsConfig({ cdn: url }));
  hls.loadSource(url);
  hls.attachMedia(video);
}
