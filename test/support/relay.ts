import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A line to a server that can fail as networks do: it can be cut, fall silent, slow down, lose an answer. */
export interface Relay {
  readonly port: number;
  /** Nothing passes any more, and nobody learns of it. */
  freeze(): void;
  /** Ends every connection at once; new ones are refused until {@link heal}. */
  cut(): void;
  /** What the server sends arrives that much later. */
  slow(milliseconds: number): void;
  /** What holds this text arrives at the server; the connection ends before the first byte of the answer. */
  loseAnswersTo(text: string): void;
  /** A connection on which the client says this passes nothing of it, nor of what comes after. */
  fallSilentAt(text: string): void;
  /** How many connections have ended so. */
  readonly answersLost: number;
  /** What clients have sent and the server has not got, since the latest {@link freeze}. */
  readonly swallowedBytes: number;
  /** New connections pass again, and old ones that were not ended. */
  heal(): void;
  close(): Promise<void>;
}

/** Starts a relay on the loopback to a port of the same machine; on a free port by default. */
export async function startRelay(targetPort: number, port = 0): Promise<Relay> {
  const sockets = new Set<Socket>();
  let state: 'open' | 'frozen' | 'cut' = 'open';
  let unanswered: string | null = null;
  let silencing: string | null = null;
  let delayMilliseconds = 0;
  let answersLost = 0;
  let swallowedBytes = 0;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
  };
  const server = createServer({ allowHalfOpen: true }, (near) => {
    keep(near);
    // A line that nothing passes does not pass a goodbye either.
    near.on('end', () => void (state !== 'frozen' && near.end()));
    if (state === 'cut') return void near.destroy();
    if (state === 'frozen') return void near.pause();
    const far = connect(targetPort, '127.0.0.1');
    keep(far);
    let isLosing = false;
    let isSilent = false;
    const answer = (bytes: Buffer): void => {
      if (!isLosing) return void (state === 'open' && near.write(bytes));
      if (near.destroyed) return;
      answersLost += 1;
      near.destroy();
    };
    near.on('data', (bytes) => {
      if (unanswered !== null && bytes.includes(unanswered)) isLosing = true;
      if (silencing !== null && bytes.includes(silencing)) isSilent = true;
      if (state === 'open' && !isSilent) far.write(bytes);
      else swallowedBytes += bytes.length;
    });
    far.on('data', (bytes) => {
      if (delayMilliseconds === 0) answer(bytes);
      else setTimeout(answer, delayMilliseconds, bytes);
    });
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroy());
  });
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    freeze: () => {
      state = 'frozen';
      swallowedBytes = 0;
    },
    cut: () => {
      state = 'cut';
      drop();
    },
    slow: (milliseconds) => void (delayMilliseconds = milliseconds),
    loseAnswersTo: (text) => void (unanswered = text),
    fallSilentAt: (text) => void (silencing = text),
    get answersLost() {
      return answersLost;
    },
    get swallowedBytes() {
      return swallowedBytes;
    },
    heal: () => {
      state = 'open';
      silencing = null;
      delayMilliseconds = 0;
      unanswered = null;
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        drop();
      }),
  };
}
