import { createServer, request as ask, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Connections } from './connections.js';

let server: Server;
const clients: Socket[] = [];
const waiting: ServerResponse[] = [];

afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
  for (const response of waiting.splice(0)) response.destroy();
  server.closeAllConnections();
  server.close();
});

async function start(
  limits: ConstructorParameters<typeof Connections>[1],
  isProxy: (address: string) => boolean = () => false,
): Promise<Connections> {
  server = createServer((request, response) => {
    if (request.url === '/slow') waiting.push(response);
    else response.end('x');
  });
  const connections = new Connections(isProxy, limits);
  connections.watch(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return connections;
}

/** A connection that the server has accepted. */
async function open(localAddress = '127.0.0.1'): Promise<Socket> {
  const { port } = server.address() as AddressInfo;
  const accepted = new Promise((resolve) => server.once('connection', resolve));
  const socket = connect({ port, host: '127.0.0.1', localAddress }).on('error', () => undefined);
  clients.push(socket);
  await accepted;
  return socket.resume();
}

async function until(condition: () => boolean): Promise<void> {
  // oxlint-disable-next-line no-await-in-loop -- lets the server work
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** Asks on the connection and waits until the server has it. */
async function askOn(socket: Socket, path: string, connections: Connections): Promise<void> {
  const before = connections.requestsUnderWay;
  socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  if (path === '/slow') await until(() => connections.requestsUnderWay > before);
  else await new Promise((resolve) => socket.once('data', resolve));
  if (path !== '/slow') await until(() => connections.requestsUnderWay === before);
}

const closed = (sockets: readonly Socket[]): Promise<readonly boolean[]> =>
  until(() => sockets.some(({ destroyed }) => destroyed)).then(() =>
    sockets.map(({ destroyed }) => destroyed),
  );

describe('one connection too many', () => {
  it('closes the one that has been silent longest, so that who asks is let in', async () => {
    await start({ connections: 2, connectionsOfAddress: 9 });
    const [first, second] = [await open(), await open()];
    const third = await open();
    expect(await closed([first, second, third])).toEqual([true, false, false]);
    third.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await new Promise((resolve) => third.once('data', resolve));
  });

  it('closes a silent one before an idle one, and an idle one before one with a request under way', async () => {
    const connections = await start({ connections: 3, connectionsOfAddress: 9 });
    const [slow, idle, silent] = [await open(), await open(), await open()];
    await askOn(slow, '/slow', connections);
    await askOn(idle, '/', connections);
    const fourth = await open();
    expect(await closed([slow, idle, silent, fourth])).toEqual([false, false, true, false]);
    await askOn(fourth, '/slow', connections);
    const fifth = await open();
    expect(await closed([slow, idle, fourth, fifth])).toEqual([false, true, false, false]);
  });

  it('is closed itself where something is under way on all of them', async () => {
    const connections = await start({ connections: 1, connectionsOfAddress: 9 });
    const busy = await open();
    await askOn(busy, '/slow', connections);
    const late = await open();
    expect(await closed([busy, late])).toEqual([false, true]);
  });

  it('of one address closes one of the same, and never one of another', async () => {
    await start({ connections: 9, connectionsOfAddress: 2 });
    const other = await open('127.0.0.9');
    const [first, second] = [await open(), await open()];
    const third = await open();
    expect(await closed([other, first, second, third])).toEqual([false, true, false, false]);
  });

  it('of a trusted proxy counts among all alone', async () => {
    await start({ connections: 3, connectionsOfAddress: 1 }, () => true);
    const three = [await open(), await open(), await open()];
    const fourth = await open();
    expect(await closed([...three, fourth])).toEqual([true, false, false, false]);
  });
});

describe('what is under way', () => {
  it('is counted until the whole answer is out, and listed for its connection', async () => {
    const connections = await start({ connections: 9, connectionsOfAddress: 9 });
    const socket = await open();
    await askOn(socket, '/slow', connections);
    await askOn(socket, '/slow', connections);
    const [served] = waiting.map(({ req }) => req.socket);
    expect([connections.requestsUnderWay, [...connections.unansweredOn(served!)].length]).toEqual([2, 2]);
    for (const response of waiting.splice(0)) response.end();
    await until(() => connections.requestsUnderWay === 0);
  });

  it('ends its connection with its answer once the service stops, and so does what comes later', async () => {
    const connections = await start({ connections: 9, connectionsOfAddress: 9 });
    const { port } = server.address() as AddressInfo;
    const connectionHeader = (path: string): Promise<string | undefined> =>
      new Promise((resolve, reject) => {
        ask({ port, path, headers: { connection: 'keep-alive' } }, (response) => {
          response.resume();
          resolve(response.headers.connection);
        })
          .on('error', reject)
          .end();
      });
    const before = connectionHeader('/slow');
    await until(() => waiting.length > 0);
    connections.closeAfterAnswers();
    waiting.pop()?.end();
    expect([await before, await connectionHeader('/')]).toEqual(['close', 'close']);
  });
});
