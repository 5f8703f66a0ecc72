import type { ViewerUrl } from './viewer-url.js';

/** What is known of a request when access is judged. */
export interface Visit {
  readonly url: ViewerUrl;
  readonly cookieHeader: string | undefined;
  /** The TCP peer; forwarding headers are not consulted (R31). */
  readonly peerAddress: string;
  readonly nowEpochSeconds: number;
}
