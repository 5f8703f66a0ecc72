import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { EdgeAnswer } from '../edge-answer.js';
import type { Inform, OnUpgrade, ViewerSignal } from '../viewer-request.js';

/** What the edge asks of an origin. */
export interface OriginRequest {
  readonly method: string;
  /** The raw path of the viewer's request, without `OriginPath` (R27). */
  readonly path: string;
  /** Without the parameters of a signed URL (R49). */
  readonly query: string | null;
  readonly headers: IncomingHttpHeaders;
  /** What the viewer sends; null where it sends nothing. */
  readonly body: Readable | null;
  /** Aborted when the viewer goes away; null where others wait for the same answer. */
  readonly signal: ViewerSignal | null;
  readonly inform?: Inform;
  /** Asks for a WebSocket; where a folder stands it is a request like any other. */
  readonly onUpgrade?: OnUpgrade;
}

/** Whatever stands behind the edge. */
export interface Origin {
  /** Answers one request. An object or a stream in the answer is open: send it or close it. */
  answer(request: OriginRequest): Promise<EdgeAnswer>;
  /** Ends its connections. */
  close?(): Promise<void>;
}
