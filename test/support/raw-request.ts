import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface RawRequest {
  readonly port: number;
  /** The bytes to send, all of them: no client library repairs the target or the headers. */
  readonly bytes: string | Buffer;
  /** TLS with this server name and certificate authority; absent = plain TCP. */
  readonly tls?: { readonly servername: string; readonly ca: string | Buffer };
}

export interface RawResponse {
  readonly status: number;
  readonly statusLine: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** Everything that came, the answers to further requests included. */
  readonly bytes: Buffer;
}

/** A GET (or other method) whose target goes out exactly as written. */
export function requestBytes(
  host: string,
  target: string,
  lines: readonly string[] = [],
  method = 'GET',
): Buffer {
  return Buffer.from(
    [`${method} ${target} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...lines, '', ''].join('\r\n'),
    'latin1',
  );
}

/** Sends the bytes to 127.0.0.1 and gives the answer once the server has closed; rejects when none came. */
export async function sendRaw(request: RawRequest): Promise<RawResponse> {
  return parseResponse(await exchange(request));
}

function exchange(request: RawRequest): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const address = { host: '127.0.0.1', port: request.port };
    const socket =
      request.tls === undefined ? connectTcp(address) : connectTls({ ...address, ...request.tls });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A server that refuses a request while it is still being sent resets the connection after its answer.
    socket.once('error', (error) => (chunks.length > 0 ? resolve(Buffer.concat(chunks)) : reject(error)));
    socket.once('close', () => resolve(Buffer.concat(chunks)));
    socket.once(request.tls === undefined ? 'connect' : 'secureConnect', () => socket.write(request.bytes));
  });
}

/** Takes the bytes of one HTTP/1.1 response; chunked bodies are joined. Throws an Error when they are none. */
export function parseResponse(bytes: Buffer): RawResponse {
  const end = bytes.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = bytes.subarray(0, Math.max(end, 0)).toString('latin1').split('\r\n');
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(statusLine)?.[1];
  if (status === undefined) {
    throw new Error(
      `expected an HTTP/1.1 response, got ${JSON.stringify(bytes.toString('latin1').slice(0, 80))}`,
    );
  }
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
  });
  const chunked = headers.some(
    ([name, value]) => name.toLowerCase() === 'transfer-encoding' && value.toLowerCase() === 'chunked',
  );
  const rest = bytes.subarray(end + 4);
  return { status: Number(status), statusLine, headers, body: chunked ? joinChunks(rest) : rest, bytes };
}

function joinChunks(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = lineEnd === -1 ? Number.NaN : Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (Number.isNaN(size)) throw new Error(`expected a chunk size at byte ${at} of the body`);
    if (size === 0) return Buffer.concat(parts);
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}
