import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A line to a server that can fail as networks do: it can be cut, fall silent, slow down, lose an answer. */
export interface Relay {
  readonly port: number;
  /** Nothing passes any more, and nobody is told. */
  freeze(): void;
  /** Ends every connection at once; new ones are refused until {@link heal}. */
  cut(): void;
  /** What the server sends arrives that much later. */
  slow(milliseconds: number): void;
  /** What is sent to the server arrives; a connection on which it answers ends before the first byte of that. */
  loseAnswers(): void;
  /** How many connections {@link loseAnswers} has ended. */
  readonly answersLost: number;
  /** New connections pass again, and old ones that were not ended. */
  heal(): void;
  close(): Promise<void>;
}

/** Starts a relay on the loopback to a port of the same machine; on a free port unless told. */
export async function startRelay(targetPort: number, port = 0): Promise<Relay> {
  const sockets = new Set<Socket>();
  let state: 'open' | 'frozen' | 'cut' | 'losing' = 'open';
  let delayMilliseconds = 0;
  let answersLost = 0;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    keep(near);
    if (state === 'cut') return void near.destroy();
    if (state === 'frozen') return void near.pause();
    const far = connect(targetPort, '127.0.0.1');
    keep(far);
    const answer = (bytes: Buffer): void => {
      if (state === 'open') near.write(bytes);
      if (state !== 'losing' || near.destroyed) return;
      answersLost += 1;
      near.destroy();
    };
    near.on('data', (bytes) => void ((state === 'open' || state === 'losing') && far.write(bytes)));
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
    freeze: () => void (state = 'frozen'),
    cut: () => {
      state = 'cut';
      drop();
    },
    slow: (milliseconds) => void (delayMilliseconds = milliseconds),
    loseAnswers: () => void (state = 'losing'),
    get answersLost() {
      return answersLost;
    },
    heal: () => {
      state = 'open';
      delayMilliseconds = 0;
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        drop();
      }),
  };
}
