import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TestCertificates } from '../support/test-certificates.js';
import { passOn, serveHttps } from './own-server.js';

/** One request as it stood on the wire, and what the edge decided. */
export interface RecordedTarget {
  readonly method: string;
  /** The target of the request line, byte for byte, without a query. */
  readonly target: string;
  /** Whether a signed cookie came along. */
  readonly hasCookies: boolean;
  readonly status: number;
}

export interface RecordingHost {
  readonly port: number;
  /** Everything so far, in the order of the answers. */
  readonly recorded: readonly RecordedTarget[];
  /** Waits until the condition holds of what is recorded. Rejects after 60 s. */
  until(condition: (recorded: readonly RecordedTarget[]) => boolean): Promise<void>;
  /** Where requests go to; nothing can be asked before. */
  leadTo(to: { readonly scheme: 'http' | 'https'; readonly port: number }): void;
}

/** A host on a port of its own that hands everything on as it came, and writes down the raw targets. */
export async function startRecordingHost(certificates: TestCertificates): Promise<RecordingHost> {
  const recorded: RecordedTarget[] = [];
  const waiting = new Set<() => void>();
  let leads: { readonly scheme: 'http' | 'https'; readonly port: number } | null = null;
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    let isRecorded = false;
    const record = (): void => {
      if (isRecorded) return;
      isRecorded = true;
      recorded.push({
        method: request.method ?? '',
        target: (request.url ?? '').replace(/\?.*$/s, ''),
        hasCookies: (request.headers.cookie ?? '').includes('CloudFront-Policy='),
        status: response.statusCode,
      });
      for (const look of waiting) look();
    };
    // The browser may know of the end before the connection does.
    response.once('finish', record).once('close', record);
    if (leads === null) response.writeHead(503).end();
    else passOn({ ...leads, ca: certificates.caPem }, request, response);
  };
  const port = await serveHttps(certificates, answer);
  return {
    port,
    recorded,
    until: (condition) =>
      new Promise((resolve, reject) => {
        const end = (settle: () => void): void => {
          clearTimeout(limit);
          waiting.delete(look);
          settle();
        };
        const look = (): void => {
          if (condition(recorded)) end(resolve);
        };
        const limit = setTimeout(
          () => end(() => reject(new Error('expected other requests within 60 s'))),
          60_000,
        );
        waiting.add(look);
        look();
      }),
    leadTo: (to) => {
      leads = to;
    },
  };
}
