import { Agent, request, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { until } from '../support/operated-api.js';
import { ecKey, type TestKey } from '../support/token-issuer.js';
import { evidence, injectedBy } from './evidence.js';
import { IssuerStage } from './issuer-stage.js';

const held = ecKey('held');
const unknown = ecKey('unknown');

let stage: IssuerStage;
beforeAll(async () => {
  stage = await IssuerStage.open(held);
  await until(stage.isReady);
});
afterAll(() => stage.close());

const silent: RequestListener = () => undefined;
const oneByteASecond: RequestListener = (_, response) => {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.write('{');
  const timer = setInterval(() => response.write(' '), 1_000);
  response.once('close', () => clearInterval(timer));
};

test.each([
  ['accepts and never answers', silent],
  ['sends one byte a second', oneByteASecond],
])(
  'N28 an issuer that %s: 503 after 5 s, one download for all, nobody else waits',
  async (what, listener) => {
    injectedBy('a key server on the loopback');
    const { issuer, api } = stage;
    issuer.publish(held);
    api.clock.forward(5_000);
    expect(await stage.ask(held)).toBe('201');
    issuer.answer(listener);
    api.clock.forward(30);
    const before = issuer.downloads;
    const begin = performance.now();
    let isOver = false;
    const waiting = Promise.all(Array.from({ length: 40 }, () => stage.ask(unknown))).finally(
      () => (isOver = true),
    );
    const others: number[] = [];
    // oxlint-disable-next-line no-unmodified-loop-condition -- the callers who wait end it
    while (!isOver) {
      const asked = performance.now();
      // oxlint-disable-next-line no-await-in-loop -- one caller after the other
      expect(await stage.ask(held)).toBe('201');
      others.push(performance.now() - asked);
    }
    const seconds = (performance.now() - begin) / 1000;
    // The clock of the API stands still, so the pause of 30 s has just begun.
    expect(new Set(await waiting)).toEqual(new Set(['503 keys_unavailable 30']));
    expect(issuer.downloads - before).toBe(1);
    expect(seconds).toBeGreaterThan(4.9);
    expect(seconds).toBeLessThan(6.5);
    const slowest = Math.max(...others.slice(40));
    expect(slowest).toBeLessThan(1_000);
    evidence(
      `${what}: 40 callers with an unknown key id 503 after ${seconds.toFixed(1)} s, 1 download; ${others.length} other callers meanwhile, the slowest ${Math.round(slowest)} ms`,
    );
  },
);

const CALLERS = 5_000;
/** More are answered `overloaded` at once: requests under way are limited. */
const MOST_WAITING = 1_000;
const SHED_UNTIL_ANSWER = 1_000;

test('N31 5,000 callers at once before any key is held: one download, those who wait are let in, the surplus is shed', async () => {
  injectedBy('the key server answers when the surplus has been shed');
  const { issuer, api } = stage;
  await new Promise<void>((resolve) => api.app.getHttpServer().listen(0, '127.0.0.1', resolve));
  const { port } = api.app.getHttpServer().address() as AddressInfo;
  // Older than any key may be.
  issuer.answer((_, response) => response.writeHead(500).end());
  api.clock.forward(5_000);
  await until(async () => !(await stage.isReady()));
  let release = (): void => undefined;
  issuer.answer((_, response) => {
    release = () => void response.end(JSON.stringify({ keys: [held.jwk] }));
  });
  const before = issuer.downloads;

  api.clock.forward(60);
  // Those who wait keep their connections; the rest is asked on the others, one after the other.
  const agent = new Agent({ keepAlive: true, maxSockets: MOST_WAITING + 50 });
  const bearer = stage.bearer(held);
  const answers = new Map<string, number>();
  const shed = (): number => answers.get('503 overloaded') ?? 0;
  await Promise.all(
    Array.from({ length: CALLERS }, async () => {
      const answer = await requestGrant(agent, port, bearer);
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
      if (shed() === SHED_UNTIL_ANSWER) release();
    }),
  );
  agent.destroy();
  expect([...answers.keys()].toSorted()).toEqual(['201', '503 overloaded']);
  expect(answers.get('201')).toBeGreaterThanOrEqual(MOST_WAITING);
  expect(issuer.downloads - before).toBe(1);
  evidence(`1 download; 201 for ${answers.get('201')}, 503 overloaded for ${shed()}, nothing else`);
});

/** The status of a grant asked for, with the code of a problem. */
function requestGrant(agent: Agent, port: number, authorization: string): Promise<string> {
  const body = JSON.stringify({ prefix: 'courses' });
  const headers = { authorization, 'content-type': 'application/json', 'content-length': body.length };
  return new Promise((resolve, reject) => {
    const asking = request(
      { host: '127.0.0.1', port, path: '/grants', method: 'POST', headers, agent },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part: string) => (text += part));
        answer.once('error', reject);
        answer.once('end', () => {
          const { code = '' } = JSON.parse(text) as { code?: string };
          resolve(`${answer.statusCode} ${code}`.trim());
        });
      },
    );
    asking.once('error', reject);
    asking.end(body);
  });
}

test('N30 a set that rotates every 5 s for 5 minutes: no valid token is refused for longer than the cool-down of 30 s', async () => {
  injectedBy('a key set with a new key every 5 s of the clock, which is handed in; the newest two are in it');
  const keys = Array.from({ length: 61 }, (_, index) => ecKey(`key-${index}`));
  const keyOf = (second: number): TestKey => keys[Math.floor(second / 5)] ?? held;
  const { issuer } = stage;
  issuer.publish(keyOf(0));
  stage.api.clock.forward(5_000);
  expect(await stage.ask(keyOf(0))).toBe('201');
  const before = issuer.downloads;
  let refusedSince: number | null = null;
  let longestSeconds = 0;
  const answers = new Map<string, number>();
  for (let second = 1; second <= 300; second++) {
    stage.api.clock.forward(1);
    issuer.publish(keyOf(second), keyOf(second - 5));
    // oxlint-disable-next-line no-await-in-loop -- one second after the other
    const answer = await stage.ask(keyOf(second));
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
    if (answer === '201') refusedSince = null;
    else refusedSince ??= second;
    if (refusedSince !== null) longestSeconds = Math.max(longestSeconds, second - refusedSince + 1);
  }
  expect(longestSeconds).toBeLessThanOrEqual(30);
  expect(issuer.downloads - before).toBeLessThanOrEqual(11);
  expect([...answers.keys()].toSorted()).toEqual(['201', '401 token_invalid']);
  evidence(
    `longest refusal of a valid token ${longestSeconds} s, ${issuer.downloads - before} downloads in 300 s, ${answers.get('201')} grants`,
  );
});
