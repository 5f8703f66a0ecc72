import { request as requestHttp, type IncomingHttpHeaders } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';

export interface ClientRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
  /** PEM of the certificate authority to trust; without it only the system's own. */
  readonly ca?: string | Buffer;
}

export interface ClientResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** One entry a header line, in the order and case received. */
  readonly rawHeaders: readonly (readonly [name: string, value: string])[];
  readonly setCookies: readonly string[];
  readonly body: Buffer;
  text(): string;
  json(): unknown;
}

// Node does not resolve *.localhost (B47), so every name is this machine; Host and SNI keep the real one.
const thisMachine: LookupFunction = (_hostname, options, callback) => {
  if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};

/** Sends one request for any host name to 127.0.0.1 over a connection of its own. Rejects on a TLS or socket error. */
export function send(url: string | URL, options: ClientRequest = {}): Promise<ClientResponse> {
  const address = new URL(url);
  const secure = address.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const outgoing = (secure ? requestHttps : requestHttp)(
      address,
      {
        method: options.method ?? 'GET',
        headers: { ...options.headers } as Record<string, string | string[]>,
        lookup: thisMachine,
        agent: false,
        ...(options.ca === undefined ? {} : { ca: options.ca }),
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.once('error', reject);
        incoming.once('end', () => {
          const body = Buffer.concat(chunks);
          const rawHeaders: [string, string][] = [];
          for (let index = 0; index < incoming.rawHeaders.length; index += 2) {
            rawHeaders.push([incoming.rawHeaders[index] ?? '', incoming.rawHeaders[index + 1] ?? '']);
          }
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            rawHeaders,
            setCookies: incoming.headers['set-cookie'] ?? [],
            body,
            text: () => body.toString('utf8'),
            json: () => JSON.parse(body.toString('utf8')) as unknown,
          });
        });
      },
    );
    outgoing.once('error', reject);
    outgoing.end(options.body);
  });
}
