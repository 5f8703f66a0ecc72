import { connect, type Socket } from 'node:net';
import { beforeAll, expect, test } from '@jest/globals';
import { until } from '../support/operated-api.js';
import { samplesOf } from '../support/scrape.js';
import { countStatuses, sendMany, sendUntilServed, type Call } from './many-calls.js';
import { IS_WHOLE } from '../support/whole.js';
import { hostileTests, type HostileStage } from './stage.js';
import { answersIn, valuesOf } from './wire-answers.js';

const GRANTS_A_MINUTE = 120;
/** `npm run whole` takes the whole number of each row. */
const [GARBAGE, SLOW_HEADERS, GREEDY] = IS_WHOLE ? [3_000, 500, 1_000] : [300, 50, 200];
/** Their lines are more than a pipe that nobody reads takes: some 540 on Linux. */
const LOGGED = IS_WHOLE ? 1_400 : 800;
/** More than the 100 that a connection may have under way; twelve such connections have more than the bound of all. */
const [PIPELINED, CROWD_OF_ONE] = IS_WHOLE ? [1_000, 200] : [250, 120];
const JSON_BODY = { 'Content-Type': 'application/json' };
const EVERYONES = '{"prefix":"courses"}';

/** What slow clients hear until they are closed, and after how many seconds. */
type Ending = Promise<{ readonly said: string; readonly seconds: number }>;

/** Connects, sends the bytes and then one more each second, reads everything. */
function dawdle(port: number, bytes: string, drip: string): Ending {
  return new Promise((resolve) => {
    const begin = performance.now();
    let said = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    const timer = setInterval(() => socket.write(drip), 1_000);
    socket.setEncoding('latin1').on('data', (text: string) => (said += text));
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearInterval(timer);
      resolve({ said, seconds: (performance.now() - begin) / 1000 });
    });
  });
}

hostileTests(
  'D: transport and overload',
  (stage) => {
    let slowHeaders: readonly Ending[];
    let slowBodies: readonly Ending[];

    // They take the real limits of the service, 10 and 15 s; the other tests go on meanwhile.
    beforeAll(() => {
      const { port } = stage().api;
      const head = 'POST /grants HTTP/1.1\r\nHost: a\r\n';
      slowHeaders = Array.from({ length: SLOW_HEADERS }, () => dawdle(port, head, 'X: 1\r\n'));
      slowBodies = Array.from({ length: 50 }, () =>
        dawdle(port, `${head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`, ' '),
      );
    });

    const grantCall = (sub: string): Call => ({
      method: 'POST',
      path: '/grants',
      headers: { ...JSON_BODY, Authorization: stage().bearer(sub) },
      body: EVERYONES,
    });

    test(`D01 ${GARBAGE} garbage requests among 100 good ones: none fails, each good one is granted`, async () => {
      const broken = stage().bearer('u1').slice(0, -3);
      const kinds: readonly Call[] = [
        { path: '/grants', headers: { Authorization: broken } },
        { path: '/nowhere' },
        { method: 'PATCH', path: '/grants' },
        { method: 'POST', path: '/grants', headers: JSON_BODY, body: '{"prefix":' },
        { method: 'POST', path: '/grants', headers: { 'Content-Type': 'text/plain' }, body: 'x' },
        { path: `/grants?${'x'.repeat(1_000)}`, headers: { Authorization: 'Bearer x.y.z' } },
        { method: 'DELETE', path: '/admin/entitlements/%zz' },
        { path: '/health/live', headers: { Cookie: `a=${'y'.repeat(4_000)}` } },
      ];
      const garbage = Array.from(
        { length: GARBAGE },
        (_, index) => kinds[index % kinds.length] ?? { path: '/' },
      );
      const good = Array.from({ length: 100 }, (_, index) => grantCall(`good-${index % 10}`));
      stage().adds({ grants: 100 });
      const [refused, granted] = await Promise.all([
        sendUntilServed(stage().api.url, garbage, 32),
        sendUntilServed(stage().api.url, good, 4),
      ]);
      expect(countStatuses(granted)).toEqual({ 201: 100 });
      expect(Object.keys(countStatuses(refused))).toEqual(['200', '400', '401', '404', '405', '415']);
      const memory = samplesOf(await stage().metrics()).get('process_resident_memory_bytes');
      expect(memory).toBeLessThan(512 * 1024 ** 2);
    });

    test(`D06 ${PIPELINED} pipelined requests of two callers in one socket are answered in order, each its own, and take no place from others`, async () => {
      const tokens = ['u1', 'u2'].map((sub) => stage().bearer(sub));
      const lines = Array.from({ length: PIPELINED }, (_, index) => {
        const end = index === PIPELINED - 1 ? 'Connection: close\r\n' : '';
        return `GET /entitlements HTTP/1.1\r\nHost: a\r\nAuthorization: ${tokens[index % 2]}\r\n${end}\r\n`;
      });
      const others = Array.from({ length: 100 }, (_, index) => grantCall(`beside-${index}`));
      stage().adds({ grants: 100 });
      const [{ bytes }, granted] = await Promise.all([
        stage().raw(lines.join('')),
        sendUntilServed(stage().api.url, others, 10),
      ]);
      expect(countStatuses(granted)).toEqual({ 201: 100 });
      const answers = answersIn({ sent: '', received: bytes.toString('latin1') });
      const foreign = answers.filter(
        ({ status, body }, index) =>
          status !== 503 && !(status === 200 && body.includes('user:u1') === (index % 2 === 0)),
      );
      expect([answers.length, foreign]).toEqual([PIPELINED, []]);
      // At most 100 of a connection are under way; the surplus is shed.
      expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(100);
    });

    test.each([
      ['17 KB of headers', `X-Long: ${'x'.repeat(17 * 1024)}`],
      ['40 KB of headers', `X-Long: ${'x'.repeat(40 * 1024)}`],
      ['2,000 headers', Array.from({ length: 2_000 }, (_, index) => `x${index}: 1`).join('\r\n')],
    ])('D07 %s are 431', async (_what, headers) => {
      const answer = await stage().raw(
        `GET /grants HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${headers}\r\n\r\n`,
      );
      expect(answer.status).toBe(431);
    });

    test('D08 Content-Length and Transfer-Encoding together are 400, and what follows is no request', async () => {
      const smuggled = 'GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n';
      for (const lengths of [
        'Content-Length: 6\r\nTransfer-Encoding: chunked',
        'Transfer-Encoding: chunked\r\nContent-Length: 6',
        'Content-Length: 6\r\nContent-Length: 7',
        'Transfer-Encoding: chunked, identity',
      ]) {
        const { bytes } = await stage().raw(
          `POST /grants HTTP/1.1\r\nHost: a\r\n${lengths}\r\n\r\n0\r\n\r\n${smuggled}`,
        );
        const answers = answersIn({ sent: '', received: bytes.toString('latin1') });
        expect(answers.map(({ status }) => status)).toEqual([400]);
        expect(answers.map((answer) => valuesOf(answer, 'connection'))).toEqual([['close']]);
      }
    });

    test.each([
      ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'],
      ['the hello of TLS', Buffer.from('160301007a010000760303', 'hex')],
      ['the version 0.9 of HTTP', 'GET /grants\r\n\r\n'],
      ['noise', Buffer.alloc(4_096, 0xa5)],
    ])('D11 %s on the plain port is 400, and the connection is closed', async (_what, bytes) => {
      const answer = await stage().raw(bytes);
      expect([answer.status, Object.fromEntries(answer.headers)['connection']]).toEqual([400, 'close']);
    });

    test(`D12 of ${GREEDY} grants that one user asks for at once the limit is given, the rest is 429; others are unaffected`, async () => {
      const greedy = Array.from({ length: GREEDY }, () => grantCall('greedy'));
      const others = Array.from({ length: 40 }, (_, index) => grantCall(`modest-${index}`));
      const [mine, theirs] = await Promise.all([
        sendUntilServed(stage().api.url, greedy, 50),
        sendUntilServed(stage().api.url, others, 4),
      ]);
      stage().adds({ grants: GRANTS_A_MINUTE + 40 });
      expect(countStatuses(mine)).toEqual({ 201: GRANTS_A_MINUTE, 429: GREEDY - GRANTS_A_MINUTE });
      const waits = mine.filter(({ status }) => status === 429).map(({ retryAfter }) => Number(retryAfter));
      expect(waits.filter((seconds) => !(seconds >= 1 && seconds <= 60))).toEqual([]);
      expect(countStatuses(theirs)).toEqual({ 201: 40 });

      const rowsOf = async () =>
        (await stage().database.query("select code from refusals where viewer_id = 'greedy'"))
          .rows as object[];
      await until(async () => (await rowsOf()).length > 0);
      // The first of each minute at once, the rest of a minute in one row: the test may see two minutes.
      expect((await rowsOf()).length).toBeLessThanOrEqual(3);
    });

    test(`D15 ${12 * CROWD_OF_ONE} grants at once: more than the bound are shed with 503 overloaded, and everyone is answered`, async () => {
      const begun = Math.floor(Date.now() / 1000);
      const sockets = 12;
      const each = CROWD_OF_ONE;
      const texts = Array.from({ length: sockets }, (_, socket) =>
        Array.from({ length: each }, (__, index) =>
          rawGrant(stage(), `crowd-${socket}-${index}`, index === each - 1),
        ).join(''),
      );
      const received = await sendAtOnce(stage().api.port, texts);
      const answers = received.flatMap((text) => answersIn({ sent: '', received: text }));
      const shed = answers.filter(({ status }) => status === 503);
      const granted = answers.filter(({ status }) => status === 201);
      const countRows = async (): Promise<number> => {
        const { rows } = await stage().database.query<{ count: number }>(
          "select count(*)::int from grants where viewer_id like 'crowd-%' and issued_at >= $1",
          [begun],
        );
        return rows[0]?.count ?? 0;
      };
      // A row may come after the answer that says that it came too late.
      let [count, looksAlike] = [-1, 0];
      await until(async () => {
        const now = await countRows();
        looksAlike = now === count ? looksAlike + 1 : 0;
        count = now;
        return looksAlike === 20;
      });
      stage().adds({ grants: count });
      expect([answers.length, granted.length + shed.length]).toEqual([sockets * each, sockets * each]);
      expect(shed.length).toBeGreaterThan(0);
      const shedding = shed.map((answer) =>
        [codeIn(answer.body), ...valuesOf(answer, 'retry-after')].join(' '),
      );
      expect(new Set(shedding)).toEqual(new Set(['overloaded 1']));
      // A caller who was asked to come back because its place came too late may have a row; nobody has cookies without one.
      expect(count).toBeGreaterThanOrEqual(granted.length);
    });

    test('D19 stdout is full: everyone is answered, the lines that are lost are counted, and the log goes on later', async () => {
      const { process, url } = stage().api;
      process.child.stdout?.pause();
      const calls = Array.from({ length: LOGGED }, (): Call => ({ path: '/grants' }));
      expect(countStatuses(await sendUntilServed(url, calls, 20))).toEqual({ 401: LOGGED });
      const lost = samplesOf(await stage().metrics()).get('edgepass_log_lines_lost_total') ?? 0;
      expect(lost).toBeGreaterThan(0);
      const refusals = () => process.stdout().split('"reason":"no_header"').length - 1;
      const before = refusals();
      process.child.stdout?.resume();
      await until(async () => refusals() > before);
      const read = refusals();
      await sendMany(url, calls.slice(0, 10), 1);
      await until(async () => refusals() >= read + 10);
    });

    test(`D02 ${SLOW_HEADERS} clients that send their headers for ever are answered 408 and closed after 10 s`, async () => {
      const endings = await Promise.all(slowHeaders);
      expect(endings.filter(({ said }) => !said.startsWith('HTTP/1.1 408 '))).toEqual([]);
      expect(endings.filter(({ said }) => !said.includes('"code":"request_timeout"'))).toEqual([]);
      expect(Math.min(...endings.map(({ seconds }) => seconds))).toBeGreaterThan(9);
      expect(Math.max(...endings.map(({ seconds }) => seconds))).toBeLessThan(20);
    });

    test('D03 50 clients that send their bodies for ever are answered 408 and closed after 15 s', async () => {
      const endings = await Promise.all(slowBodies);
      expect(endings.filter(({ said }) => !said.startsWith('HTTP/1.1 408 '))).toEqual([]);
      expect(Math.min(...endings.map(({ seconds }) => seconds))).toBeGreaterThan(14);
      expect(Math.max(...endings.map(({ seconds }) => seconds))).toBeLessThan(25);
    });
  },
  { GRANT_LIMIT_PER_VIEWER: String(GRANTS_A_MINUTE) },
);

function rawGrant(stage: HostileStage, sub: string, isLast: boolean): string {
  return [
    'POST /grants HTTP/1.1',
    'Host: a',
    `Authorization: ${stage.bearer(sub)}`,
    'Content-Type: application/json',
    `Content-Length: ${EVERYONES.length}`,
    ...(isLast ? ['Connection: close'] : []),
    '',
    EVERYONES,
  ].join('\r\n');
}

/** Writes each text to a connection of its own, all in one moment; gives what came until each was closed. */
async function sendAtOnce(port: number, texts: readonly string[]): Promise<readonly string[]> {
  const sockets = await Promise.all(
    texts.map(
      () =>
        new Promise<Socket>((resolve) => {
          const socket = connect(port, '127.0.0.1', () => resolve(socket));
        }),
    ),
  );
  return Promise.all(
    sockets.map(
      (socket, index) =>
        new Promise<string>((resolve) => {
          let received = '';
          socket.setEncoding('latin1').on('data', (text: string) => (received += text));
          socket.on('error', () => undefined);
          socket.once('close', () => resolve(received));
          socket.write(texts[index] ?? '');
        }),
    ),
  );
}

const codeIn = (body: string): string => (JSON.parse(body) as { code: string }).code;
