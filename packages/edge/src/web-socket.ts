import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { EdgeAnswer } from './edge-answer.js';
import type { EdgeLog } from './edge-log.js';
import type { ViewerRequest } from './viewer-request.js';

/** R127: without a byte from the origin for this long the connection is idle, and is closed. */
export const WEB_SOCKET_IDLE_MS = 600_000;
/** How long the two ends have to close when the edge stops. */
const CLOSE_GRACE_MS = 1_000;

/** Says whether a request asks for a WebSocket (RFC 6455 section 4.1); `Upgrade: h2c` and its like are requests like any other. */
export function asksForWebSocket({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * The response of a request whose connection Node has handed over: what is no WebSocket in the end is answered on it, and the
 * connection is closed.
 */
export function responseOn(socket: Duplex, message: IncomingMessage): ServerResponse {
  const response = new ServerResponse(message);
  response.assignSocket(message.socket);
  response.shouldKeepAlive = false;
  response.once('finish', () => {
    response.detachSocket(message.socket);
    socket.end();
  });
  return response;
}

/** The WebSockets that are open. */
export class WebSockets {
  private readonly open = new Set<(reason: string) => void>();
  /** Node no longer closes these connections. */
  private readonly viewers = new Set<Duplex>();

  constructor(
    private readonly log: EdgeLog,
    private readonly idleMilliseconds: number,
  ) {}

  /**
   * Answers 101 with the headers of the origin, then passes the bytes of each end to the other until one of them closes.
   * @param first what the viewer has sent already
   */
  connect(request: ViewerRequest, answer: EdgeAnswer, viewer: Duplex, origin: Duplex, first: Buffer): void {
    const bytes = { toViewer: 0, fromViewer: first.length };
    const close = (reason: string): void => {
      if (!this.open.delete(close)) return;
      clearTimeout(idle);
      viewer.end();
      origin.end();
      setTimeout(() => {
        viewer.destroy();
        origin.destroy();
      }, CLOSE_GRACE_MS).unref();
      const { toViewer, fromViewer } = bytes;
      this.log.webSocket(request, {
        'closed-by': reason,
        'to-viewer': toViewer,
        'from-viewer': fromViewer,
      });
    };
    const idle = setTimeout(() => close('idle'), this.idleMilliseconds);
    this.open.add(close);
    for (const [end, name] of [
      [viewer, 'viewer'],
      [origin, 'origin'],
    ] as const) {
      end.on('error', () => close(name));
      end.once('end', () => close(name));
      end.once('close', () => close(name));
    }
    viewer.on('data', (chunk: Buffer) => (bytes.fromViewer += chunk.length));
    origin.on('data', (chunk: Buffer) => {
      bytes.toViewer += chunk.length;
      idle.refresh();
    });
    const lines = answer.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    viewer.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${lines}\r\n`,
      'latin1',
    );
    if (first.length > 0) origin.write(first);
    viewer.pipe(origin);
    origin.pipe(viewer);
  }

  /** Takes a connection that Node has handed over, so that it ends with the edge. */
  hold(viewer: Duplex): void {
    this.viewers.add(viewer);
    viewer.once('close', () => this.viewers.delete(viewer));
    viewer.on('error', () => viewer.destroy());
    viewer.on('timeout', () => viewer.destroy());
  }

  /** Closes all of them, as when the edge stops. */
  close(): void {
    for (const close of this.open) close('edge');
    setTimeout(() => {
      for (const viewer of this.viewers) viewer.destroy();
    }, CLOSE_GRACE_MS).unref();
  }
}
