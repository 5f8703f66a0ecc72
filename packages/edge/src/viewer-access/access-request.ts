import type { ViewerUrl } from './viewer-url.js';

/** What is known of a request when its access is checked. */
export interface AccessRequest {
  readonly url: ViewerUrl;
  readonly cookieHeader: string | undefined;
  /** The TCP peer; forwarding headers are not consulted (R31). */
  readonly peerAddress: string;
  readonly nowEpochSeconds: number;
}
