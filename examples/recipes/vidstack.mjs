import 'vidstack/player';
import { isHLSProvider, TextTrack } from 'vidstack';
import Hls from 'hls.js';
import { hlsConfig } from '@edgepass/client';

export function play(place, url, captionsUrl) {
  const player = document.createElement('media-player');
  player.append(document.createElement('media-provider'));
  player.addEventListener('provider-change', ({ detail: provider }) => {
    if (!isHLSProvider(provider)) return;
    provider.library = Hls;
    provider.config = hlsConfig({ cdn: url });
  });
  player.crossOrigin = 'use-credentials';
  player.muted = true;
  player.src = { src: url, type: 'application/x-mpegurl' };
  player.textTracks.add(new TextTrack({ src: captionsUrl, kind: 'captions', language: 'en', default: true }));
  place.append(player);
}
