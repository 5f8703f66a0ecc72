import { isIP } from 'node:net';
import { PassThrough, Readable, type Duplex } from 'node:stream';
import { buildConnector, errors, Pool, type Dispatcher } from 'undici';
import { originPage } from '../cloudfront-answers.js';
import type { ServerOriginDescription } from '../distribution/distribution.js';
import type { AnswerBody, EdgeAnswer } from '../edge-answer.js';
import { errorCode } from '../error-code.js';
import { headerOf, type HeaderList } from '../header-list.js';
import type { Origin, OriginRequest } from './origin.js';

/** CloudFront's limit for the head of a request; of an answer it names none. */
const MAX_HEAD_BYTES = 64 * 1024;

/** They are about one connection and end with it (RFC 9110 section 7.6.1, E45). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Why there is no answer: the page of CloudFront and a word for the edge's log. */
interface OriginFailure {
  readonly page: 'origin-unreachable' | 'origin-timeout';
  readonly reason: string;
}

/** A server on this machine, asked over HTTP/1.1 and never anything but it (R121–R123, E41, E43, E45, E46). */
export class ServerOrigin implements Origin {
  private readonly pool: Pool;

  constructor(private readonly description: ServerOriginDescription) {
    const { url, responseTimeoutSeconds, keepAliveSeconds } = description;
    this.pool = new Pool(url, {
      connect: patientConnector(description),
      headersTimeout: responseTimeoutSeconds * 1000,
      bodyTimeout: responseTimeoutSeconds * 1000,
      keepAliveTimeout: keepAliveSeconds * 1000,
      keepAliveMaxTimeout: keepAliveSeconds * 1000,
      maxHeaderSize: MAX_HEAD_BYTES,
      allowH2: false,
      pipelining: 1,
    });
  }

  async answer(request: OriginRequest): Promise<EdgeAnswer> {
    const isReading = request.method === 'GET' || request.method === 'HEAD';
    // Only what changes nothing is asked again when no answer came (CF-CO, origin response timeout).
    for (let left = isReading ? this.description.connectionAttempts : 1; ; left -= 1) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- one attempt after the other
        return await this.ask(request);
      } catch (error) {
        const failure = failureOf(error);
        const mayAskAgain = left > 1 && !isConnectFailure(error) && request.signal?.aborted !== true;
        if (!mayAskAgain) return { ...originPage(failure.page), reason: failure.reason };
      }
    }
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }

  private async ask(request: OriginRequest): Promise<EdgeAnswer> {
    const { originPath, completionTimeoutSeconds } = this.description;
    const query = request.query === null ? '' : `?${request.query}`;
    const prefix = originPath === '' ? '' : `/${originPath}`;
    const asked = new Exchange(request, completionTimeoutSeconds);
    this.pool.dispatch(
      {
        method: request.method,
        path: `${prefix}${request.path}${query}`,
        headers: request.headers,
        body: request.body === null ? null : detached(request.body),
        ...(request.onUpgrade === undefined ? {} : { upgrade: 'websocket' }),
      },
      asked,
    );
    const { status, headers } = await asked.head;
    return answerOf(request.method, status, headers, asked);
  }
}

/** Status and headers of an answer, without those of the connection. */
interface AnswerHead {
  readonly status: number;
  readonly headers: HeaderList;
}

/**
 * One request and its answer. The head is waited for; what of the body has come with it is there at once, and for the rest
 * there is a stream: most small answers come in one piece, and need none.
 */
class Exchange implements Dispatcher.DispatchHandler {
  readonly head: Promise<AnswerHead>;
  private readonly settle: {
    readonly resolve: (head: AnswerHead) => void;
    readonly reject: (error: Error) => void;
  };
  private readonly timer: NodeJS.Timeout | undefined;
  private controller: Dispatcher.DispatchController | null = null;
  private stopped: Error | null = null;
  private received: Buffer[] = [];
  private state: 'open' | 'ended' | 'dropped' = 'open';
  private failure: Error | null = null;
  private reader: Readable | null = null;

  constructor(
    private readonly request: OriginRequest,
    completionTimeoutSeconds: number | null,
  ) {
    const { promise, resolve, reject } = Promise.withResolvers<AnswerHead>();
    this.head = promise;
    this.settle = { resolve, reject };
    if (completionTimeoutSeconds !== null) {
      const stop = () => this.stop(new errors.HeadersTimeoutError());
      this.timer = setTimeout(stop, completionTimeoutSeconds * 1000);
    }
    const { signal } = request;
    if (signal === null) return;
    signal.whenAborted = () => this.stop(new errors.RequestAbortedError());
    if (signal.aborted) this.stopped = new errors.RequestAbortedError();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.stopped !== null) controller.abort(this.stopped);
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    const headers = endToEnd(controller);
    if (status < 200) this.request.inform?.(status, headers);
    else this.settle.resolve({ status, headers });
  }

  onRequestUpgrade(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    socket: Duplex,
  ): void {
    this.finished();
    this.state = 'ended';
    this.request.onUpgrade?.(socket);
    this.settle.resolve({ status, headers: endToEnd(controller) });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.state === 'dropped') return;
    if (this.reader === null) this.received.push(chunk);
    else if (!this.reader.push(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    this.finished();
    if (this.state === 'open') this.state = 'ended';
    this.reader?.push(null);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.finished();
    this.failure = error;
    this.settle.reject(error);
    this.reader?.destroy(error);
  }

  /** The body when all of it has come, and is as long as was said; null: it is read as a stream. */
  wholeBody(byteLength: number | null): Buffer | null {
    if (this.state !== 'ended') return null;
    const [first, ...more] = this.received;
    if (first === undefined) return null;
    const whole = more.length === 0 ? first : Buffer.concat(this.received);
    return whole.length === byteLength ? whole : null;
  }

  open(): Readable {
    const reader = new Readable({
      read: () => this.controller?.resume(),
      destroy: (error, callback) => {
        if (this.state === 'open') this.controller?.abort(error ?? new errors.RequestAbortedError());
        callback(error);
      },
    });
    // Its reader hears of an error that ends it; before there is one, nobody listens.
    reader.on('error', () => undefined);
    for (const chunk of this.received) reader.push(chunk);
    this.received = [];
    if (this.state === 'ended') reader.push(null);
    if (this.failure !== null) reader.destroy(this.failure);
    this.reader = reader;
    return reader;
  }

  /** Nobody reads the body: HEAD and 304 have none. */
  drop(): void {
    this.state = 'dropped';
    this.received = [];
  }

  private stop(reason: Error): void {
    this.stopped = reason;
    this.controller?.abort(reason);
  }

  private finished(): void {
    clearTimeout(this.timer);
    if (this.request.signal !== null) this.request.signal.whenAborted = null;
  }
}

function answerOf(method: string, status: number, headers: HeaderList, asked: Exchange): EdgeAnswer {
  const length = headerOf(headers, 'Content-Length');
  if (method === 'HEAD' || status === 101 || status === 204 || status === 304 || length === '0') {
    asked.drop();
    return { status, headers, body: { kind: 'empty' }, code: 'origin' };
  }
  const byteLength = length === undefined ? null : Number(length);
  const bytes = asked.wholeBody(byteLength);
  const body: AnswerBody =
    bytes === null ? { kind: 'stream', stream: asked.open(), byteLength } : { kind: 'bytes', bytes };
  return { status, headers, code: 'origin', body };
}

/**
 * The headers of an answer, one character a byte, without those of the connection: also what the origin lists in
 * `Connection` is about that alone.
 */
function endToEnd(controller: Dispatcher.DispatchController): HeaderList {
  const raw = (controller as { readonly rawHeaders?: readonly Buffer[] }).rawHeaders ?? [];
  const headers: (readonly [string, string])[] = [];
  let listed: readonly string[] | null = null;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index]?.toString('latin1') ?? '';
    const value = raw[index + 1]?.toString('latin1') ?? '';
    const key = name.toLowerCase();
    if (!HOP_BY_HOP.has(key)) headers.push([name, value]);
    else if (key === 'connection' && value.toLowerCase() !== 'keep-alive') {
      listed = [...(listed ?? []), ...value.split(',').map((member) => member.trim().toLowerCase())];
    }
  }
  if (listed === null) return headers;
  const dropped = listed;
  return headers.filter(([name]) => !dropped.includes(name.toLowerCase()));
}

/**
 * The viewer's body on a stream of its own: undici destroys the body of a request that fails, and the viewer still has
 * to get an answer.
 */
function detached(body: Readable): Readable {
  const copy = new PassThrough();
  copy.on('error', () => undefined);
  body.once('close', () => {
    if (!body.readableEnded) copy.destroy(new errors.RequestAbortedError());
  });
  return body.pipe(copy);
}

/** Connects as often as the distribution says, each time for as long as it says. */
function patientConnector(description: ServerOriginDescription): buildConnector.connector {
  const { url, certificateAuthority, connectionTimeoutSeconds, connectionAttempts } = description;
  // undici would ask for the certificate of the `Host` that is sent; on a laptop it is that of the server.
  const { hostname } = new URL(url);
  const servername = isIP(hostname.replaceAll(/[[\]]/g, '')) === 0 ? hostname : '';
  const connect = buildConnector({
    timeout: connectionTimeoutSeconds * 1000,
    ...(certificateAuthority === null ? {} : { ca: certificateAuthority }),
  });
  const attempt = (
    options: buildConnector.Options,
    callback: buildConnector.Callback,
    left: number,
  ): void => {
    connect({ ...options, servername }, (error, socket) => {
      if (error === null) callback(null, socket);
      else if (left <= 1) callback(new ConnectFailed(error), null);
      else attempt(options, callback, left - 1);
    });
  };
  return (options, callback) => attempt(options, callback, connectionAttempts);
}

/** No connection to the origin, after every attempt. */
class ConnectFailed extends Error {
  override readonly name = 'ConnectFailed';

  constructor(override readonly cause: unknown) {
    super('no connection to the origin');
  }
}

function isConnectFailure(error: unknown): boolean {
  return error instanceof ConnectFailed;
}

/** 504 for what took too long, 502 for everything else (CF http-502, http-504). */
function failureOf(error: unknown): OriginFailure {
  const code = errorCode(error instanceof ConnectFailed ? error.cause : error);
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return { page: 'origin-timeout', reason: 'origin-connect-timeout' };
  if (code === 'UND_ERR_HEADERS_TIMEOUT')
    return { page: 'origin-timeout', reason: 'origin-response-timeout' };
  if (error instanceof ConnectFailed)
    return { page: 'origin-unreachable', reason: `origin-not-connected-${code}` };
  if (code.startsWith('HPE_'))
    return { page: 'origin-unreachable', reason: `origin-answer-malformed-${code}` };
  return { page: 'origin-unreachable', reason: `origin-connection-lost-${code}` };
}
