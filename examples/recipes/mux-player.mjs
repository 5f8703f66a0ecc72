import '@mux/mux-player';
import { hlsConfig } from '@edgepass/client';

export function play(place, url) {
  const player = document.createElement('mux-player');
  player._hlsConfig = hlsConfig({ cdn: url });
  player.disableTracking = true;
  player.muted = true;
  player.src = url;
  place.append(player);
}
