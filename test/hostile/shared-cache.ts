import { createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A cache that everybody shares, between callers and the service. */
export interface SharedCache {
  readonly url: string;
  close(): Promise<void>;
}

interface Stored {
  readonly status: number;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

/**
 * The greediest cache that RFC 9111 lets exist, and greedier: it keeps any status of any method, with
 * cookies and in spite of an Authorization header, unless the answer's own Cache-Control forbids it
 * (section 3: `no-store`, `private`), and answers anybody who asks for the same address (section 4,
 * Vary regarded). Says `X-Cache: HIT` or `MISS`.
 */
export async function startSharedCache(upstream: string): Promise<SharedCache> {
  const store = new Map<string, Stored>();
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const key = `${incoming.method} ${incoming.url} ${incoming.headers.origin ?? ''}`;
      const known = store.get(key);
      const answer = known ?? (await forward(upstream, incoming));
      if (known === undefined && mayBeStored(answer)) store.set(key, answer);
      outgoing.writeHead(answer.status, [
        ...answer.rawHeaders,
        'X-Cache',
        known === undefined ? 'MISS' : 'HIT',
      ]);
      outgoing.end(answer.body);
    })();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((done) => server.close(() => done())),
  };
}

function mayBeStored({ rawHeaders }: Stored): boolean {
  const at = rawHeaders.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'cache-control');
  return !/no-store|private/.test(at === -1 ? '' : (rawHeaders[at + 1] ?? ''));
}

async function forward(upstream: string, incoming: IncomingMessage): Promise<Stored> {
  const body = await bytesOf(incoming);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const { method, headers } = incoming;
    request(`${upstream}${incoming.url}`, { method: method ?? 'GET', headers, agent: false }, resolve)
      .once('error', reject)
      .end(body);
  });
  return { status: answer.statusCode ?? 0, rawHeaders: answer.rawHeaders, body: await bytesOf(answer) };
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  return Buffer.concat((await stream.toArray()) as Buffer[]);
}
