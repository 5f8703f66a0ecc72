// oxlint-disable-next-line import/no-absolute-path -- the page's server puts hls.js there; a strict CSP allows no import map
import Hls, { ErrorTypes, Events } from '/vendor/hls.mjs';
import { hlsConfig } from '/client/index.js';
import { proveByFetch, type FileState } from './cdn-files.js';
import type { DemoConfig } from './config.js';
import { logCall } from './log-panel.js';
import { byId, within } from './page.js';

export interface LessonVideo {
  /** Plays when `granted`, else asks past the cache and shows the refusal. */
  readonly draw: (granted: (path: string) => boolean) => Promise<void>;
  /** After a renewal: starts again where a refused segment had ended the playback (B105, B106). */
  resume(): void;
}

/**
 * The HLS sample. hls.js goes first wherever it runs, because Chrome plays HLS natively since 142 and native
 * playback gives up at the first refused segment (B98, B105). The captions come from the CDN too: a `<track>` of another
 * origin loads only where the element has `crossorigin`, and with cookies only where that says `use-credentials` (HTML,
 * 4.8.11.11.3).
 */
export function buildVideo({ cdnUrl, samples }: DemoConfig, beforePlay: () => void): LessonVideo {
  const video = byId('video', HTMLVideoElement);
  const screen = byId('screen', HTMLDivElement);
  const url = `${cdnUrl}/${samples.video}`;
  let hls: Hls | undefined;
  let drawing = 0;
  let stoppedAtSeconds = 0;
  let cutOff = false;
  const captions = within(video, 'track', HTMLTrackElement);
  byId('video-caption', HTMLElement).textContent = `/${samples.video}`;

  function mark(state: FileState | 'playing'): void {
    video.dataset['state'] = state;
    screen.dataset['state'] = state;
  }

  function close(): void {
    hls?.destroy();
    hls = undefined;
    captions.removeAttribute('src');
    video.removeAttribute('src');
    video.load();
  }

  function refuse(): void {
    close();
    mark('refused');
  }

  function cut(): void {
    cutOff = true;
    stoppedAtSeconds = video.currentTime;
    refuse();
  }

  function open(): void {
    close();
    mark('loading');
    cutOff = false;
    captions.src = `${cdnUrl}/${samples.captions}`;
    captions.track.mode = 'showing';
    if (!Hls.isSupported()) {
      // A media fragment: the native player then starts there.
      video.src = `${url}#t=${stoppedAtSeconds}`;
      return;
    }
    hls = new Hls({ ...hlsConfig({ cdn: cdnUrl }), startPosition: stoppedAtSeconds });
    hls.on(Events.MANIFEST_LOADED, (_event, data) => logOpened(data.url));
    hls.on(Events.LEVEL_LOADED, (_event, data) => logOpened(data.details.url));
    hls.on(Events.FRAG_LOADED, (_event, data) => logOpened(data.frag.url));
    hls.on(Events.ERROR, (_event, data) => {
      if (data.type === ErrorTypes.NETWORK_ERROR) {
        const asked = data.frag?.url ?? data.url ?? url;
        logCall({ host: 'edge', method: 'GET', path: pathOf(asked), via: 'hls.js', status: 'blocked' });
      }
      if (!data.fatal) return;
      if (data.type === ErrorTypes.MEDIA_ERROR) hls?.recoverMediaError();
      else cut();
    });
    hls.loadSource(url);
    hls.attachMedia(video);
  }

  video.addEventListener('loadeddata', () => mark('shown'));
  video.addEventListener('play', beforePlay);
  video.addEventListener('playing', () => mark('playing'));
  for (const halt of ['pause', 'waiting']) {
    video.addEventListener(halt, () => {
      if (video.dataset['state'] === 'playing') mark('shown');
    });
  }
  video.addEventListener('canplay', () => {
    if (!matchMedia('(prefers-reduced-motion: reduce)').matches) void video.play().catch(() => undefined);
  });
  video.addEventListener('error', () => {
    if (video.hasAttribute('src') && hls === undefined) {
      logCall({ host: 'edge', method: 'GET', path: pathOf(url), via: '<video>', status: 'blocked' });
      cut();
    }
  });

  return {
    async draw(granted) {
      drawing += 1;
      stoppedAtSeconds = 0;
      const mine = drawing;
      const opened = granted(samples.video);
      if (opened && ['shown', 'playing'].includes(video.dataset['state'] ?? '')) return;
      if (!opened) {
        close();
        mark('loading');
        const { state } = await proveByFetch(cdnUrl, samples.video);
        if (mine !== drawing) return;
        if (state === 'refused') {
          refuse();
          return;
        }
      }
      open();
    },
    resume() {
      if (cutOff) open();
    },
  };
}

function logOpened(url: string): void {
  logCall({ host: 'edge', method: 'GET', path: pathOf(url), via: 'hls.js', status: 200 });
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}
