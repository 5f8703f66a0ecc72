import { hlsConfig } from '@edgepass/client';
import Hls from 'hls.js';
import { useEffect, useRef } from 'react';
import { CDN_URL } from './addresses.js';
import { useFolder } from './use-folder.js';

/** One lesson: its video, once its folder is open. */
export function Lesson({ prefix }: { readonly prefix: string }) {
  const folder = useFolder(prefix);
  switch (folder.state) {
    case 'asking':
      return <p role="status">Asking for access …</p>;
    case 'refused':
      return <p role="status">You may not open this course: {folder.reason}</p>;
    case 'expired':
      return <p role="status">The access has ended.</p>;
    case 'open':
      return <Video url={`${CDN_URL}/${prefix}/lesson-1/index.m3u8`} />;
  }
}

function Video({ url }: { readonly url: string }) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (video.current === null) return;
    if (!Hls.isSupported()) {
      // Safari plays HLS by itself and sends the cookies to a host of the same site.
      video.current.src = url;
      return;
    }
    const hls = new Hls(hlsConfig({ cdn: CDN_URL }));
    hls.loadSource(url);
    hls.attachMedia(video.current);
    return () => hls.destroy();
  }, [url]);
  return <video ref={video} aria-label="Lesson 1" autoPlay muted loop playsInline controls width={640} />;
}
