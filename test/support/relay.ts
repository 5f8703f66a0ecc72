import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A line to a server that can fail as networks do: it can be cut, and it can fall silent. */
export interface Relay {
  readonly port: number;
  /** Nothing passes any more, and nobody is told. */
  freeze(): void;
  /** Ends every connection at once; new ones are refused until {@link heal}. */
  cut(): void;
  /** New connections pass again. */
  heal(): void;
  close(): Promise<void>;
}

/** Starts a relay on the loopback to a port of the same machine. */
export async function startRelay(targetPort: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let state: 'open' | 'frozen' | 'cut' = 'open';
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
    near.on('data', (bytes) => void (state === 'open' && far.write(bytes)));
    far.on('data', (bytes) => void (state === 'open' && near.write(bytes)));
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroy());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
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
    heal: () => void (state = 'open'),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        drop();
      }),
  };
}
