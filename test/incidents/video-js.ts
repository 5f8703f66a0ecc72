import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const VIDEO_JS = createRequire(import.meta.url).resolve('video.js/dist/video.min.js');

// What a page sees of video.js; the rest of the tests has no use for the types of the DOM.
interface PlayerInPage {
  src(source: { src: string; type: string }): void;
  on(event: string, listener: () => void): void;
  off(event: string, listener: () => void): void;
  currentTime(): number;
  error(): { readonly message: string } | null;
  dispose(): void;
}
interface Body {
  append(element: object): void;
}
declare const document: { readonly body: Body; createElement(name: string): object };
declare const videojs:
  | {
      (element: object, options: object): PlayerInPage;
      readonly Vhs: { GOAL_BUFFER_LENGTH: number; MAX_GOAL_BUFFER_LENGTH: number };
    }
  | undefined;

/** A video.js player in a page. */
export interface Player {
  /** Until the picture has moved past that second, or the player has given up with a message of its own. */
  playPast(seconds: number): Promise<'plays' | { readonly error: string }>;
  /** Where it is, in seconds. */
  position(): Promise<number>;
  remove(): Promise<void>;
}

/** Puts a player into the page that sends cookies (B96), loads no more than it needs ahead, and begins to play. */
export async function openPlayer(page: Page, url: string): Promise<Player> {
  if (await page.evaluate(() => typeof videojs === 'undefined')) await page.addScriptTag({ path: VIDEO_JS });
  const player = await page.evaluateHandle((address) => {
    if (videojs === undefined) throw new Error('expected video.js in the page');
    videojs.Vhs.GOAL_BUFFER_LENGTH = 1;
    videojs.Vhs.MAX_GOAL_BUFFER_LENGTH = 1;
    const element = document.createElement('video');
    document.body.append(element);
    const made = videojs(element, { autoplay: 'muted', html5: { vhs: { withCredentials: true } } });
    const state: { made: PlayerInPage; failure: string | null } = { made, failure: null };
    // Kept, because the player forgets an error that comes before its own event `loadstart`.
    made.on('error', () => {
      state.failure = made.error()?.message ?? state.failure;
    });
    made.src({ src: address, type: 'application/x-mpegURL' });
    return state;
  }, url);
  return {
    playPast: (seconds) =>
      player.evaluate(
        (state, target) =>
          new Promise((resolve) => {
            const { made } = state;
            const look = (): void => {
              if (state.failure === null && made.currentTime() <= target) return;
              for (const event of ['timeupdate', 'error']) made.off(event, look);
              resolve(state.failure === null ? 'plays' : { error: state.failure });
            };
            for (const event of ['timeupdate', 'error']) made.on(event, look);
            look();
          }),
        seconds,
      ),
    position: () => player.evaluate(({ made }) => made.currentTime()),
    remove: () => player.evaluate(({ made }) => made.dispose()),
  };
}
