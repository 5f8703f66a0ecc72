// The load, in a process of its own: keeps CONNECTIONS connections busy for the asked time, looks at the
// status and the Set-Cookie lines of every answer, and hands a sample of the answers back to be verified.
import autocannon from 'autocannon';
import { CONNECTIONS, type Caller } from './cases.js';

/** One round of load. */
export interface LoadJob {
  readonly url: string;
  readonly origin: string;
  readonly callers: readonly Caller[];
  readonly seconds: number;
  /** Fewer Set-Cookie lines than this make an answer wrong. */
  readonly cookieLines: number;
}

/** An answer to verify: what was asked, and the Set-Cookie lines that came. */
export interface Sample {
  readonly prefix: string;
  readonly cookies: readonly string[];
}

/** What one round gave. */
export interface LoadResult {
  readonly answers: number;
  readonly seconds: number;
  /** Connection errors, timeouts, answers other than 201, answers with too few cookies. */
  readonly errors: number;
  readonly p50Milliseconds: number;
  readonly p99Milliseconds: number;
  readonly samples: readonly Sample[];
}

/** Odd, so that the samples wander over the callers. */
const SAMPLE_EVERY = 211;

async function load(job: LoadJob): Promise<LoadResult> {
  const { url, origin, callers, seconds, cookieLines } = job;
  const samples: Sample[] = [];
  let wrong = 0;
  let seen = 0;
  let connection = 0;
  const result = await autocannon({
    url,
    connections: CONNECTIONS,
    duration: seconds,
    timeout: 10,
    setupClient(client) {
      // Every connection has callers of its own: no two ask for the same prefix at once unless the case says so.
      const first = connection++;
      const own = callers.filter((_, index) => index % CONNECTIONS === first);
      const prefixOf = new Map<object, string>();
      const requests = own.map(({ prefix, token }) => {
        const request = {
          method: 'POST',
          path: '/grants',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', origin },
          body: JSON.stringify({ prefix }),
        };
        prefixOf.set(request, prefix);
        return request;
      });
      client.setRequests(requests);
      client.on('headers', ({ statusCode, headers }) => {
        seen += 1;
        const isSample = seen % SAMPLE_EVERY === 0;
        let lines = 0;
        const cookies: string[] = [];
        for (let index = 0; index < headers.length; index += 2) {
          if (headers[index]?.toLowerCase() !== 'set-cookie') continue;
          lines += 1;
          if (isSample) cookies.push(headers[index + 1] ?? '');
        }
        if (statusCode !== 201 || lines < cookieLines) wrong += 1;
        if (isSample) {
          samples.push({ prefix: prefixOf.get(client.requestIterator.currentRequest) ?? '', cookies });
        }
      });
    },
  });
  return {
    answers: result.requests.total,
    seconds: result.duration,
    errors: wrong + result.errors + result.timeouts,
    p50Milliseconds: result.latency.p50,
    p99Milliseconds: result.latency.p99,
    samples,
  };
}

process.on('message', (job: LoadJob) => {
  load(job).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(0));
