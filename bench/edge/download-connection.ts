import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What is looked at in an answer. */
export interface Download {
  /** The lines of status and headers. */
  readonly head: string;
  readonly isOk: boolean;
  readonly isHit: boolean;
  readonly byteLength: number;
  /** Of the body; only when it was asked for. */
  readonly sha256: string | null;
}

const END_OF_HEAD = '\r\n\r\n';

/** One HTTP/1.1 connection that counts the bytes of one answer after the other. */
export class DownloadConnection {
  readonly #socket: Socket;
  #head: Buffer = Buffer.alloc(0);
  #left = -1;
  #answer = { head: '', isOk: false, isHit: false, byteLength: 0 };
  #body: Buffer[] | null = null;
  #waiting: { readonly resolve: (answer: Download) => void; readonly reject: (error: Error) => void } | null =
    null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#waiting?.reject(new Error('the connection was closed')));
  }

  static async open(host: string, port: number): Promise<DownloadConnection> {
    const socket = connect(port, host);
    await once(socket, 'connect');
    return new DownloadConnection(socket);
  }

  /** Rejects when the connection is closed before the whole answer has come. */
  ask(request: string, wantsHash: boolean): Promise<Download> {
    return new Promise((resolve, reject) => {
      this.#head = Buffer.alloc(0);
      this.#left = -1;
      this.#body = wantsHash ? [] : null;
      this.#waiting = { resolve, reject };
      if (this.#socket.destroyed) reject(new Error('the connection is closed'));
      else this.#socket.write(request, 'latin1');
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    const rest = this.#left < 0 ? this.#readHead(chunk) : chunk;
    if (rest === null) return;
    this.#body?.push(rest);
    this.#left -= rest.length;
    if (this.#left > 0) return;
    const waiting = this.#waiting;
    this.#waiting = null;
    const hash = this.#body === null ? null : createHash('sha256');
    for (const part of this.#body ?? []) hash?.update(part);
    // More bytes than announced would belong to no answer.
    const { isOk, ...answer } = this.#answer;
    waiting?.resolve({
      ...answer,
      isOk: isOk && this.#left === 0,
      sha256: hash === null ? null : hash.digest('hex'),
    });
  }

  /** The bytes after the head; null while it is not complete. */
  #readHead(chunk: Buffer): Buffer | null {
    this.#head = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk]);
    const end = this.#head.indexOf(END_OF_HEAD);
    if (end === -1) return null;
    const head = this.#head.toString('latin1', 0, end);
    this.#left = Number(/\r\ncontent-length: ([0-9]+)/i.exec(head)?.[1] ?? 0);
    this.#answer = {
      head,
      isOk: head.startsWith('HTTP/1.1 200 '),
      isHit: head.includes('X-Cache: Hit from cloudfront'),
      byteLength: this.#left,
    };
    return this.#head.subarray(end + END_OF_HEAD.length);
  }
}
