import { connect, type Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { distributionOf, startTestEdge, writeFolder } from '../../../test/support/edge-fixture.js';
import { makeTestCertificates } from '../../../test/support/test-certificates.js';
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
