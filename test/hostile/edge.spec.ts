import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import {
  ALIAS,
  header,
  list,
  openBehavior,
  startTestEdge,
  type FolderInput,
} from '../support/edge-fixture.js';
import { requestBytes } from '../support/raw-request.js';

const APP = 'https://app.example.com';
const EVIL = 'https://evil.example';
/** CORS-S3Origin: without it S3 never sees the page (R63, R84). */
const CORS_S3_ORIGIN = '88a5eaf4-2fd4-4709-b370-b4c650ea3fcf';
const CACHING_DISABLED = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad';

const start = (behavior: object, input: FolderInput = {}) =>
  startTestEdge({
    files: { 'a.txt': '0123456789' },
    defaultBehavior: openBehavior({ CachePolicyId: CACHING_DISABLED, ...behavior }),
    ...input,
  });

describe('E33, E34: ranges that cost', () => {
  it.each([
    ['E33: 1,300 times the same byte', `bytes=${Array.from({ length: 1300 }, () => '0-0').join(',')}`, 200],
    [
      'E33: 1,300 growing parts',
      `bytes=${Array.from({ length: 1300 }, (_, at) => `0-${at}`).join(',')}`,
      200,
    ],
    ['E34: the last no bytes', 'bytes=-0', 416],
    ['E34: backwards', 'bytes=5-4', 200],
    ['E34: far beyond the end', 'bytes=99999999999999999999-', 416],
    ['E34: another unit', 'items=0-1', 200],
    ['E34: no number', 'bytes=abc', 200],
  ])('%s', async (_what, range, status) => {
    const edge = await start({});
    const answer = await edge.ask('/a.txt', { headers: [`Range: ${range}`] });
    expect(answer.status).toBe(status);
    expect(answer.status === 200 ? answer.body.toString() : '0123456789').toBe('0123456789');
  });

  it('E38: a part of a version that is gone is the whole of the new one', async () => {
    const edge = await start({});
    const first = await edge.ask('/a.txt', { headers: ['Range: bytes=0-1'] });
    writeFileSync(join(edge.media, 'a.txt'), 'abcdefghij');
    const rest = await edge.ask('/a.txt', {
      headers: ['Range: bytes=2-', `If-Range: ${header(first, 'ETag')}`],
    });
    expect([first.status, first.body.toString()]).toEqual([206, '01']);
    expect([rest.status, rest.body.toString()]).toEqual([200, 'abcdefghij']);
  });
});

/** Counting what was read needs /proc. */
const describeOnLinux = process.platform === 'linux' ? describe : describe.skip;

describeOnLinux('E47: an object of 10 GB and a viewer that stands still', () => {
  /** What this process has read from files so far, in bytes. */
  const bytesRead = () => Number(/^rchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);

  async function untilNothingIsRead(): Promise<number> {
    // Reading the counter itself counts a few hundred bytes.
    for (let before = bytesRead(); ;) {
      // oxlint-disable-next-line no-await-in-loop -- asks again until two answers agree
      await wait(100);
      const now = bytesRead();
      if (now - before < 4096) return now;
      before = now;
    }
  }

  it('costs no memory: the edge reads no further than the viewer', async () => {
    const edge = await start({}, { files: { 'large.bin': '' } });
    truncateSync(join(edge.media, 'large.bin'), 10 * 1024 ** 3);
    await edge.ask('/large.bin', { method: 'HEAD' });
    globalThis.gc?.();
    const [memoryBefore, readBefore] = [process.memoryUsage.rss(), bytesRead()];
    const socket: Socket = connect({ host: '127.0.0.1', port: edge.port });
    socket.on('error', () => undefined);
    const [head] = await new Promise<[Buffer]>((resolve) => {
      socket.once('data', (chunk: Buffer) => {
        socket.pause();
        resolve([chunk]);
      });
      socket.write(requestBytes(ALIAS, '/large.bin'));
    });
    expect(head.toString('latin1', 0, 15)).toBe('HTTP/1.1 200 OK');
    // What the kernel holds between two sockets of one machine is not the edge's memory.
    expect((await untilNothingIsRead()) - readBefore).toBeLessThan(20 * 1024 ** 2);
    expect(process.memoryUsage.rss() - memoryBefore).toBeLessThan(20 * 1024 ** 2);
    socket.destroy();
  });
});

describe('E49: CORS for a page that nobody named', () => {
  const RULES = {
    CORSRules: [{ AllowedOrigins: [APP], AllowedMethods: ['GET', 'HEAD'], AllowedHeaders: ['*'] }],
  };
  const POLICY = {
    CorsConfig: {
      AccessControlAllowOrigins: list([APP, 'https://*.apps.example.com']),
      AccessControlAllowHeaders: list(['Range']),
      AccessControlAllowMethods: list(['GET', 'HEAD']),
      AccessControlAllowCredentials: true,
      OriginOverride: true,
    },
  };
  const methods = list(['GET', 'HEAD', 'OPTIONS']);
  const byBucket = () =>
    start(
      { AllowedMethods: methods, OriginRequestPolicyId: CORS_S3_ORIGIN },
      { extra: { 'bucket-cors.json': RULES } },
    );
  const byPolicy = () =>
    start({ AllowedMethods: methods, ResponseHeadersPolicyId: 'p' }, { policies: { p: POLICY } });

  it.each([
    ['the bucket', byBucket],
    ['the policy', byPolicy],
  ])('%s names none of them', async (_by, startEdge) => {
    const edge = await startEdge();
    for (const origin of [
      EVIL,
      'null',
      `${APP}.evil.example`,
      'https://app.example.com@evil.example',
      'https://apps.example.com',
      'https://evil.example/.apps.example.com',
      '*',
      '',
    ]) {
      for (const method of ['GET', 'OPTIONS']) {
        // oxlint-disable-next-line no-await-in-loop -- a handful of requests
        const answer = await edge.ask('/a.txt', {
          method,
          headers: [`Origin: ${origin}`, 'Access-Control-Request-Method: GET'],
        });
        const cors = answer.headers.filter(([name]) => name.toLowerCase().startsWith('access-control-'));
        expect([origin, method, cors]).toEqual([origin, method, []]);
      }
    }
  });

  it('the bucket refuses a preflight for PUT, also to the page that it names', async () => {
    const edge = await byBucket();
    const headers = [`Origin: ${APP}`, 'Access-Control-Request-Method: PUT'];
    const answer = await edge.ask('/a.txt', { method: 'OPTIONS', headers });
    expect([answer.status, header(answer, 'Access-Control-Allow-Origin')]).toEqual([403, undefined]);
  });

  it('and the page that they name is answered', async () => {
    for (const startEdge of [byBucket, byPolicy]) {
      // oxlint-disable-next-line no-await-in-loop -- two edges
      const answer = await (await startEdge()).ask('/a.txt', { headers: [`Origin: ${APP}`] });
      expect([
        header(answer, 'Access-Control-Allow-Origin'),
        header(answer, 'Access-Control-Allow-Credentials'),
      ]).toEqual([APP, 'true']);
    }
  });
});

describe('E41, E43, E45, E46: an origin that is not a folder', () => {
  it('does not exist: whatever DomainName says, the edge opens no connection', async () => {
    const edge = await start(
      {},
      {
        config: {
          Origins: list([
            {
              Id: 'media',
              DomainName: '169.254.169.254',
              OriginPath: '',
              CustomOriginConfig: { HTTPPort: 80, HTTPSPort: 443, OriginProtocolPolicy: 'http-only' },
            },
          ]),
        },
      },
    );
    const answer = await edge.ask('/a.txt');
    expect([answer.status, answer.body.toString(), header(answer, 'Set-Cookie')]).toEqual([
      200,
      '0123456789',
      undefined,
    ]);
  });
});
