import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import { freePort } from '../support/free-port.js';
import { startProcess } from '../support/processes.js';
import { makeTestCertificates } from '../support/test-certificates.js';

// Node runs the source as it is, so this needs no build.
const script = fileURLToPath(new URL('../../src/cli/container-check.ts', import.meta.url));

describe('the health check of the container', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  const listen = async (server: Server): Promise<number> => {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };
  const answer =
    (status: number): RequestListener =>
    (request, response) =>
      response.writeHead(request.url === '/health/ready' ? status : 404).end();
  const check = async (port: number, host = '0.0.0.0'): Promise<{ code: number | null; said: string }> => {
    const started = startProcess(process.execPath, [script], {
      environment: { HOST: host, PORT: String(port) },
    });
    const { code } = await started.ended;
    return { code, said: started.stdout() + started.stderr() };
  };

  test('passes when the API says that it is ready', async () => {
    expect(await check(await listen(createServer(answer(200))))).toEqual({ code: 0, said: 'ready\n' });
  });

  test('passes when the API serves HTTPS itself, whatever name its certificate has', async () => {
    const { certificatePem, keyPem } = await makeTestCertificates(['api.media.example.com']);
    const server = createSecureServer({ cert: certificatePem, key: keyPem }, answer(200));
    expect(await check(await listen(server), '127.0.0.1')).toEqual({ code: 0, said: 'ready\n' });
  });

  test('fails when the API says that it is not ready', async () => {
    const port = await listen(createServer(answer(503)));
    expect(await check(port)).toEqual({
      code: 1,
      said: `expected /health/ready on 127.0.0.1:${port} to answer 200, found 503\n`,
    });
  });

  test('fails when nothing listens', async () => {
    const port = await freePort();
    expect(await check(port)).toEqual({
      code: 1,
      said: `expected /health/ready on 127.0.0.1:${port} to answer 200, found ECONNREFUSED\n`,
    });
  });
});
