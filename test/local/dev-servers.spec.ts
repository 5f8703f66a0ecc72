import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { readdirSync, readFileSync } from 'node:fs';
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
    socket.on('data', (data) => socket.write(`${name} ${incoming.url} ${data.toString()}`));
  });
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)));
}

/** What comes back of `ping` over a WebSocket that a page of that host opens. */
function echoOf({ dataDir }: Place, url: string): Promise<string> {
  const { origin, host, hostname, port, pathname } = new URL(url);
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: '127.0.0.1',
      port,
      servername: hostname,
      ca: readFileSync(join(dataDir, 'tls/ca.pem')),
      headers: { Host: host, Origin: origin, Connection: 'Upgrade', Upgrade: 'websocket' },
      path: pathname,
    });
    outgoing.once('error', reject);
    outgoing.once('response', ({ statusCode }) => reject(new Error(`answered ${statusCode}`)));
    outgoing.once('upgrade', (_response, socket) => {
      socket.once('data', (data) => {
        socket.destroy();
        resolve(data.toString());
      });
      socket.write('ping');
    });
    outgoing.end();
  });
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
    expect(await echoOf(place, `${place.app}/hmr`)).toBe('app /hmr ping');
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

describe('edgepass start --one-host --app --api, under a name of your own', () => {
  it("asks for no sign-in of ours, and passes the WebSockets of the page and of the API on, by the behaviors of the edge's distribution", async () => {
    const own = await makePlace('own.example.test');
    const environment = {
      APP_ORIGINS: own.cdn,
      PUBLIC_URL: `${own.cdn}/api`,
      CLOUDFRONT_DOMAIN: own.cdn,
    };
    const run = own.start(['--one-host', '--app', originOf(app), '--api', originOf(api)], environment);
    try {
      await run.waitForLine(RUNNING);
      expect(run.stderr()).toBe('');
      expect(await echoOf(own, `${own.cdn}/hmr`)).toBe('app /hmr ping');
      expect(await echoOf(own, `${own.cdn}/api/live`)).toBe('api /api/live ping');
      const folder = join(own.dataDir, 'media');
      const [file = ''] = readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
        entry.isDirectory() ? [entry.name] : [],
      );
      await expect(echoOf(own, `${own.cdn}/${file}/live`)).rejects.toThrow('answered 403');
    } finally {
      await run.stop();
      own.remove();
    }
  });
});
