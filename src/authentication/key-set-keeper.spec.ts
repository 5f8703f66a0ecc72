import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { ecKey } from '../../test/support/token-issuer.js';
import { KeySetKeeper } from './key-set-keeper.js';
import { RemoteKeySet } from './remote-key-set.js';

const START = 1_800_000_000;
const key = ecKey('first');

let now: number;
let status: number;
let fetches: number;
let told: unknown[];
let keeper: KeySetKeeper;

beforeEach(() => {
  [now, status, fetches, told] = [START, 200, 0, []];
  jest.useFakeTimers({ doNotFake: ['setImmediate'] });
  for (const level of ['log', 'warn'] as const) {
    jest.spyOn(Logger.prototype, level).mockImplementation((entry) => void told.push([level, entry]));
  }
  const fetch = async (): Promise<Response> => {
    fetches += 1;
    return status === 200 ? Response.json({ keys: [key.jwk] }) : new Response('', { status });
  };
  keeper = new KeySetKeeper();
  keeper.keep(new RemoteKeySet('https://idp.example.com/keys', { nowEpochSeconds: () => now }, fetch));
});
afterEach(() => {
  keeper.onApplicationShutdown();
  jest.restoreAllMocks();
  jest.useRealTimers();
});

/** One look of the timer, and what it began. */
async function look(epochSeconds: number): Promise<void> {
  now = epochSeconds;
  jest.advanceTimersByTime(1_000);
  await new Promise((resolve) => setImmediate(resolve));
}

it('without a key set there is no problem', () => {
  expect(new KeySetKeeper().problem).toBeNull();
});

it('the keys are there before a caller, and are fetched again after ten minutes without one', async () => {
  await look(START + 1);
  expect([keeper.problem, fetches]).toEqual([null, 1]);
  await look(START + 599);
  await look(START + 600);
  expect([keeper.problem, fetches]).toEqual([null, 2]);
});

it('an outage is told when it begins, when the keys are too old, and when it ends (N27)', async () => {
  await look(START + 1);
  status = 503;
  for (const seconds of [600, 700, 4_199]) {
    // oxlint-disable-next-line no-await-in-loop -- one look after the other
    await look(START + seconds);
  }
  expect(keeper.problem).toBeNull();
  await look(START + 4_200);
  await look(START + 4_300);
  expect(keeper.problem).toMatchObject({ code: 'keys_unavailable', reason: 'jwks_status_503' });
  status = 200;
  await look(START + 4_400);
  expect(keeper.problem).toBeNull();
  const failing = {
    msg: 'the keys of access tokens cannot be fetched; trying again',
    reason: 'jwks_status_503',
  };
  const tooOld = { msg: 'the keys of access tokens are too old to use; not ready', reason: 'jwks_expired' };
  expect(told).toEqual([
    ['warn', failing],
    ['warn', tooOld],
    ['log', { msg: 'the keys of access tokens are there' }],
  ]);
});

it('nothing is fetched any more after the end of the application', async () => {
  await look(START + 1);
  keeper.onApplicationShutdown();
  await look(START + 1_000);
  expect(fetches).toBe(1);
});
