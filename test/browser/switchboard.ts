import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll } from '@jest/globals';

export interface Switchboard {
  /** Where the browser is led by `--host-resolver-rules=MAP host:port 127.0.0.1:<this>`. */
  readonly port: number;
  /** Leads every further connection to that port of 127.0.0.1; those that are open are dropped. */
  leadTo(port: number): void;
}

const open = new Set<() => void>();

/** A plug between the browser and what answers for one address, so that the answering server can be exchanged under it. */
export async function openSwitchboard(firstPort: number): Promise<Switchboard> {
  let target = firstPort;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket, other: () => Socket | null): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      sockets.delete(socket);
      other()?.destroy();
    });
  };
  const server = createServer((incoming) => {
    const outgoing = connect(target, '127.0.0.1');
    keep(incoming, () => outgoing);
    keep(outgoing, () => incoming);
    incoming.pipe(outgoing).pipe(incoming);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const dropAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  open.add(() => {
    server.close();
    dropAll();
  });
  return {
    port: (server.address() as AddressInfo).port,
    leadTo: (port) => {
      target = port;
      dropAll();
    },
  };
}

afterAll(() => {
  for (const close of open) close();
});
