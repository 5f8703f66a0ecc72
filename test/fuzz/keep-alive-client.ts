import { connect, type Socket } from 'node:net';

/** What came back for one request. */
export interface RawAnswer {
  readonly status: number;
  /** Status line and headers as they came, without the empty line. */
  readonly head: string;
  readonly body: Buffer;
}

/**
 * A client that sends one request after the other on one connection and opens another when the server
 * closed it. It repairs nothing of a request.
 */
export class KeepAliveClient {
  private socket: Socket | null = null;
  private received: Buffer = Buffer.alloc(0);
  private hasBody = true;
  private waiting: { resolve(answer: RawAnswer): void; reject(error: Error): void } | null = null;

  constructor(
    private readonly port: number,
    private readonly patienceMs: number,
  ) {}

  /**
   * Sends exactly these bytes, one character a byte of a text. `answersHead`: the answer has no body, whatever
   * its Content-Length says. Rejects when no whole answer comes in time.
   */
  async ask(request: string | Buffer, answersHead = false): Promise<RawAnswer> {
    const socket = (this.socket ??= this.open());
    const limit = setTimeout(() => this.end(new Error('no answer')), this.patienceMs);
    this.hasBody = !answersHead;
    try {
      return await new Promise<RawAnswer>((resolve, reject) => {
        this.waiting = { resolve, reject };
        if (typeof request === 'string') socket.write(request, 'latin1');
        else socket.write(request);
      });
    } finally {
      clearTimeout(limit);
    }
  }

  close(): void {
    this.socket?.destroy();
    this.socket = null;
  }

  private open(): Socket {
    const socket = connect({ host: '127.0.0.1', port: this.port, noDelay: true });
    this.received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      if (socket !== this.socket) return;
      this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
      this.read();
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      if (socket === this.socket) this.end(new Error('the connection ended before the answer'));
    });
    return socket;
  }

  private read(): void {
    const headEnd = this.received.indexOf('\r\n\r\n');
    if (headEnd === -1) return;
    const head = this.received.toString('latin1', 0, headEnd);
    if (head.startsWith('HTTP/1.1 1')) {
      // Only an announcement of the answer, such as 100 Continue.
      this.received = this.received.subarray(headEnd + 4);
      this.read();
      return;
    }
    const announced = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? '0');
    // A parser that could not read the request does not know that it was HEAD; it closes.
    const isParsers = /^HTTP\/1\.1 \d{3} Refused/.test(head);
    const length = this.hasBody || isParsers ? announced : 0;
    const bodyStart = headEnd + 4;
    if (this.received.length < bodyStart + length) return;
    const body = this.received.subarray(bodyStart, bodyStart + length);
    if (this.received.length > bodyStart + length) {
      this.end(new Error('bytes behind the answer'));
      return;
    }
    const isLast = /\r\nconnection: *close/i.test(head);
    const { waiting } = this;
    this.waiting = null;
    this.received = Buffer.alloc(0);
    if (isLast) this.close();
    waiting?.resolve({ status: Number(head.slice(9, 12)), head, body });
  }

  private end(error: Error): void {
    const { waiting } = this;
    this.waiting = null;
    this.close();
    waiting?.reject(error);
  }
}
