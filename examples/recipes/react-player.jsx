import HlsVideo from 'hls-video-element/react';
import { hlsConfig } from '@edgepass/client';

export function Lesson({ url }) {
  return <HlsVideo config={hlsConfig({ cdn: url })} src={url} muted />;
}
