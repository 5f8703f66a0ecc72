import 'hls-video-element';
import { hlsConfig } from '@edgepass/client';

export function play(place, url) {
  const video = document.createElement('hls-video');
  video.config = hlsConfig({ cdn: url });
  video.src = url;
  video.muted = true;
  place.append(video);
}
