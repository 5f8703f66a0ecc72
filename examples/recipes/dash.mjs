import { MediaPlayer } from 'dashjs';

export function play(video, url) {
  const player = MediaPlayer().create();
  player.setXHRWithCredentialsForType(null, true);
  player.initialize(video, url, true);
}
