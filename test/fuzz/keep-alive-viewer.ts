import { connect, type Socket } from 'node:net';

/** What came back for one target. */
export interface FuzzAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/**
 * A viewer that asks for one target after the other on one connection and opens another when the edge
 * closed it. It repairs nothing of a target.
 */
export class KeepAliveViewer {
  private socket: Socket | null = null;
  private received: Buffer = Buffer.alloc(0);
  private waiting: { resolve(answer: FuzzAnswer): void; reject(error: Error): void } | null = null;

  constructor(
    private readonly port: number,
    private readonly host: string,
    private readonly patienceMs: number,
  ) {}

  /** Sends a GET with exactly this target. Rejects when no whole answer comes in time. */
  async ask(target: string): Promise<FuzzAnswer> {
    const socket = (this.socket ??= this.open());
    const limit = setTimeout(() => this.end(new Error('no answer')), this.patienceMs);
    try {
      return await new Promise<FuzzAnswer>((resolve, reject) => {
        this.waiting = { resolve, reject };
        socket.write(`GET ${target} HTTP/1.1\r\nHost: ${this.host}\r\n\r\n`, 'latin1');
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
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? '0');
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
    waiting?.resolve({ status: Number(head.slice(9, 12)), body });
  }

  private end(error: Error): void {
    const { waiting } = this;
    this.waiting = null;
    this.close();
    waiting?.reject(error);
  }
}
