import { connect, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import type { FrontAdapter } from '../../src/http/front-adapter.js';
import { APP_ORIGIN, onEveryDatabase, startTestApi, type TestApi } from '../support/api.js';
import { until as untilLater } from '../support/operated-api.js';
import { IS_WHOLE } from '../support/whole.js';

/** `npm run whole` has more of them. */
const SILENT_READERS = IS_WHOLE ? 5 : 1;

async function withApi(
  changes: Parameters<typeof startTestApi>[1],
  tests: (api: TestApi) => Promise<void>,
  options: Parameters<typeof startTestApi>[2] = {},
): Promise<void> {
  const api = await startTestApi('sqlite', changes, options);
  try {
    await tests(api);
  } finally {
    await api.close();
  }
}

describe('REQUEST_LIMIT_PER_ADDRESS', () => {
  test('D12: one more than the limit is 429 rate_limited with Retry-After, readable by the page, and logged', () =>
    withApi({ limits: { requestsPerAddress: 3, grantsPerViewer: 0 } }, async (api) => {
      const ask = () => api.http.get('/grants').set('Origin', APP_ORIGIN);
      for (let call = 0; call < 3; call++) await ask().expect(401);
      const response = await ask();

      expect([response.status, response.type, response.body]).toMatchObject([
        429,
        'application/problem+json',
        { status: 429, code: 'rate_limited' },
      ]);
      const seconds = Number(response.headers['retry-after']);
      expect(seconds).toBeGreaterThanOrEqual(1);
      expect(seconds).toBeLessThanOrEqual(120);
      expect(response.headers['access-control-allow-origin']).toBe(APP_ORIGIN);
      expect(response.headers['cache-control']).toBe('no-store');
      await ask().expect(429);
      // One line for both, when it is over.
      await api.app.close();
      const lines = api.log.filter((line) => line.includes('"reason":"address_limit"'));
      expect(lines.map((line) => (JSON.parse(line) as { count: number }).count)).toEqual([2]);
    }));

  test('spelling, token, method and query make no other caller (52)', () =>
    withApi({ limits: { requestsPerAddress: 4, grantsPerViewer: 0 } }, async (api) => {
      await api.http.get('/grants?x=1');
      await api.http.get('/nowhere').set('Authorization', api.bearer('other'));
      await api.http.post('/grants');
      await api.http.get('/GRANTS').set('X-Forwarded-For', '203.0.113.9');
      expect((await api.http.get('/grants').set('X-Forwarded-For', '203.0.113.10')).status).toBe(429);
    }));

  test('health is not counted: a balancer asks for many', () =>
    withApi({ limits: { requestsPerAddress: 1, grantsPerViewer: 0 } }, async (api) => {
      for (let call = 0; call < 5; call++) await api.http.get('/health/live').expect(200);
      await api.http.get('/grants').expect(401);
      await api.http.get('/grants').expect(429);
      await api.http.get('/health/ready').expect(200);
    }));

  test('behind a trusted proxy each forwarded address counts for itself, an IPv6 network as one', () =>
    withApi(
      { limits: { requestsPerAddress: 1, grantsPerViewer: 0 }, trustedProxies: ['127.0.0.0/8', '::1'] },
      async (api) => {
        const from = (address: string) => api.http.get('/grants').set('X-Forwarded-For', address);
        expect((await from('203.0.113.1')).status).toBe(401);
        expect((await from('203.0.113.1')).status).toBe(429);
        expect((await from('203.0.113.2')).status).toBe(401);
        expect((await from('2001:db8:1:2::1')).status).toBe(401);
        expect((await from('2001:db8:1:2:ffff::9')).status).toBe(429);
        expect((await from('2001:db8:1:3::1')).status).toBe(401);
        // What stands left of the proxy's own entry is the caller's invention.
        expect((await from('198.51.100.1, 203.0.113.1')).status).toBe(429);
      },
    ));

  test('0 is no limit', () =>
    withApi({ limits: { requestsPerAddress: 0, grantsPerViewer: 0 } }, async (api) => {
      const statuses = await Promise.all(
        Array.from({ length: 20 }, async () => (await api.http.get('/grants')).status),
      );
      expect(new Set(statuses)).toEqual(new Set([401]));
    }));
});

describe('overload', () => {
  test('D15: with as many unanswered as there may be, one more is 503 overloaded at once; health and preflights are answered', () =>
    withApi(
      {},
      async (api) => {
        const recording = holdRecording(api);
        await api.app.listen(0, '127.0.0.1');
        const socket = sendPipelined(api, 5);
        const { requestsUnderWay } = connectionsOf(api);
        await until(() => recording.held() === 5);

        const full = await api.http.post('/grants').set('Origin', APP_ORIGIN).send({ prefix: 'p' });
        const live = await api.http.get('/health/live');
        const preflight = await api.http
          .options('/grants')
          .set('Origin', APP_ORIGIN)
          .set('Access-Control-Request-Method', 'POST');

        expect([
          full.status,
          full.headers['retry-after'],
          full.headers['access-control-allow-origin'],
        ]).toEqual([503, '1', APP_ORIGIN]);
        expect(full.body).toMatchObject({ code: 'overloaded' });
        expect(full.headers['cache-control']).toBe('no-store');
        expect([live.status, preflight.status]).toEqual([200, 204]);
        recording.release();
        socket.destroy();
        await until(() => requestsUnderWay() === 0);
        await api.http.get('/grants').expect(401);
      },
      { admissionLimits: { unanswered: 5 } },
    ));

  test('a burst of refused requests is one line of the log, with their number', () =>
    withApi({}, async (api) => {
      const recording = holdRecording(api);
      await api.app.listen(0, '127.0.0.1');
      const socket = sendPipelined(api, 400);
      // Node reads no further while so many answers wait behind the first.
      await until(() => connectionsOf(api).requestsUnderWay() > 150);
      recording.release();
      socket.destroy();
      await api.app.close();

      const lines = api.log.filter((line) => line.includes('"reason":"too_many_requests_pipelined"'));
      expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
        {
          level: 40,
          time: expect.any(Number),
          msg: 'requests refused',
          code: 'overloaded',
          reason: 'too_many_requests_pipelined',
          count: expect.any(Number),
          seconds: expect.any(Number),
          requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        },
      ]);
      expect((JSON.parse(lines[0] ?? '') as { count: number }).count).toBeGreaterThanOrEqual(50);
    }));

  test('D04: a client that does not read is closed, and until then only so much is answered as its socket holds', () =>
    withApi({}, async (api) => {
      const server = api.app.getHttpServer();
      // Which of the two counts depends on whether an answer is half written.
      Object.assign(server.setTimeout(500), { keepAliveTimeout: 500 });
      await api.app.listen(0, '127.0.0.1');
      let answered = 0;
      server.on('request', () => (answered += 1));
      const allClosed = new Promise<void>((resolve) => {
        let closed = 0;
        server.on('connection', (socket) =>
          socket.once('close', () => ++closed === SILENT_READERS && resolve()),
        );
      });
      const { port } = server.address() as AddressInfo;
      const asked = 1_000;
      // Long ones: what came in one packet is answered before Node looks whether anybody reads.
      const request = `GET /openapi.json HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(1_024)}\r\n\r\n`;
      const clients = Array.from({ length: SILENT_READERS }, () => {
        const client = connect(port, '127.0.0.1');
        client.on('error', () => undefined).pause();
        client.write(request.repeat(asked));
        return client;
      });
      await allClosed;
      for (const client of clients) client.destroy();
      // Each answer has some 50 KB; a socket of the loopback holds a few MB.
      expect(answered).toBeGreaterThan(0);
      expect(answered).toBeLessThan((SILENT_READERS * asked) / 2);
    }));
});

/** Lets no grant be recorded until it is released. */
function holdRecording(api: TestApi): { release(): void; readonly held: () => number } {
  let count = 0;
  let release = (): void => undefined;
  const held = new Promise<never>((_resolve, reject) => {
    release = () => reject(new Error('released'));
  });
  held.catch(() => undefined);
  const record = (): Promise<never> => {
    count += 1;
    return held;
  };
  Object.defineProperty(api.database, 'record', { value: record });
  return { release: () => release(), held: () => count };
}

/** So many grants at once on one connection. */
function sendPipelined(api: TestApi, count: number): Socket {
  const body = '{"prefix":"p"}';
  const head = [
    'POST /grants HTTP/1.1',
    'Host: a',
    `Authorization: ${api.bearer()}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ];
  const { port } = api.app.getHttpServer().address() as AddressInfo;
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`.repeat(count));
  return socket.resume();
}

function connectionsOf(api: TestApi): { readonly requestsUnderWay: () => number } {
  const { connections } = api.app.getHttpAdapter() as unknown as FrontAdapter;
  return { requestsUnderWay: () => connections.requestsUnderWay };
}

async function until(condition: () => boolean): Promise<void> {
  // oxlint-disable-next-line no-await-in-loop -- lets the service work
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

onEveryDatabase(
  'GRANT_LIMIT_PER_VIEWER',
  (api) => {
    test('D12: one more than the limit is 429 rate_limited with Retry-After, without a row and a cookie', async () => {
      await api().give({ subject: 'everyone', prefix: 'v' });
      for (let call = 0; call < 3; call++) await api().ask('v', { sub: 'v1' }).expect(201);
      api().clock.forward(10);
      const before = await api().countOf('grants');
      const response = await api().ask('v', { sub: 'v1' });

      expect([response.status, response.body]).toMatchObject([429, { status: 429, code: 'rate_limited' }]);
      expect(response.headers['retry-after']).toBe('50');
      expect(response.headers['set-cookie']).toBeUndefined();
      expect(await api().countOf('grants')).toBe(before);
      expect(api().log.filter((line) => line.includes('"reason":"viewer_limit"'))).not.toEqual([]);
    });

    test('others are unaffected, and the viewer is let in again after Retry-After', async () => {
      await api().give({ subject: 'everyone', prefix: 'v' });
      for (let call = 0; call < 3; call++) await api().ask('v', { sub: 'v2' }).expect(201);
      await api().ask('v', { sub: 'v2' }).expect(429);
      await api().ask('v', { sub: 'v3' }).expect(201);
      api().clock.forward(59);
      await api().ask('v', { sub: 'v2' }).expect(429);
      api().clock.forward(1);
      await api().ask('v', { sub: 'v2' }).expect(201);
    });

    test('D12: a caller over it has one row a grant, and of the refusals of a minute two rows in the audit log', async () => {
      await api().give({ subject: 'everyone', prefix: 'v' });
      const before = await api().countOf('grants');
      const statuses: number[] = [];
      for (let call = 0; call < 20; call++) statuses.push((await api().ask('v', { sub: 'greedy' })).status);
      expect(statuses).toEqual([201, 201, 201, ...Array.from({ length: 17 }, () => 429)]);
      expect(await api().countOf('grants')).toBe(before + 3);
      api().clock.forward(60);
      // The next refusal of anybody ends the minute.
      await api().ask('nothing', { sub: 'other' }).expect(403);
      const rows = () =>
        api()
          .database.queries.selectFrom('refusals')
          .select(['code', 'prefix', 'count'])
          .where('viewer_id', '=', 'greedy')
          .orderBy('id')
          .execute();
      await untilLater(async () => (await rows()).length === 2);
      expect(await rows()).toEqual([
        { code: 'rate_limited', prefix: 'v', count: 1 },
        { code: 'rate_limited', prefix: null, count: 16 },
      ]);
    });

    test('who is not entitled hears so, not of a limit', async () => {
      for (let call = 0; call < 5; call++) await api().ask('nothing', { sub: 'v4' }).expect(403);
    });
  },
  { limits: { requestsPerAddress: 0, grantsPerViewer: 3 } },
);
