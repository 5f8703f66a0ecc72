import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Conversation } from './wire-answers.js';

/** A line to a server on this machine that keeps every byte of both sides. */
export interface Tap {
  readonly port: number;
  /** What went through since the last call, one entry for each connection. */
  conversations(): readonly Conversation[];
  close(): Promise<void>;
}

interface Kept {
  readonly sent: Buffer[];
  readonly received: Buffer[];
}

/**
 * Starts a tap on the loopback. Half-closed connections stay half-closed, so that hostile clients arrive as
 * they are.
 * @param from the address that the server sees
 */
export async function startTap(targetPort: number, from = '127.0.0.1'): Promise<Tap> {
  const sockets = new Set<Socket>();
  let round: Kept[] = [];
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({
      host: '127.0.0.1',
      port: targetPort,
      localAddress: from,
      allowHalfOpen: true,
      noDelay: true,
    });
    let kept: Kept = { sent: [], received: [] };
    let keptIn: Kept[] | null = null;
    // A connection may live longer than one look.
    const current = (): Kept => {
      if (keptIn !== round) {
        kept = { sent: [], received: [] };
        keptIn = round;
        round.push(kept);
      }
      return kept;
    };
    keep(near);
    keep(far);
    near.on('data', (bytes: Buffer) => current().sent.push(bytes));
    far.on('data', (bytes: Buffer) => current().received.push(bytes));
    near.pipe(far).pipe(near);
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroySoon());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    port: (server.address() as AddressInfo).port,
    conversations: () => {
      const seen = round.map(({ sent, received }) => ({
        sent: Buffer.concat(sent).toString('latin1'),
        received: Buffer.concat(received).toString('latin1'),
      }));
      round = [];
      return seen;
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
