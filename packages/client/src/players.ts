/** The part of an hls.js configuration that lets it play files behind cookies. */
export interface HlsCredentialsConfig {
  xhrSetup(xhr: { withCredentials: boolean }): void;
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

/**
 * For `new Hls(hlsConfig())`: cookies go with every request, and a segment that is refused while a
 * renewal is under way is asked for again instead of given up. A refusal shows as 403, or as status 0 when it
 * carries no CORS headers; hls.js 1.7 retries neither by itself. The figures are its defaults.
 */
export function hlsConfig(): HlsCredentialsConfig {
  return {
    xhrSetup(xhr) {
      xhr.withCredentials = true;
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

/** The part of the video.js 8 options that lets VHS send cookies. */
export interface VideoJsCredentialsOptions {
  readonly html5: { readonly vhs: { readonly withCredentials: true } };
}

/**
 * For `videojs(element, videoJsOptions())`. VHS ignores the element's `crossorigin` attribute; leave that
 * attribute away, so that native playback (Safari) sends cookies too.
 */
export function videoJsOptions(): VideoJsCredentialsOptions {
  return { html5: { vhs: { withCredentials: true } } };
}
