import { canReach } from '/client/index.js';
import { logCall } from './log-panel.js';

/** What became of one file: the browser shows it, or the edge refused it. */
export type FileState = 'loading' | 'shown' | 'refused';

/** What a fetch past every cache found out about a file. */
export interface Proof {
  readonly state: 'shown' | 'refused';
  /** The browser's own words when it withheld the answer. */
  readonly error?: string;
  readonly status?: number;
  /** False when the host gave no answer at all: certificate or network. */
  readonly reachable: boolean;
}

/** Fetches a file with credentials and `no-store`: the browser's cache may still hold what the edge refuses (B86). */
export async function proveByFetch(cdnUrl: string, path: string, isIncident = false): Promise<Proof> {
  const call = { host: 'edge', method: 'GET', path: `/${path}`, via: 'fetch', isIncident } as const;
  try {
    const response = await fetch(`${cdnUrl}/${path}`, { credentials: 'include', cache: 'no-store' });
    await response.arrayBuffer();
    logCall({ ...call, status: response.status });
    return { state: response.ok ? 'shown' : 'refused', status: response.status, reachable: true };
  } catch (error) {
    const reachable = await canReach(`${cdnUrl}/`);
    logCall({ ...call, status: 'blocked', reachable });
    return { state: 'refused', error: String(error), reachable };
  }
}

/** Loads a file into a plain `<img>`, without `crossorigin`: the browser attaches the cookies, no CORS needed (B83). */
export function showInImage(
  image: HTMLImageElement,
  cdnUrl: string,
  path: string,
): Promise<'shown' | 'refused'> {
  const call = { host: 'edge', method: 'GET', path: `/${path}`, via: '<img>' } as const;
  return new Promise((resolve) => {
    const listening = new AbortController();
    const end = (status: 'shown' | 'blocked'): void => {
      listening.abort();
      logCall({ ...call, status });
      resolve(status === 'shown' ? 'shown' : 'refused');
    };
    image.addEventListener('load', () => end('shown'), { signal: listening.signal });
    image.addEventListener('error', () => end('blocked'), { signal: listening.signal });
    image.src = `${cdnUrl}/${path}`;
  });
}
