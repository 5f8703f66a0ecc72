import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Clock } from '../clock.js';
import type { EdgeLog } from '../edge-log.js';
import { hostInUrl, listenOnLoopbacks } from '../listening.js';
import { writeXml } from '../xml.js';
import { answerControlCall, type ControlAnswer } from './control-api.js';
import { ControlError } from './control-error.js';
import { Invalidations } from './invalidations.js';

/** 3,000 paths of 4,000 characters would be more; a laptop sends a few. */
const MAX_BODY_BYTES = 1024 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;
/** Our own call, the only one that is not AWS's. */
const RELOAD_PATH = '/reload';
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

/** What the control port needs. */
export interface ControlServerOptions {
  readonly host: string;
  readonly port: number;
  /** Null: a call may name any distribution. */
  readonly distributionId: string | null;
  readonly clock: Clock;
  readonly log: EdgeLog;
  /** Forgets copies; gives how many there were. */
  readonly invalidate: (paths: readonly string[]) => number;
  /** Reads the folder again; gives its mistakes, one line each, and then changes nothing. */
  readonly reload?: () => readonly string[];
}

/** A listening control port. */
export interface ControlServer {
  /** `http://127.0.0.1:3003`, for `--endpoint-url`. */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts the control port: plain HTTP, meant for the loopback. Rejects when the port is taken. */
export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { log } = options;
  const invalidations = new Invalidations(options.clock, (paths) => {
    const copies = options.invalidate(paths);
    log.say(`invalidated ${paths.length} path(s), ${copies} ${copies === 1 ? 'copy' : 'copies'}`);
  });
  const create = (): Server => {
    const server = createServer(
      (message, response) => void respond(options, invalidations, message, response),
    );
    server.requestTimeout = REQUEST_TIMEOUT_MS;
    server.headersTimeout = REQUEST_TIMEOUT_MS;
    return server;
  };
  const { port, close } = await listenOnLoopbacks(create, options.host, options.port);
  return { url: `http://${hostInUrl(options.host)}:${port}`, close };
}

async function respond(
  options: ControlServerOptions,
  invalidations: Invalidations,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const requestId = randomUUID();
  const answer = await answerTo(options, invalidations, message).catch((error: unknown): ControlAnswer => {
    const known = error instanceof ControlError ? error : new ControlError('InvalidArgument');
    if (!(error instanceof ControlError)) options.log.say(`failed a control call: ${String(error)}`);
    return { status: known.status, body: writeXml(known.toElement(requestId)) };
  });
  // What was not read of a body would stand before the next call.
  if (!message.complete) response.shouldKeepAlive = false;
  response.writeHead(answer.status, {
    'Content-Type': answer.body.startsWith('<') ? 'text/xml' : 'text/plain',
    'Content-Length': Buffer.byteLength(answer.body),
    'x-amzn-RequestId': requestId,
    ...(answer.location === undefined ? {} : { Location: answer.location }),
  });
  response.end(answer.body);
}

async function answerTo(
  { host, distributionId, reload }: ControlServerOptions,
  invalidations: Invalidations,
  message: IncomingMessage,
): Promise<ControlAnswer> {
  refusePages(message, host);
  const { method = '', url = '/' } = message;
  const address = URL.parse(url, `http://${message.headers.host ?? 'localhost'}`);
  if (address === null) throw new ControlError('InvalidAction');
  if (reload !== undefined && method === 'POST' && address.pathname === RELOAD_PATH) {
    const mistakes = reload();
    return { status: mistakes.length === 0 ? 200 : 400, body: mistakes.map((line) => `${line}\n`).join('') };
  }
  return answerControlCall(
    { method, url: address, body: await readBody(message) },
    distributionId,
    invalidations,
  );
}

/** A page in a browser can reach the loopback too, under a name of its own by DNS rebinding. */
function refusePages({ headers }: IncomingMessage, host: string): void {
  const name = headers.host?.replace(/:[0-9]+$/, '').toLowerCase() ?? '';
  const isLoopback = LOOPBACK_NAMES.includes(hostInUrl(host));
  const isForeign = isLoopback && !LOOPBACK_NAMES.includes(name);
  if (isForeign || headers.origin !== undefined || headers['sec-fetch-site'] !== undefined) {
    throw new ControlError('AccessDenied', 'The control port takes no calls of web pages.');
  }
}

async function readBody(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new ControlError('BatchTooLarge');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
