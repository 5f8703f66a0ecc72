import type { RequestListener } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Issuer } from '../support/issuer.js';
import { until } from '../support/operated-api.js';
import { ecKey, type TestKey } from '../support/token-issuer.js';
import { evidence, injectedBy } from './evidence.js';
import { IssuerStage } from './issuer-stage.js';

const first = ecKey('first');
const second = ecKey('second');

let stage: IssuerStage;
let issuer: Issuer;
const ask = (key: TestKey): Promise<string> => stage.ask(key);

beforeAll(async () => {
  stage = await IssuerStage.open(first);
  ({ issuer } = stage);
});
afterAll(() => stage.close());
/** Each test begins with the first key alone, fetched a moment ago. */
beforeEach(async () => {
  issuer.publish(first);
  stage.api.clock.forward(5_000);
  if ((await ask(first)) !== '201') throw new Error('expected the first key to be held');
  await ask(second);
});

test('N27 known key ids keep working for 70 minutes while the issuer is gone, then 503 and not 401, until it is back', async () => {
  injectedBy('the issuer stops listening; the clock is handed in');
  expect(await ask(first)).toBe('201');
  const reasons = stage.linesAboutKeys();
  await issuer.stop();

  const timeline: string[] = [];
  for (const seconds of [60, 540, 1_200, 2_399]) {
    stage.api.clock.forward(seconds);
    // oxlint-disable-next-line no-await-in-loop -- one time after the other
    timeline.push(await ask(first));
  }
  expect(timeline).toEqual(['201', '201', '201', '201']);
  // A key that came while the issuer was gone may be genuine: no answer says that the token is bad.
  expect(await ask(second)).toMatch(/^503 keys_unavailable \d+$/);
  expect(await stage.isReady()).toBe(true);
  stage.api.clock.forward(1);
  expect(await ask(first)).toMatch(/^503 keys_unavailable \d+$/);
  expect(await stage.isReady()).toBe(false);

  issuer.publish(first, second);
  await issuer.listen();
  stage.api.clock.forward(30);
  await until(stage.isReady);
  expect([await ask(first), await ask(second)]).toEqual(['201', '201']);
  expect(reasons()).toEqual(expect.arrayContaining(['jwks_unreachable', 'there']));
  evidence(
    '201 at 60, 600, 1,800 and 4,199 s; 503 keys_unavailable and not ready at 4,200 s; 201 and ready when the issuer is back',
  );
});

const TEN_MEGABYTES = 10 * 1024 * 1024;

/** Sends 10 MB for as long as somebody reads. */
const tenMegabytes: RequestListener = (_, response) => {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.write('{"keys":[');
  response.end(Buffer.alloc(TEN_MEGABYTES, 0x20));
};

const answering =
  (status: number, body: string, headers: Record<string, string> = {}): RequestListener =>
  (_, response) =>
    response.writeHead(status, headers).end(body);

describe('N29 in place of a key set', () => {
  test.each<[string, RequestListener, string]>([
    ['HTML', answering(200, '<!doctype html><title>x</title>'), 'jwks_not_json'],
    ['garbage', answering(200, '\u0000\u0001\u0002'), 'jwks_not_json'],
    ['{"keys":[]}', answering(200, '{"keys":[]}'), 'jwks_without_usable_key'],
    ['10 MB', tenMegabytes, 'jwks_too_large'],
    ['500', answering(500, ''), 'jwks_status_500'],
    ['a redirect', answering(302, '', { Location: '/elsewhere' }), 'jwks_status_302'],
  ])(
    '%s: the last good set stays in force, one warning says why, one download in 30 s',
    async (what, listener, reason) => {
      injectedBy('a key server on the loopback; the clock is handed in');
      const reasons = stage.linesAboutKeys();
      issuer.answer(listener);
      const before = issuer.downloads;
      stage.api.clock.forward(600);
      const callers = Array.from({ length: 20 }, (_, index) => ask(index % 2 === 0 ? first : second));
      expect(new Set(await Promise.all(callers))).toEqual(new Set(['201', '503 keys_unavailable 30']));
      stage.api.clock.forward(29);
      expect([await ask(first), await ask(second)]).toEqual(['201', '503 keys_unavailable 1']);
      expect([issuer.downloads - before, reasons(), await stage.isReady()]).toEqual([1, [reason], true]);

      issuer.publish(first, second);
      stage.api.clock.forward(1);
      expect(await ask(second)).toBe('201');
      expect(reasons()).toEqual([reason, 'there']);
      evidence(`${what}: 201 with a key that is held, 1 download in 30 s, log ${reason}`);
    },
  );

  test.each([
    ['120', 120],
    ['86400', 300],
  ])(
    '429 with Retry-After %s: the issuer is left alone for %d s, and the keys that are held keep working',
    async (retryAfter, seconds) => {
      injectedBy('a key server on the loopback; the clock is handed in');
      const reasons = stage.linesAboutKeys();
      issuer.answer(answering(429, '', { 'Retry-After': retryAfter }));
      const before = issuer.downloads;
      stage.api.clock.forward(600);
      expect(await ask(second)).toBe(`503 keys_unavailable ${seconds}`);
      stage.api.clock.forward(seconds - 1);
      expect(await ask(second)).toBe('503 keys_unavailable 1');
      expect([await ask(first), issuer.downloads - before, reasons()]).toEqual([
        '201',
        1,
        ['jwks_status_429'],
      ]);
      stage.api.clock.forward(1);
      await ask(second);
      expect(issuer.downloads - before).toBe(2);
      evidence(`Retry-After ${retryAfter}: the next download after ${seconds} s`);
    },
  );
});
