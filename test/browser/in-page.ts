import type { Page as FirefoxPage } from 'puppeteer-core';

/** A page of either browser: that of Playwright as it is, that of Puppeteer by {@link scriptedFirefox}. */
export interface ScriptedPage {
  evaluate<Argument, Result>(
    script: (argument: Argument) => Result | Promise<Result>,
    argument: Argument,
  ): Promise<Result>;
}

/** A tab of Firefox as the functions below take it. */
export function scriptedFirefox(page: FirefoxPage): ScriptedPage {
  return {
    evaluate<Argument, Result>(
      script: (argument: Argument) => Result | Promise<Result>,
      argument: Argument,
    ): Promise<Result> {
      // The argument is plain data here, never a handle, which the library's own type allows for.
      return page.evaluate(script as (argument: unknown) => Result | Promise<Result>, argument);
    },
  };
}

/** What a script in the page learns of one file. */
export type FileAnswer =
  | { readonly status: number; readonly type: string; readonly text: string }
  | { readonly error: string };

/** What a script in the page learns of one call to the API. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface ApiCall {
  readonly method?: string;
  readonly body?: unknown;
  /** An access token, as a frontend sends it that keeps it in memory. */
  readonly bearer?: string;
}

// The page's own globals; the rest of the tests has no use for the types of the DOM.
interface ImageInPage {
  src: string;
  crossOrigin: string | null;
  naturalWidth: number;
  addEventListener(type: 'load' | 'error', listener: () => void): void;
}
declare const Image: new () => ImageInPage;
interface VideoInPage {
  readonly currentTime: number;
  getVideoPlaybackQuality(): { readonly totalVideoFrames: number };
  addEventListener(type: string, listener: () => void): void;
}
declare const document: { readonly cookie: string; querySelector(selector: string): VideoInPage | null };

/** `fetch` of a file by a script of the page, with credentials. */
export function fetchFile(
  page: ScriptedPage,
  url: string,
  init: {
    cache?: 'default' | 'no-store' | 'reload';
    credentials?: 'include' | 'same-origin';
    headers?: Readonly<Record<string, string>>;
  } = {},
): Promise<FileAnswer> {
  return page.evaluate(
    async ({ address, options }): Promise<FileAnswer> => {
      try {
        const response = await fetch(address, { credentials: 'include', ...options } as object);
        return { status: response.status, type: response.type, text: await response.text() };
      } catch (error) {
        return { error: String(error) };
      }
    },
    { address: url, options: init },
  );
}

/** A new `<img>` in the page: `shown` only when it was decoded. */
export function showImage(
  page: ScriptedPage,
  url: string,
  crossOrigin: 'anonymous' | 'use-credentials' | null = null,
): Promise<'shown' | 'refused'> {
  return page.evaluate(
    ({ address, mode }) =>
      new Promise<'shown' | 'refused'>((resolve) => {
        const image = new Image();
        if (mode !== null) image.crossOrigin = mode;
        image.addEventListener('load', () => resolve(image.naturalWidth > 0 ? 'shown' : 'refused'));
        image.addEventListener('error', () => resolve('refused'));
        image.src = address;
      }),
    { address: url, mode: crossOrigin },
  );
}

/** A call with credentials to the API by a script of the page. Rejects where the browser withholds the answer. */
export function callApi(page: ScriptedPage, url: string, call: ApiCall = {}): Promise<ApiAnswer> {
  return page.evaluate(
    async ({ address, method, body, bearer }): Promise<ApiAnswer> => {
      const response = await fetch(address, {
        method,
        credentials: 'include',
        headers: {
          ...(body === null ? {} : { 'content-type': 'application/json' }),
          ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
        },
        ...(body === null ? {} : { body }),
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? null : (JSON.parse(text) as unknown) };
    },
    {
      address: url,
      method: call.method ?? (call.body === undefined ? 'GET' : 'POST'),
      body: call.body === undefined ? null : JSON.stringify(call.body),
      bearer: call.bearer ?? null,
    },
  );
}

/** All that a script of the page can read of the jar. */
export function readableCookies(page: ScriptedPage): Promise<string> {
  return page.evaluate(() => document.cookie, null);
}

/** Waits until the page's `<video>` has played past that second; gives the number of frames decoded. */
export function playPast(page: ScriptedPage, seconds: number): Promise<number> {
  return page.evaluate(
    (target) =>
      new Promise<number>((resolve) => {
        const video = document.querySelector('video');
        const look = (): void => {
          if (video !== null && video.currentTime > target) {
            resolve(video.getVideoPlaybackQuality().totalVideoFrames);
          }
        };
        video?.addEventListener('timeupdate', look);
        look();
      }),
    seconds,
  );
}

/** Opens a WebSocket from the page, sends the text, gives the first message that comes back. */
export function echoOverWebSocket(page: ScriptedPage, url: string, text: string): Promise<string> {
  return page.evaluate(
    ({ address, message }) =>
      new Promise<string>((resolve, reject) => {
        const socket = new WebSocket(address);
        socket.addEventListener('open', () => socket.send(message));
        socket.addEventListener('error', () => reject(new Error(`no WebSocket at ${address}`)));
        socket.addEventListener('message', ({ data }) => {
          resolve(String(data));
          socket.close();
        });
      }),
    { address: url, message: text },
  );
}

/** hls.js, as the page's own script puts it there. */
interface HlsInPage {
  loadSource(url: string): void;
  attachMedia(element: unknown): void;
  on(event: string, listener: (event: string, data: HlsEvent) => void): void;
  destroy(): void;
}
interface HlsEvent {
  readonly frag?: { readonly url: string; readonly sn: number | 'initSegment' };
  readonly fatal?: boolean;
  readonly details?: string;
  readonly error?: unknown;
}
declare const Hls: new (config: object) => HlsInPage;

/** Loads a whole HLS lesson of four segments with hls.js and credentials; gives the file names of its segments, or why not. */
export function loadHls(page: ScriptedPage, url: string): Promise<readonly string[] | string> {
  return page.evaluate(
    (address) =>
      new Promise<readonly string[] | string>((resolve) => {
        const hls = new Hls({
          xhrSetup: (request: { withCredentials: boolean }) => {
            request.withCredentials = true;
          },
        });
        const names: string[] = [];
        const end = (result: readonly string[] | string): void => {
          hls.destroy();
          resolve(result);
        };
        hls.on('hlsFragLoaded', (_event, { frag }) => {
          if (frag === undefined || frag.sn === 'initSegment') return;
          names.push(new URL(frag.url).pathname.split('/').at(-1) ?? '');
          if (names.length === 4) end(names);
        });
        hls.on('hlsError', (_event, { fatal, details, error }) => {
          if (fatal === true) end(`${details ?? 'unknown'} after ${names.length} segments: ${String(error)}`);
        });
        hls.loadSource(address);
        hls.attachMedia(createVideo());

        function createVideo(): unknown {
          return (
            globalThis as unknown as { document: { createElement(name: string): unknown } }
          ).document.createElement('video');
        }
      }),
    url,
  );
}
