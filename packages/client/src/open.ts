import type { Diagnosis, Grant } from './answers.js';
import { EdgepassLoadError, type EdgepassError } from './errors.js';
import type { GrantRenewal, RenewalOptions } from './keep-granted.js';

/** What happens to an open prefix, and what each listener is given. */
export interface AccessEvents {
  /** Files load from now on: the first grant, or the first after an end. */
  readonly granted: Grant;
  /** A later grant, whichever tab asked for it. */
  readonly renewed: Grant;
  /** The API said no (401, 403 or another answer that only a person can change): nothing is asked for any more. */
  readonly refused: EdgepassError;
  /** The API cannot answer now, or nothing answers. It is asked again. */
  readonly delayed: unknown;
  /** The grant ended and could not be renewed in time: files are refused from now on. */
  readonly expired: Grant;
  /** By `close()`, or by `clear()` here or in another tab. */
  readonly closed: undefined;
}

/** A prefix that is kept open. */
export interface Access {
  readonly prefix: string;
  /** What this browser holds; undefined before the first grant, after its end and after `close()`. */
  readonly grant: Grant | undefined;
  /** The first grant. Rejects with the refusal, or with an `AbortError` when closed before. */
  readonly ready: Promise<Grant>;
  /** Listens; gives a function that ends it. */
  on<Name extends keyof AccessEvents>(name: Name, listener: (value: AccessEvents[Name]) => void): () => void;
  /** Asks again after a refusal (somebody signed in), and renews when it is time. Never rejects. */
  renew(): Promise<void>;
  /**
   * Loads a font with cookies and adds it to the page under that name, because `@font-face` sends none in
   * Chromium and Firefox (docs/client.md, "Fonts, masks and downloads"). Rejects with {@link EdgepassLoadError}.
   * @example
   * await access.loadFont('Course', 'https://cdn.example.com/courses/algebra/course.woff2', { weight: '700' });
   */
  loadFont(name: string, url: string, descriptors?: Readonly<Record<string, string>>): Promise<void>;
  /**
   * A `blob:` address of a file that was loaded with cookies, for what sends none: masks, `shape-outside`, downloads
   * under a name of your own. `close()` revokes it. Rejects with {@link EdgepassLoadError}.
   * @example
   * element.style.maskImage = `url(${await access.blobUrl(`${cdn}/courses/algebra/mask.svg`)})`;
   */
  blobUrl(url: string): Promise<string>;
  /** `client.diagnose(url)`: asks the API why a file does not load. */
  diagnose(url: string): Promise<Diagnosis>;
  /** Stops renewing and clears the cookies, also while the page is being closed; other tabs that need them ask again. */
  close(): Promise<void>;
}

/** What `open()` needs of the client. */
export interface AccessParts {
  renew(options: RenewalOptions): GrantRenewal;
  fetch: typeof globalThis.fetch;
  readonly diagnose: (url: string) => Promise<Diagnosis>;
  clear(): Promise<unknown>;
}

interface Fonts {
  readonly FontFace: new (
    name: string,
    data: ArrayBuffer,
    descriptors?: object,
  ) => { load(): Promise<unknown> };
  readonly document: { readonly fonts: { add(font: unknown): void } };
}

/** Opens `prefix` with what the client gives. */
export function openAccess(prefix: string, parts: AccessParts): Access {
  const listeners = new Set<{ name: string; listener: (value: never) => void }>();
  const blobs: string[] = [];
  let grant: Grant | undefined;
  let isClosed = false;
  let settle!: { resolve(grant: Grant): void; reject(reason: unknown): void };
  const ready = new Promise<Grant>((resolve, reject) => (settle = { resolve, reject }));
  // Who only listens to the events need not handle it.
  ready.catch(() => {});

  function emit<Name extends keyof AccessEvents>(name: Name, value: AccessEvents[Name]): void {
    for (const one of listeners) {
      if (one.name === name) (one.listener as (given: typeof value) => void)(value);
    }
  }

  const closed = (): DOMException => new DOMException(`${prefix} was closed.`, 'AbortError');

  function end(): void {
    if (isClosed) return;
    isClosed = true;
    grant = undefined;
    for (const url of blobs) URL.revokeObjectURL(url);
    settle.reject(closed());
    emit('closed', undefined);
  }

  async function load(url: string): Promise<Response> {
    if (grant) await renewal.renewIfDue();
    else await ready;
    const response = await parts.fetch(url, { credentials: 'include' }).catch((cause: unknown) => {
      throw new EdgepassLoadError(url, undefined, cause);
    });
    if (!response.ok) throw new EdgepassLoadError(url, response.status);
    return response;
  }

  const renewal = parts.renew({
    onGrant(next) {
      const name = grant ? 'renewed' : 'granted';
      settle.resolve((grant = next));
      emit(name, next);
    },
    onError(error, willRetry) {
      if (!willRetry) settle.reject(error);
      emit(willRetry ? 'delayed' : 'refused', error as EdgepassError);
    },
    onExpired() {
      const ended = grant;
      grant = undefined;
      if (ended) emit('expired', ended);
    },
    onEnd: end,
  });

  return {
    prefix,
    get grant() {
      return grant;
    },
    ready,
    on(name, listener) {
      const one = { name, listener };
      listeners.add(one);
      return () => listeners.delete(one);
    },
    renew: () => renewal.renewIfDue(),
    async loadFont(name, url, descriptors) {
      const page = globalThis as unknown as Fonts;
      const font = new page.FontFace(name, await (await load(url)).arrayBuffer(), descriptors);
      await font.load();
      page.document.fonts.add(font);
    },
    async blobUrl(url) {
      const blob = await (await load(url)).blob();
      if (isClosed) throw closed();
      const address = URL.createObjectURL(blob);
      blobs.push(address);
      return address;
    },
    diagnose: parts.diagnose,
    async close() {
      if (isClosed) return;
      renewal.stop();
      end();
      await parts.clear();
    },
  };
}
