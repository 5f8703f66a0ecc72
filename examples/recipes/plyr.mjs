import Hls from 'hls.js';
import Plyr from 'plyr';
import { hlsConfig } from '@edgepass/client';

export function play(video, url, thumbnailsUrl) {
  const hls = new Hls(hlsConfig({ cdn: url }));
  hls.loadSource(url);
  hls.attachMedia(video);
  new Plyr(video, { previewThumbnails: { enabled: true, src: thumbnailsUrl, withCredentials: true } });
}
