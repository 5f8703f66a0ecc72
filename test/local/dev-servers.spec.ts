import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RunningProcess } from '../support/processes.js';
import { makePlace, RUNNING, type Place } from './stack.js';

let place: Place;
let app: Server;
let api: Server;
let stack: RunningProcess;

const originOf = (server: Server): string => `http://localhost:${(server.address() as AddressInfo).port}`;

function devServer(name: string): Promise<Server> {
  const server = createServer((incoming, response) => {
    response.end(
      JSON.stringify({
        name,
        url: incoming.url,
        proto: incoming.headers['x-forwarded-proto'],
        host: incoming.headers.host,
      }),
    );
  });
  server.on('upgrade', (incoming, socket: Socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('data', (data) => socket.write(`${incoming.url} ${data.toString()}`));
  });
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)));
}

beforeAll(async () => {
  place = await makePlace();
  [app, api] = [await devServer('app'), await devServer('api')];
  stack = place.start(['--app', originOf(app), '--api', originOf(api)]);
  await stack.waitForLine(RUNNING);
}, 30_000);
afterAll(async () => {
  await stack.stop();
  app.close();
  api.close();
  place.remove();
});

describe('edgepass start --app --api', () => {
  it('says which server stands behind which name', () => {
    expect(stack.stdout().split('\n').slice(2, 5)).toEqual([
      `  open   ${place.app}   → ${originOf(app)}`,
      `  API    ${place.api}   → ${originOf(api)}`,
      `  edge   ${place.cdn}   stands in for CloudFront + S3`,
    ]);
  });

  it("puts the user's servers behind the HTTPS names", async () => {
    const [page, answer] = [
      await place.get(`${place.app}/src/main.ts?t=1`),
      await place.get(`${place.api}/courses`),
    ];
    expect(page.json()).toEqual({
      name: 'app',
      url: '/src/main.ts?t=1',
      proto: 'https',
      host: new URL(place.app).host,
    });
    expect(answer.json()).toEqual({
      name: 'api',
      url: '/courses',
      proto: 'https',
      host: new URL(place.api).host,
    });
  });

  it('passes hot reload through: a WebSocket over HTTPS', async () => {
    const { host, port } = new URL(place.app);
    const echoed = await new Promise<string>((resolve, reject) => {
      const outgoing = request({
        host: '127.0.0.1',
        port,
        servername: 'app.edgepass.localhost',
        ca: readFileSync(join(place.dataDir, 'tls/ca.pem')),
        headers: { Host: host, Origin: place.app, Connection: 'Upgrade', Upgrade: 'websocket' },
        path: '/hmr',
      });
      outgoing.once('error', reject);
      outgoing.once('upgrade', (_response, socket) => {
        socket.once('data', (data) => {
          socket.destroy();
          resolve(data.toString());
        });
        socket.write('ping');
      });
      outgoing.end();
    });
    expect(echoed).toBe('/hmr ping');
  });

  it('names the key that the local edge trusts, so that the backend can sign with it', () => {
    const file = join(place.dataDir, 'signing/private-key.pem');
    const id = readFileSync(file, 'utf8').split('\n')[0]?.slice('Key-Pair-Id: '.length) ?? '';
    const said = stack.stdout().split('\n');
    const from = said.indexOf('For your backend, so that the local edge accepts what it signs:');
    expect(said.slice(from + 1, from + 4)).toEqual([
      `  CLOUDFRONT_DOMAIN=${place.cdn}`,
      `  CLOUDFRONT_KEY_PAIR_ID=${id}`,
      `  CLOUDFRONT_PRIVATE_KEY_FILE=${file}`,
    ]);
  });

  it('stays up while the dev server restarts, and finds it again', async () => {
    const port = new URL(originOf(app)).port;
    app.closeAllConnections();
    await new Promise((done) => app.close(done));
    const away = await place.get(place.app, { headers: { Accept: 'text/html' } });
    expect(away.status).toBe(502);
    expect(away.text()).toContain(`Nothing answers at http://localhost:${port}`);
    await new Promise<void>((done) => app.listen(Number(port), '127.0.0.1', () => done()));
    expect((await place.get(place.app)).status).toBe(200);
  });
});
