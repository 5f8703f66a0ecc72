import { channel } from 'node:diagnostics_channel';
import type { Server, ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import {
  ALIAS,
  distributionOf,
  list,
  openBehavior,
  startTestEdge,
  writeFolder,
} from '../../../test/support/edge-fixture.js';
import { makeTestCertificates } from '../../../test/support/test-certificates.js';
import { startUpstream } from '../../../test/support/upstream.js';
import { readDistribution } from './distribution/read-distribution.js';
import { startEdgeServer } from './server.js';

const CONNECT = 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n';

/** A client that keeps its side open after the server has ended its own. */
async function connected(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  return socket;
}

describe('CONNECT', () => {
  it('is refused, and its connection is closed also when its client keeps its side open', async () => {
    const edge = await startTestEdge();
    const client = await connected(edge.port);
    const answer = new Promise<string>((resolve) =>
      client.setEncoding('latin1').once('data', (text: string) => resolve(text)),
    );
    client.write(CONNECT);
    expect(await answer).toContain('request method that was used');
    // Waits for every connection.
    await edge.close();
    client.destroy();
  }, 8_000);

  it('followed by a reset ends nothing but itself', async () => {
    const edge = await startTestEdge();
    const client = await connected(edge.port);
    client.write(CONNECT);
    client.resetAndDestroy();
    expect((await edge.ask('/nothing')).status).toBe(403);
    await edge.close();
  }, 8_000);
});

it('TLS that never begins is closed, and is no request that could be refused', async () => {
  const { certificatePem, keyPem } = await makeTestCertificates(['cdn.example.com']);
  const tls = { certificate: Buffer.from(certificatePem), key: Buffer.from(keyPem) };
  const lines: string[] = [];
  const edge = await startEdgeServer({
    distribution: { ...distributionOf(readDistribution(writeFolder().folder)), tls },
    host: '127.0.0.1',
    port: 0,
    plainHttp: false,
    clock: { nowEpochSeconds: () => 1_795_000_000 },
    writeLine: (line) => lines.push(line),
    headersMilliseconds: 50,
  });
  const client = await connected(edge.port);
  await new Promise<void>((resolve) => client.resume().once('end', () => resolve()));
  client.destroy();
  await edge.close();
  expect(lines).toEqual([]);
}, 4_000);

it('a connection on which there is always a request under way keeps no answer that was sent', async () => {
  const held = new Map<number, ServerResponse>();
  let newest = 0;
  // Each is answered when the next but one has come, so that two are always under way.
  const upstream = await startUpstream(({ url = '' }, response) => {
    const number = Number(url.slice(1));
    held.set(number, response);
    newest = Math.max(newest, number);
    for (const [earlier, waiting] of held) {
      if (earlier <= newest - 2 && held.delete(earlier)) waiting.end();
    }
  });
  const edge = await startTestEdge({
    defaultBehavior: openBehavior(),
    edge: { origins: { media: { url: upstream.url } } },
    config: { Origins: list([{ Id: 'media', DomainName: 'api.example.com', CustomOriginConfig: {} }]) },
  });
  const responses: WeakRef<object>[] = [];
  const onStart = (message: unknown) => {
    const { server, response } = message as { server: Server; response: ServerResponse };
    if ((server.address() as AddressInfo).port === edge.port) responses.push(new WeakRef(response));
  };
  const started = channel('http.server.request.start');
  started.subscribe(onStart);
  const client = await connected(edge.port);
  const ask = (number: number) => client.write(`GET /${number} HTTP/1.1\r\nHost: ${ALIAS}\r\n\r\n`);
  await new Promise<void>((resolve) => {
    let received = '';
    let asked = 3;
    client.setEncoding('latin1').on('data', (text: string) => {
      received += text;
      const answered = received.split('HTTP/1.1 200 OK').length - 1;
      for (; asked < Math.min(40, answered + 3); asked += 1) ask(asked);
      if (answered === 38) resolve();
    });
    for (const number of [0, 1, 2]) ask(number);
  });
  started.unsubscribe(onStart);
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  const kept = responses.slice(0, 30).filter((response) => response.deref() !== undefined);
  expect([responses.length, kept.length]).toEqual([40, 0]);
  client.destroy();
});
