import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A line to a server on this machine that keeps every byte of every answer. */
export interface Tap {
  readonly port: number;
  /** What the server has sent since the last call, one text (Latin-1) for each connection. */
  answers(): readonly string[];
  close(): Promise<void>;
}

/** Starts a tap on the loopback. Half-closed connections stay half-closed, so that hostile clients arrive as they are. */
export async function startTap(targetPort: number): Promise<Tap> {
  const sockets = new Set<Socket>();
  let kept: Buffer[][] = [];
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ host: '127.0.0.1', port: targetPort, allowHalfOpen: true, noDelay: true });
    let round: Buffer[][] | null = null;
    let answer: Buffer[] = [];
    keep(near);
    keep(far);
    far.on('data', (bytes: Buffer) => {
      // A connection may live longer than one look.
      if (round !== kept) {
        answer = [];
        round = kept;
        kept.push(answer);
      }
      answer.push(bytes);
    });
    near.pipe(far).pipe(near);
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroySoon());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    port: (server.address() as AddressInfo).port,
    answers: () => {
      const texts = kept.map((parts) => Buffer.concat(parts).toString('latin1'));
      kept = [];
      return texts;
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
