/** The part of an hls.js configuration that lets it play files behind cookies. */
export interface HlsCredentialsConfig {
  xhrSetup(xhr: { withCredentials: boolean }, url: string): void;
  readonly fragLoadPolicy: {
    readonly default: {
      readonly maxTimeToFirstByteMs: number;
      readonly maxLoadTimeMs: number;
      readonly timeoutRetry: RetryPolicy;
      readonly errorRetry: RetryPolicy & {
        shouldRetry(
          policy: { maxNumRetry: number } | null | undefined,
          retryCount: number,
          isTimeout: boolean,
          answer: { code?: number } | undefined,
          retry: boolean,
        ): boolean;
      };
    };
  };
}

interface RetryPolicy {
  maxNumRetry: number;
  retryDelayMs: number;
  maxRetryDelayMs: number;
}

export interface HlsConfigOptions {
  /** The CDN's address or origin: cookies go to its origin alone. */
  readonly cdn?: string;
}

/**
 * For `new Hls(hlsConfig({ cdn }))`: cookies go with every request to the CDN, and a segment that is refused while a
 * renewal is under way is asked for again instead of given up. A refusal shows as 403, or as status 0 when it
 * carries no CORS headers; hls.js 1.7 retries neither by itself. The figures are its defaults.
 *
 * It belongs into the constructor: clips of an interstitial are loaded by players of their own, which are made
 * from what the constructor got and not from `hls.config`.
 * Without `cdn` cookies go with every request, and a host that answers `Access-Control-Allow-Origin: *`, as one of
 * clips or advertisements does, is blocked by the browser (Fetch, "CORS protocol and credentials").
 * @example
 * const hls = new Hls(hlsConfig({ cdn: 'https://cdn.media.example.com' }));
 */
export function hlsConfig({ cdn }: HlsConfigOptions = {}): HlsCredentialsConfig {
  const origin = cdn === undefined ? undefined : new URL(cdn).origin;
  return {
    xhrSetup(xhr, url) {
      xhr.withCredentials = origin === undefined || new URL(url, cdn).origin === origin;
    },
    fragLoadPolicy: {
      default: {
        maxTimeToFirstByteMs: 10_000,
        maxLoadTimeMs: 120_000,
        timeoutRetry: { maxNumRetry: 4, retryDelayMs: 0, maxRetryDelayMs: 0 },
        errorRetry: {
          maxNumRetry: 6,
          retryDelayMs: 1_000,
          maxRetryDelayMs: 8_000,
          shouldRetry: (policy, retryCount, _isTimeout, answer, retry) =>
            retry ||
            (retryCount < (policy?.maxNumRetry ?? 0) && (answer?.code === 0 || answer?.code === 403)),
        },
      },
    },
  };
}

/** The part of the video.js 8 options that lets it send cookies. */
export interface VideoJsCredentialsOptions {
  readonly crossOrigin: 'use-credentials';
  readonly html5: { readonly vhs: { readonly withCredentials: true } };
}

/**
 * For `videojs(element, videoJsOptions())`: `withCredentials` is for what VHS loads (playlists, segments, keys),
 * `crossOrigin` for what the element loads: text tracks, and everything where the browser plays HLS itself.
 * Neither reaches the manifest of content steering: keep that outside of the private folder.
 */
export function videoJsOptions(): VideoJsCredentialsOptions {
  return { crossOrigin: 'use-credentials', html5: { vhs: { withCredentials: true } } };
}
