import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomOf, type Random } from '../random.js';
import type { EdgeUnderTest } from './fuzz-edge.js';
import { HOST } from './fuzz-folder.js';
import { rawTarget } from './raw-targets.js';

const VIEWERS = 64;
/** How long nothing may come: then the edge waits for the rest of a body that never comes. */
const PATIENCE_MS = 300;
const MAX_FAILURES = 20;
/** What the edge answers itself, and what the origin of this test answers; 5xx would be a fault of the edge. */
const STATUSES = [200, 400, 403, 408, 414, 417, 494];
/** Stands in every request that a viewer means, with its number. */
const MARK = 'X-Fuzz';

/** Which requests to send. */
export interface OriginFuzzRun {
  readonly seed: number;
  readonly count: number;
  /** An empty folder for the distribution. */
  readonly root: string;
  readonly onProgress?: (sent: number) => void;
}

/** What a run found. */
export interface OriginFuzzReport {
  readonly sent: number;
  readonly statuses: Readonly<Record<number, number>>;
  /** Requests that reached the origin. */
  readonly reached: number;
  /** One line each, with what sends the request again. */
  readonly failures: readonly string[];
}

/**
 * Sends raw targets and header sets to an edge with a server behind it. No request may leave for another host, the
 * origin may see no request that the edge did not make, and none that HTTP does not know, and no viewer the answer of
 * another one (E40, E43, E45).
 */
export async function fuzzOrigin(edge: EdgeUnderTest, run: OriginFuzzRun): Promise<OriginFuzzReport> {
  const failures: string[] = [];
  const statuses: Record<number, number> = {};
  let reached = 0;
  const origin = await startOrigin(
    (problem) => failures.push(`the origin: ${problem}`),
    () => {
      reached += 1;
    },
  );
  const elsewhere = await listen(
    createServer((socket) => {
      failures.push('a connection to another host');
      socket.destroy();
    }),
  );
  const result = edge.readDistribution(writeDistribution(run.root, portOf(origin)));
  if ('problems' in result) throw new Error(`the folder has mistakes: ${JSON.stringify(result.problems)}`);
  const server = await edge.startEdgeServer({
    distribution: result.distribution,
    host: '127.0.0.1',
    port: 0,
    plainHttp: true,
    clock: { nowEpochSeconds: () => 1_795_000_000 },
    writeLine: (line) => {
      if (line.startsWith('edge failed')) failures.push(line);
    },
  });
  let sent = 0;
  const work = async (): Promise<void> => {
    while (sent < run.count && failures.length < MAX_FAILURES) {
      const index = sent;
      sent += 1;
      if (sent % 10_000 === 0) run.onProgress?.(sent);
      const mark = `${run.seed}-${index}`;
      const bytes = rawRequest(run.seed, index, mark, portOf(elsewhere));
      // oxlint-disable-next-line no-await-in-loop -- one connection after the other
      const text = await exchange(server.port, bytes);
      const answers = [...text.matchAll(/HTTP\/1\.1 ([2-5]\d{2}) /g)].map(([, status]) => Number(status));
      for (const status of answers) statuses[status] = (statuses[status] ?? 0) + 1;
      const fault = judge(answers, text, [mark, `${mark}-behind`, `${mark}-last`]);
      if (fault !== null) failures.push(`seed ${run.seed} index ${index} ${JSON.stringify(bytes)}: ${fault}`);
    }
  };
  await Promise.all(Array.from({ length: VIEWERS }, work));
  await server.close();
  origin.close();
  elsewhere.close();
  return { sent, statuses, reached, failures };
}

function judge(answers: readonly number[], text: string, marks: readonly string[]): string | null {
  const odd = answers.find((status) => !STATUSES.includes(status));
  if (odd !== undefined) return `status ${odd}`;
  const foreign = [...text.matchAll(/seen:([^;\n]*);/g)].find(([, one = '']) => !marks.includes(one));
  return foreign === undefined ? null : `the answer of another request: ${foreign[1]}`;
}

const METHODS = [
  'GET',
  'GET',
  'GET',
  'POST',
  'POST',
  'PUT',
  'HEAD',
  'OPTIONS',
  'DELETE',
  'PATCH',
  'TRACE',
  'get',
  'PRI',
];

/** One request, perhaps with another one in the place of its body. */
function rawRequest(seed: number, index: number, mark: string, elsewherePort: number): string {
  const random = randomOf(seed ^ 0x5bd1e995, index);
  const { pick, chance } = random;
  const behind = `GET /behind HTTP/1.1\r\nHost: ${HOST}\r\n${MARK}: ${mark}-behind\r\nConnection: close\r\n\r\n`;
  const other = pick([`127.0.0.1:${elsewherePort}`, `localhost:${elsewherePort}`]);
  const target = chance(0.15)
    ? pick([`http://${other}/a`, `//${other}/a`, `/@${other}/`, other, `/a?url=http://${other}/`])
    : rawTarget(seed, index);
  const lines = [`Host: ${HOST}`, `${MARK}: ${mark}`];
  const count = Math.floor(random.next() * 4);
  for (let line = 0; line < count; line += 1) lines.push(oddHeader(random, other));
  const body = chance(0.5) ? framed(random, behind, lines) : '';
  // Where the edge still reads, this is the last request of the connection.
  const last = `GET /last HTTP/1.1\r\nHost: ${HOST}\r\n${MARK}: ${mark}-last\r\nConnection: close\r\n\r\n`;
  return `${pick(METHODS)} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}${last}`;
}

/** A header that a proxy has fallen for somewhere. */
function oddHeader({ pick }: Random, other: string): string {
  return pick([
    `X-Forwarded-Host: ${other}`,
    `Forwarded: host=${other};for=127.0.0.1`,
    `X-Original-URL: http://${other}/`,
    `X-Rewrite-URL: /behind`,
    `Proxy: http://${other}`,
    `Host: ${other}`,
    `Host : ${other}`,
    `X-HTTP-Method-Override: DELETE`,
    'Connection: close',
    'Connection: keep-alive, Host',
    'Connection: Transfer-Encoding, Content-Length',
    'Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__',
    'Upgrade: websocket\r\nConnection: Upgrade',
    'Expect: 100-continue',
    'Expect: something',
    'TE: trailers, chunked',
    'Trailer: X-Fuzz',
    'Keep-Alive: timeout=100',
    'Range: bytes=0-0,1-1',
    'If-None-Match: "x"',
    'Accept-Encoding: gzip, br',
    'Cookie: a=1; a=2',
    `X-Long: ${'x'.repeat(2000)}`,
    'X-Bytes: \u00e9\u00ff',
    'X-Nul: a\0b',
    'X-Fold: a\r\n b',
    'X-Bare: a\rb',
    'X-Line: a\nX-Injected: 1',
    ': empty',
    'X Space: 1',
    'X-Edge-Own: 1',
    'CloudFront-Viewer-Country: XX',
    'Via: 1.1 nobody',
    'Authorization: Bearer x',
    `Origin: http://${other}`,
  ]);
}

/** Pushes headers that say how long the body is, in one of many ways, and gives the body. */
function framed({ pick, chance }: Random, behind: string, lines: string[]): string {
  const chunk = `${behind.length.toString(16)}\r\n${behind}\r\n`;
  const lengths = [
    `Content-Length: ${behind.length}`,
    'Content-Length: 0',
    'Content-Length: 5',
    `Content-Length: +${behind.length}`,
    `Content-Length: ${behind.length}, ${behind.length}`,
    `Content-Length: 0x${behind.length.toString(16)}`,
    `Content-Length: ${behind.length}\r\nContent-Length: 0`,
    'Content-Length : 5',
    'Content-Length: -1',
    'Content_Length: 5',
  ];
  const codings = [
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: Chunked',
    'Transfer-Encoding: chunked, identity',
    'Transfer-Encoding: identity, chunked',
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding: xchunked',
    'Transfer-Encoding : chunked',
    'Transfer-Encoding: \x0bchunked',
    'Transfer-Encoding:\tchunked',
    'X: x\nTransfer-Encoding: chunked',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
    'Transfer-Encoding:\r\n chunked',
  ];
  const way = chance(0.4) ? [pick(lengths)] : chance(0.6) ? [pick(codings)] : [pick(lengths), pick(codings)];
  lines.push(...(chance(0.5) ? way : way.toReversed()));
  return pick([
    behind,
    `${chunk}0\r\n\r\n`,
    `0\r\n\r\n${behind}`,
    `${chunk}0\r\nX-Trailer: 1\r\n\r\n${behind}`,
    `5;ext="a\n"\r\nhello\r\n0\r\n\r\n${behind}`,
    `00000005\r\nhello\r\n0\r\n\r\n`,
    `-1\r\nhello\r\n0\r\n\r\n${behind}`,
    `5\nhello\n0\n\n${behind}`,
    `hello${behind}`,
    'ffffffffffffffff\r\nhello',
    'x'.repeat(70_000),
  ]);
}

/** Sends all bytes and gives all that came until the edge closed, or nothing more came. */
function exchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    let text = '';
    socket.setEncoding('latin1');
    socket.setTimeout(PATIENCE_MS, () => socket.destroy());
    socket.on('data', (chunk: string) => (text += chunk));
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(text));
    socket.write(bytes, 'latin1');
  });
}

/** An origin that reads strictly: what it does not know is a failure of the edge that sent it. */
async function startOrigin(fail: (problem: string) => void, note: () => void): Promise<Server> {
  return listen(
    createServer((socket) => {
      let received = '';
      socket.setEncoding('latin1');
      socket.on('error', () => undefined);
      socket.on('data', (chunk: string) => {
        received += chunk;
        for (;;) {
          const read = readRequest(received);
          if (read === null) return;
          if (typeof read === 'string') {
            fail(`${read} in ${JSON.stringify(received.slice(0, 300))}`);
            socket.destroy();
            return;
          }
          received = received.slice(read.length);
          note();
          answer(socket, read.mark, read.method);
        }
      });
    }),
  );
}

function answer(socket: Socket, mark: string, method: string): void {
  const body = `seen:${mark};`;
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${method === 'HEAD' ? '' : body}`);
}

/** A whole request at the beginning of a text; null when more must come, a text when it is none. */
function readRequest(
  text: string,
): { readonly length: number; readonly mark: string; readonly method: string } | string | null {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd === -1) return null;
  const [requestLine = '', ...lines] = text.slice(0, headEnd).split('\r\n');
  const [, method = ''] =
    /^(GET|HEAD|OPTIONS|PUT|PATCH|POST|DELETE) \/[\x21-\x7e\x80-\xff]* HTTP\/1\.1$/.exec(requestLine) ?? [];
  if (method === '') return 'no request line';
  const headers = lines.map((line) =>
    /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\t\x20-\x7e\x80-\xff]*)$/.exec(line),
  );
  if (headers.includes(null)) return 'no header line';
  const valuesOf = (name: string) =>
    headers.flatMap((match) => (match?.[1]?.toLowerCase() === name ? [match[2] ?? ''] : []));
  const marks = valuesOf(MARK.toLowerCase());
  if (valuesOf('host').join() !== HOST) return `Host ${valuesOf('host').join()}`;
  if (marks.length !== 1) return `${marks.length} marks`;
  // The edge puts this into each request that it sends; what comes through as a body has none.
  const ids = valuesOf('x-amz-cf-id');
  if (ids.length !== 1 || !valuesOf('via').join().endsWith('cloudfront.net (CloudFront)'))
    return 'a smuggled request';
  const foreign = ['x-injected', 'te', 'trailer', 'keep-alive', 'expect', 'x-edge-own'];
  if (foreign.some((name) => valuesOf(name).length > 0)) return 'a header of another connection';
  const lengths = valuesOf('content-length');
  const codings = valuesOf('transfer-encoding');
  // R127: the edge writes these itself, for a WebSocket alone: a GET without a body.
  const upgrade = [method, ...valuesOf('connection'), ...valuesOf('upgrade')].join(' ');
  const isWebSocket = upgrade === 'GET upgrade websocket' && lengths.length + codings.length === 0;
  if (valuesOf('upgrade').length > 0 && !isWebSocket) return 'an upgrade to something else';
  if (lengths.length + codings.length > 1) return 'two lengths';
  const bodyStart = headEnd + 4;
  const mark = marks[0] ?? '';
  if (codings.length === 0) {
    if (lengths.length === 1 && !/^[0-9]+$/.test(lengths[0] ?? '')) return 'a length that is none';
    const length = bodyStart + Number(lengths[0] ?? 0);
    return text.length < length ? null : { length, mark, method };
  }
  if (codings[0] !== 'chunked') return `coding ${codings[0]}`;
  for (let at = bodyStart; ;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd === -1) return null;
    const size = /^[0-9a-f]+$/i.test(text.slice(at, lineEnd))
      ? Number.parseInt(text.slice(at, lineEnd), 16)
      : Number.NaN;
    if (Number.isNaN(size)) return 'a chunk that is none';
    if (text.length < lineEnd + 2 + size + 2) return null;
    at = lineEnd + 2 + size + 2;
    if (size === 0) return { length: at, mark, method };
  }
}

function writeDistribution(root: string, originPort: number): string {
  const folder = join(root, 'origin-distribution');
  mkdirSync(folder, { recursive: true });
  const methods = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'];
  const config = {
    Aliases: { Quantity: 1, Items: [HOST] },
    Origins: {
      Quantity: 1,
      Items: [
        {
          Id: 'api',
          DomainName: 'api.example.com',
          CustomOriginConfig: { OriginReadTimeout: 5 },
          ConnectionAttempts: 1,
        },
      ],
    },
    DefaultCacheBehavior: {
      TargetOriginId: 'api',
      ViewerProtocolPolicy: 'allow-all',
      AllowedMethods: { Quantity: 7, Items: methods },
      // CachingDisabled and AllViewer
      CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
      OriginRequestPolicyId: '216adef6-5c7f-47e4-b989-5492eafa07d3',
    },
  };
  writeFileSync(join(folder, 'distribution.json'), JSON.stringify(config));
  writeFileSync(
    join(folder, 'edge.json'),
    JSON.stringify({ origins: { api: { url: `http://127.0.0.1:${originPort}` } } }),
  );
  return folder;
}

function listen(server: Server): Promise<Server> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
