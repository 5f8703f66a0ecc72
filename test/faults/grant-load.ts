import { Agent, request } from 'node:http';
import { bearer } from '../support/operated-api.js';
import type { ReceivedCookies } from './received-cookies.js';

/** Requests that wait for an answer at the same time, at most: what a frozen service is not buried under. */
const MOST_UNDER_WAY = 200;
const TICK_MILLISECONDS = 5;
const VIEWERS = 400;
const PREFIXES = 97;
/** Every so many requests one comes on a connection of its own. */
const NEW_CONNECTION_EVERY = 4;
const SHORTEST_TTL_SECONDS = 600;
const TTL_SPREAD_SECONDS = 3_000;

/** The prefix that everyone must be entitled to for this load. */
export const LOAD_PREFIX = 'courses';

/** A stream of grants under way. */
export interface GrantLoad {
  /** How many wait for an answer. */
  readonly underWay: number;
  /** Answers by status; `0` counts connections that ended without one. */
  readonly statuses: ReadonlyMap<number, number>;
  /** The longest that an answer took, in milliseconds. */
  readonly slowestMilliseconds: number;
  /** Asks no more; resolves when every request has an answer or none to come. Rejects when one was no answer of ours. */
  stop(): Promise<void>;
}

let requests = 0;

/** Asks for grants, so many a second, for many viewers and prefixes, and notes every cookie set that arrives. */
export function startGrantLoad(target: {
  readonly url: string;
  readonly perSecond: number;
  readonly received: ReceivedCookies;
}): GrantLoad {
  const agent = new Agent({ keepAlive: true });
  const waiting = new Set<Promise<void>>();
  const statuses = new Map<number, number>();
  const begin = performance.now();
  let asked = 0;
  let slowestMilliseconds = 0;
  let fault: unknown = null;

  const ask = (): void => {
    const sentAt = performance.now();
    const asking = askOnce(target, agent)
      .then((status) => {
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        slowestMilliseconds = Math.max(slowestMilliseconds, performance.now() - sentAt);
      })
      .catch((error: unknown) => void (fault ??= error))
      .finally(() => void waiting.delete(asking));
    waiting.add(asking);
  };
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - begin) / 1000) * target.perSecond);
    for (; asked < due; asked += 1) if (waiting.size < MOST_UNDER_WAY) ask();
  }, TICK_MILLISECONDS);

  return {
    get underWay() {
      return waiting.size;
    },
    statuses,
    get slowestMilliseconds() {
      return slowestMilliseconds;
    },
    stop: async () => {
      clearInterval(timer);
      await Promise.all(waiting);
      agent.destroy();
      if (fault !== null) throw fault;
    },
  };
}

/** Gives the status, or 0 when the connection ended before the whole answer. */
function askOnce(
  { url, received }: { readonly url: string; readonly received: ReceivedCookies },
  agent: Agent,
): Promise<number> {
  requests += 1;
  const viewer = `viewer-${requests % VIEWERS}`;
  const body = JSON.stringify({
    prefix: `${LOAD_PREFIX}/${requests % PREFIXES}`,
    ttlSeconds: SHORTEST_TTL_SECONDS + (requests % TTL_SPREAD_SECONDS),
  });
  const headers = {
    Authorization: bearer(viewer),
    'Content-Type': 'application/json',
    'Content-Length': body.length,
  };
  const isOwn = requests % NEW_CONNECTION_EVERY === 0;
  return new Promise((resolve, reject) => {
    const asking = request(
      `${url}/grants`,
      { method: 'POST', headers, agent: isOwn ? false : agent },
      (answer) => {
        const status = answer.statusCode ?? 0;
        let text = '';
        let receipt: ReturnType<ReceivedCookies['receive']> | null = null;
        try {
          // The browser keeps cookies with the headers, whatever becomes of the body.
          if (status === 201) receipt = received.receive(viewer, answer.headers['set-cookie'] ?? []);
          else if (answer.headers['set-cookie'] !== undefined) throw new Error(`a cookie with a ${status}`);
        } catch (error) {
          reject(error);
        }
        answer.setEncoding('utf8').on('data', (part: string) => (text += part));
        answer.once('error', () => resolve(0));
        answer.once('end', () => {
          if (receipt !== null) receipt.id = (JSON.parse(text) as { id: string }).id;
          resolve(status);
        });
      },
    );
    asking.once('error', () => resolve(0));
    asking.end(body);
  });
}
