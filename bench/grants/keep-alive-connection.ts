import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What the load looks at in an answer. */
export interface Answer {
  readonly isCreated: boolean;
  /** 503: said at once that it is too much now. */
  readonly isRefused: boolean;
  readonly cookieLineCount: number;
  /** The values of its Set-Cookie lines; taken apart only when asked for. */
  readonly cookies: () => readonly string[];
}

// As Node writes them; an answer that spells them otherwise has no cookies and counts as wrong.
const SET_COOKIE = '\r\nSet-Cookie: ';
const CONTENT_LENGTH = '\r\nContent-Length: ';
const END_OF_HEAD = '\r\n\r\n';

/** One HTTP/1.1 connection that sends the next request when the answer before has come. */
export class KeepAliveConnection {
  readonly #socket: Socket;
  #received = '';
  #waiting: { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void } | null =
    null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true).setEncoding('latin1');
    socket.on('data', (text: string) => this.#receive(text));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#waiting?.reject(new Error('the connection was closed')));
  }

  static async open(host: string, port: number): Promise<KeepAliveConnection> {
    const socket = connect(port, host);
    await once(socket, 'connect');
    return new KeepAliveConnection(socket);
  }

  /** Takes a whole request as bytes. Rejects when the connection is closed before the whole answer has come. */
  ask(request: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#received = '';
      this.#waiting = { resolve, reject };
      if (this.#socket.destroyed) reject(new Error('the connection is closed'));
      else this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(text: string): void {
    this.#received += text;
    const headLength = this.#received.indexOf(END_OF_HEAD);
    if (headLength < 0) return;
    const head = this.#received.slice(0, headLength);
    const lengthAt = head.indexOf(CONTENT_LENGTH);
    const bodyLength = lengthAt < 0 ? 0 : Number.parseInt(head.slice(lengthAt + CONTENT_LENGTH.length), 10);
    if (this.#received.length < headLength + END_OF_HEAD.length + bodyLength) return;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve({
      isCreated: head.startsWith('HTTP/1.1 201 '),
      isRefused: head.startsWith('HTTP/1.1 503 '),
      cookieLineCount: head.split(SET_COOKIE).length - 1,
      cookies: () =>
        head
          .split(SET_COOKIE)
          .slice(1)
          .map((rest) => rest.split('\r\n', 1)[0] ?? ''),
    });
  }
}
