import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../../../test/support/free-port.js';
import { send, type ClientResponse } from '../../../test/support/https-client.js';
import { requestBytes, sendRaw } from '../../../test/support/raw-request.js';
import { serve, type RunningServer } from './server.js';
import { demoPage } from './page-server.js';

let root: string;
let port: number;
let server: RunningServer;
const changes: string[] = [];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'edgepass-page-'));
  for (const folder of ['demo', 'client']) mkdirSync(join(root, folder));
  writeFileSync(join(root, 'secret.txt'), 'secret');
  writeFileSync(join(root, 'demo/index.html'), '<!doctype html>page');
  writeFileSync(join(root, 'demo/.env'), 'secret');
  writeFileSync(join(root, 'client/index.js'), 'export {}');
  port = await freePort();
  const site = demoPage(
    {
      publicOrigin: `http://app.edgepass.localhost:${port}`,
      apiUrl: 'https://api.edgepass.localhost:3001/base',
      cdnUrl: 'https://cdn.edgepass.localhost:3002',
      authorityFile: '/data/tls/ca.pem',
      edgeSwitch: {
        change: async (setting) => void changes.push(setting),
        invalidate: async () => Promise.reject(new Error('no control port')),
      },
    },
    [
      { at: '/client/', path: join(root, 'client') },
      { at: '/', path: join(root, 'demo') },
    ],
  );
  server = await serve(site, { host: '127.0.0.1', port, tls: null });
});
afterAll(async () => {
  await server.stop();
  rmSync(root, { recursive: true });
});

const get = (path: string, method = 'GET'): Promise<ClientResponse> =>
  send(`http://app.edgepass.localhost:${port}${path}`, { method });

describe('the page server', () => {
  it('serves the page and the helper with their types', async () => {
    const [page, helper] = [await get('/'), await get('/client/index.js')];
    expect([page.status, page.headers['content-type'], page.text()]).toEqual([
      200,
      'text/html; charset=utf-8',
      '<!doctype html>page',
    ]);
    expect([helper.status, helper.headers['content-type']]).toEqual([200, 'text/javascript; charset=utf-8']);
  });

  it('tells the page where the other hosts are and what to show', async () => {
    expect((await get('/config.json')).json()).toEqual({
      apiUrl: 'https://api.edgepass.localhost:3001/base',
      cdnUrl: 'https://cdn.edgepass.localhost:3002',
      caFile: '/data/tls/ca.pem',
      samples: {
        prefix: 'courses/algebra',
        images: [1, 2, 3, 4, 5, 6].map((number) => `courses/algebra/images/${number}.svg`),
        video: 'courses/algebra/lesson-1/index.m3u8',
        captions: 'courses/algebra/lesson-1/captions.vtt',
        document: 'courses/algebra/documents/notes.pdf',
        font: 'courses/algebra/fonts/handwriting.woff2',
        map: 'courses/algebra/map/{z}/{x}/{y}.webp',
        korean: 'courses/선형 대수/images/1.svg',
        sibling: 'courses/geometry/images/1.svg',
      },
      hasEdgeSwitch: true,
    });
  });

  it('lets the page load from itself, the API and the distribution, and from nowhere else', async () => {
    expect((await get('/')).headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; " +
        "img-src 'self' data: https://cdn.edgepass.localhost:3002; media-src blob: https://cdn.edgepass.localhost:3002; " +
        "connect-src 'self' https://api.edgepass.localhost:3001 https://cdn.edgepass.localhost:3002; worker-src blob:; " +
        "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
  });

  describe('changes the setting of the edge', () => {
    const own = (): string => `http://app.edgepass.localhost:${port}`;
    const ask = (body: string, origin = own()): Promise<ClientResponse> =>
      send(`${own()}/edge`, { method: 'POST', body, headers: { origin } });

    it('for its own page', async () => {
      const { status } = await ask('{"setting":"wildcard"}');
      expect([status, changes.splice(0)]).toEqual([204, ['wildcard']]);
    });

    it('for no other page', async () => {
      const { status } = await ask('{"setting":"wildcard"}', 'https://evil.example.com');
      expect([status, changes]).toEqual([403, []]);
    });

    it.each(['{"setting":"recommended', '{"setting":"none"}', '{}', 'null'])('not by %s', async (body) => {
      const answer = await ask(body);
      expect([answer.status, answer.text(), changes]).toEqual([
        400,
        'expected {"setting": one of recommended, another-key, wildcard, another-origin, no-cors, bucket-wildcard, bucket-exact} or {"invalidate": true}\n',
        [],
      ]);
    });

    it('and says why it could not', async () => {
      const answer = await ask('{"invalidate":true}');
      expect([answer.status, answer.text()]).toEqual([503, 'no control port\n']);
    });
  });

  it('lets no browser keep what may be rebuilt', async () => {
    expect((await get('/')).headers['cache-control']).toBe('no-store');
  });

  it('says 404 for what is not there, with the same policy', async () => {
    const answer = await get('/nothing.js');
    expect(answer.status).toBe(404);
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
  });

  it('answers to its own host alone (DNS rebinding)', async () => {
    const answer = await send(`http://127.0.0.1:${port}/`, { headers: { Host: 'evil.example.com' } });
    expect([answer.status, answer.text()]).toEqual([
      421,
      `This is app.edgepass.localhost:${port}; the request was for another host.\n`,
    ]);
  });

  it('takes GET and HEAD alone', async () => {
    const answer = await get('/', 'POST');
    expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, HEAD']);
    const head = await get('/', 'HEAD');
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([200, '19', 0]);
  });

  it.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/client/../../secret.txt',
    '/client/..%5c..%5csecret.txt',
    '/.env',
    '//secret.txt',
    '/client',
  ])('gives nothing away at %s', async (target) => {
    const answer = await sendRaw({ port, bytes: requestBytes(`app.edgepass.localhost:${port}`, target) });
    expect(answer.status).toBe(404);
    expect(answer.body.toString()).not.toContain('secret\n');
  });
});
