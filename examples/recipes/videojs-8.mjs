import videojs from 'video.js';
import { videoJsOptions } from '@edgepass/client';

export function play(video, url, captionsUrl) {
  const player = videojs(video, videoJsOptions());
  player.src(url);
  player.ready(() => {
    player.addRemoteTextTrack({ kind: 'captions', src: captionsUrl, srclang: 'en', default: true }, false);
  });
  return player;
}
