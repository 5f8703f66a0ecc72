import { isIP } from 'node:net';
import { PassThrough, type Readable } from 'node:stream';
import { buildConnector, errors, Pool } from 'undici';
import { originPage } from '../cloudfront-answers.js';
import type { ServerOriginDescription } from '../distribution/distribution.js';
import type { EdgeAnswer } from '../edge-answer.js';
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
    const end = new AbortController();
    const abort = () => end.abort(new errors.RequestAbortedError());
    const timer =
      completionTimeoutSeconds === null
        ? undefined
        : setTimeout(() => end.abort(new errors.HeadersTimeoutError()), completionTimeoutSeconds * 1000);
    request.signal?.addEventListener('abort', abort);
    const finished = () => {
      clearTimeout(timer);
      request.signal?.removeEventListener('abort', abort);
    };
    try {
      const { statusCode, headers, body } = await this.pool.request({
        method: request.method,
        path: `${prefix}${request.path}${query}`,
        headers: request.headers,
        body: request.body === null ? null : detached(request.body),
        responseHeaders: 'raw',
        onInfo: ({ statusCode: status, headers: early }) =>
          request.inform?.(status, pairs(early as unknown as readonly string[])),
        signal: end.signal,
      });
      body.once('close', finished);
      // Its reader hears of an error that ends it; before there is one, nobody listens.
      body.on('error', () => undefined);
      return answerOf(request.method, statusCode, pairs(headers as unknown as readonly string[]), body);
    } catch (error) {
      finished();
      throw error;
    }
  }
}

/** An origin behind which nothing stands: the answer of CloudFront where no server listens. */
export const ABSENT_ORIGIN: Origin = {
  answer: () => Promise.resolve({ ...originPage('origin-unreachable'), reason: 'nothing-behind-origin' }),
};

function answerOf(method: string, status: number, received: HeaderList, body: Readable): EdgeAnswer {
  const headers = withoutHopByHop(received);
  const length = headerOf(headers, 'Content-Length');
  if (method === 'HEAD' || status === 204 || status === 304 || length === '0') {
    body.resume();
    return { status, headers, body: { kind: 'empty' }, code: 'origin' };
  }
  return {
    status,
    headers,
    code: 'origin',
    body: { kind: 'stream', stream: body, byteLength: length === undefined ? null : Number(length) },
  };
}

/** Also what the origin lists in `Connection` is about its connection alone. */
function withoutHopByHop(headers: HeaderList): HeaderList {
  const listed = headers
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.split(',').map((name) => name.trim().toLowerCase()));
  const dropped = new Set([...HOP_BY_HOP, ...listed]);
  return headers.filter(([name]) => !dropped.has(name.toLowerCase()));
}

function pairs(raw: readonly string[]): HeaderList {
  return raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? ''] as const] : []));
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
