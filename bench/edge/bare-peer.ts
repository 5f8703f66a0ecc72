// What Node itself can do: the bytes of one file with given headers, or, with ORIGIN, what a server answers, by undici.
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Pool, type Dispatcher } from 'undici';

const { PORT, FILE, HEADERS, ORIGIN } = process.env;
if (PORT === undefined || HEADERS === undefined || (FILE ?? ORIGIN) === undefined)
  throw new Error('the bare peer needs PORT, HEADERS, and FILE or ORIGIN');
const headers = JSON.parse(HEADERS) as string[];
createServer(ORIGIN === undefined ? fromMemory(readFileSync(FILE ?? '')) : fromServer(ORIGIN)).listen(
  Number(PORT),
  '127.0.0.1',
);
process.once('SIGTERM', () => process.exit(0));

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

function fromMemory(bytes: Buffer): Answer {
  return (_request, response) => response.writeHead(200, headers).end(bytes);
}

/** Each request goes on with the headers of the viewer but its cookies; the answer comes with the given ones. */
function fromServer(origin: string): Answer {
  const pool = new Pool(origin, { pipelining: 1 });
  return (request, response) => {
    const { cookie: _dropped, ...sent } = request.headers;
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => undefined,
      onResponseStart: (_controller, status) => void response.writeHead(status, headers),
      onResponseData: (_controller, chunk) => void response.write(chunk),
      onResponseEnd: () => void response.end(),
      onResponseError: () => void response.destroy(),
    };
    pool.dispatch({ method: 'GET', path: request.url ?? '/', headers: sent }, handler);
  };
}
