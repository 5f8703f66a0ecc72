import { request as requestHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, request as requestHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll } from '@jest/globals';

export interface TlsFiles {
  readonly certificatePem: string;
  readonly keyPem: string;
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const open = new Set<() => void>();

/** An HTTPS server of the test's own on a free port of 127.0.0.1; gives the port. */
export async function serveHttps(tls: TlsFiles, answer: Answer = answerWithPage): Promise<number> {
  const server = createServer({ cert: tls.certificatePem, key: tls.keyPem }, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.add(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

/** An empty page that asks for nothing by itself. */
export function answerWithPage(_request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.end('<!doctype html><title>a page of my own</title><link rel="icon" href="data:,">');
}

/** Hands the request on as it stands, its Host included, to a port of this machine. */
export function passOn(
  to: { readonly scheme: 'http' | 'https'; readonly port: number; readonly ca?: string },
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { method, url: path, headers } = request;
  const host = (headers.host ?? '').replace(/:\d+$/, '');
  const outgoing = (to.scheme === 'https' ? requestHttps : requestHttp)(
    {
      host: '127.0.0.1',
      port: to.port,
      method,
      path,
      headers,
      servername: host,
      // As nginx in examples/nginx: what an answer has that clears twenty long prefixes. Node's own limit is 16 KB.
      maxHeaderSize: 32 * 1024,
      ...(to.ca === undefined ? {} : { ca: to.ca }),
    },
    (incoming) => {
      response.writeHead(incoming.statusCode ?? 502, incoming.rawHeaders);
      incoming.pipe(response);
    },
  );
  outgoing.on('error', (error) => response.destroy(error));
  request.pipe(outgoing);
}

afterAll(() => {
  for (const close of open) close();
});
