import { Agent, request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

/** One request of many. */
export interface Call {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What came back; status 0: no answer. */
export interface Answered {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: string;
}

/** Sends all calls over that many connections, the next on each when the one before is answered. */
export async function sendMany(
  url: string,
  calls: readonly Call[],
  connections: number,
): Promise<readonly Answered[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  try {
    return await Promise.all(calls.map((call) => sendOne(agent, url, call)));
  } finally {
    agent.destroy();
  }
}

/**
 * The same, and those that were refused as `overloaded` are sent again when their Retry-After says, up to four
 * times: on a busy machine the service cannot serve all of a crowd in time, and nothing was spent on those.
 */
export async function sendUntilServed(
  url: string,
  calls: readonly Call[],
  connections: number,
): Promise<readonly Answered[]> {
  const answers = [...(await sendMany(url, calls, connections))];
  for (let again = 1; again <= 4; again += 1) {
    const shed = answers.flatMap(({ status, body }, index) =>
      status === 503 && body.includes('"code":"overloaded"') ? [index] : [],
    );
    if (shed.length === 0) break;
    const seconds = Math.max(...shed.map((index) => Number(answers[index]?.retryAfter ?? Number.NaN)));
    if (!(seconds > 0)) throw new Error('expected a Retry-After in seconds with each `overloaded`');
    // oxlint-disable-next-line no-await-in-loop -- one try after the other
    await wait(seconds * 1000);
    // oxlint-disable-next-line no-await-in-loop -- one try after the other
    const later = await sendMany(
      url,
      shed.flatMap((index) => calls[index] ?? []),
      Math.ceil(connections / 2),
    );
    for (const [at, index] of shed.entries())
      answers[index] = later[at] ?? { status: 0, retryAfter: null, body: '' };
  }
  return answers;
}

function sendOne(agent: Agent, url: string, { method = 'GET', path, headers = {}, body }: Call) {
  return new Promise<Answered>((resolve) => {
    const none = (): void => resolve({ status: 0, retryAfter: null, body: '' });
    const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
    const asking = request(
      `${url}${path}`,
      { agent, method, headers: { ...headers, ...length } },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part: string) => (text += part));
        answer.once('error', none);
        answer.once('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            retryAfter: answer.headers['retry-after'] ?? null,
            body: text,
          }),
        );
      },
    );
    asking.once('error', none);
    asking.end(body);
  });
}

/** How often each status came. */
export function countStatuses(answers: readonly Answered[]): Readonly<Record<number, number>> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
