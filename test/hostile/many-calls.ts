import { Agent, request } from 'node:http';

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
