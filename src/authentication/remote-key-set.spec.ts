import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ecKey, rsaKey, type TestKey } from '../../test/support/token-issuer.js';
import { IS_WHOLE } from '../../test/support/whole.js';
import { Problem } from '../http/problems/problem.js';
import { RemoteKeySet } from './remote-key-set.js';

const first = ecKey('first');
const second = ecKey('second');
const START = 1_800_000_000;

let now: number;
let fetches: number;
let served: () => Promise<Response>;
let keySet: RemoteKeySet;
let logged: unknown[];

function serves(...keys: readonly Readonly<Record<string, unknown>>[]): void {
  served = async () => Response.json({ keys });
}

function failsWith(status: number): void {
  served = async () => new Response('', { status });
}

beforeEach(() => {
  logged = [];
  for (const level of ['log', 'warn'] as const) {
    jest.spyOn(Logger.prototype, level).mockImplementation((entry) => void logged.push([level, entry]));
  }
  now = START;
  fetches = 0;
  serves(first.jwk);
  const fetch = async (): Promise<Response> => {
    fetches += 1;
    return served();
  };
  keySet = new RemoteKeySet('https://idp.example.com/keys', { nowEpochSeconds: () => now }, fetch);
});

/** `found`, the code of jose's error, or the code, reason and Retry-After of a problem. */
async function ask(kid: string | undefined): Promise<string> {
  try {
    await keySet.keyFor({ alg: 'ES256', ...(kid === undefined ? {} : { kid }) });
    return 'found';
  } catch (error) {
    if (error instanceof Problem) return `${error.code} ${error.reason} ${error.retryAfterSeconds}`;
    return (error as { code: string }).code;
  }
}

describe('the first requests (N31)', () => {
  it('5,000 of them at once share one download', async () => {
    const answers = await Promise.all(Array.from({ length: 5_000 }, () => ask('first')));
    expect([new Set(answers), fetches]).toEqual([new Set(['found']), 1]);
  });

  it('5,000 of them at once share one failure, and none is a 401', async () => {
    failsWith(500);
    const answers = await Promise.all(Array.from({ length: 5_000 }, () => ask('first')));
    expect([new Set(answers), fetches]).toEqual([new Set(['keys_unavailable jwks_status_500 1']), 1]);
  });
});

describe('the state of the keys', () => {
  it('is their age and whether the latest download failed', async () => {
    expect(keySet.state).toEqual({ ageSeconds: null, isFailing: false });
    await ask('first');
    now = START + 40;
    expect(keySet.state).toEqual({ ageSeconds: 40, isFailing: false });
    failsWith(500);
    await ask('second');
    expect(keySet.state).toEqual({ ageSeconds: 40, isFailing: true });
    now = START + 4_200;
    expect(keySet.state).toEqual({ ageSeconds: null, isFailing: true });
  });
});

describe('a set that rotates every 5 seconds (N30)', () => {
  it('refuses no valid token for longer than the cool-down', async () => {
    let newest = 'first';
    let refusedSince: number | null = null;
    let longest = 0;
    for (let second = 0; second < 300; second++) {
      now = START + second;
      if (second % 5 === 0) newest = `key-${second}`;
      serves({ ...first.jwk, kid: newest });
      // oxlint-disable-next-line no-await-in-loop -- one second after the other
      const isFound = (await ask(newest)) === 'found';
      if (isFound) refusedSince = null;
      else refusedSince ??= second;
      if (refusedSince !== null) longest = Math.max(longest, second - refusedSince + 1);
    }
    expect(longest).toBeLessThanOrEqual(30);
    expect(fetches).toBeLessThanOrEqual(11);
  });
});

describe('the cool-down (J17)', () => {
  // `npm run whole` asks with 5,000.
  const unknown = Array.from({ length: IS_WHOLE ? 5_000 : 500 }, (_, index) => `random-${index}`);

  it('lets hundreds of unknown key ids cause no download while the set is 29 seconds old, and one at 30', async () => {
    expect(await ask('first')).toBe('found');
    now = START + 29;
    const early = await Promise.all(unknown.map(ask));
    expect(new Set(early)).toEqual(new Set(['ERR_JWKS_NO_MATCHING_KEY']));
    expect(fetches).toBe(1);
    now = START + 30;
    await Promise.all(unknown.map(ask));
    expect(fetches).toBe(2);
  });

  it('never makes a token wait whose key is held', async () => {
    await ask('first');
    now = START + 30;
    let finish: (response: Response) => void = () => undefined;
    served = () => new Promise((resolve) => (finish = resolve));
    const unknown = ask('random');
    expect(await ask('first')).toBe('found');
    finish(Response.json({ keys: [first.jwk] }));
    expect(await unknown).toBe('ERR_JWKS_NO_MATCHING_KEY');
  });

  it('counts from a failed download as well, while keys are held', async () => {
    await ask('first');
    failsWith(500);
    now = START + 30;
    expect(await ask('second')).toBe('keys_unavailable jwks_status_500 30');
    now = START + 40;
    expect(await ask('second')).toBe('keys_unavailable jwks_status_500 20');
    expect(fetches).toBe(2);
    now = START + 60;
    serves(first.jwk, second.jwk);
    expect(await ask('second')).toBe('found');
  });

  it('ends at once when the clock steps back by more than its length', async () => {
    await ask('first');
    now = START - 3_600;
    serves(first.jwk, second.jwk);
    expect(await ask('second')).toBe('found');
  });
});

describe('without any keys (N26)', () => {
  it('the issuer is asked again after 1, 2, 4, 8, 16, 30, 30 seconds, however often callers come', async () => {
    failsWith(500);
    const attempts: number[] = [];
    for (now = START; now < START + 95; now++) {
      const before = fetches;
      // oxlint-disable-next-line no-await-in-loop -- one second after the other
      await Promise.all([ask('first'), ask('second')]);
      if (fetches > before) attempts.push(now - START);
    }
    expect(attempts).toEqual([0, 1, 3, 7, 15, 31, 61, 91]);
  });

  it('the first that come end the outage, and the pause is the cool-down again', async () => {
    failsWith(500);
    await ask('first');
    serves(first.jwk);
    now = START + 1;
    expect(await ask('first')).toBe('found');
    now = START + 30;
    expect([await ask('second'), fetches]).toEqual(['ERR_JWKS_NO_MATCHING_KEY', 2]);
  });
});

describe('an issuer that asks to be left alone (N29)', () => {
  const busy = (retryAfter: string): void => {
    served = async () => new Response('', { status: 429, headers: { 'Retry-After': retryAfter } });
  };

  it.each([
    ['120', 120],
    ['86400', 300],
    ['5', 30],
  ])('for %s seconds is, for %d', async (retryAfter, seconds) => {
    await ask('first');
    busy(retryAfter);
    now = START + 30;
    expect(await ask('second')).toBe(`keys_unavailable jwks_status_429 ${seconds}`);
    now = START + 30 + seconds - 1;
    expect([await ask('second'), fetches]).toEqual(['keys_unavailable jwks_status_429 1', 2]);
    now += 1;
    await ask('second');
    expect(fetches).toBe(3);
    expect(await ask('first')).toBe('found');
  });

  it('is asked again after 30 seconds while no keys are held: nobody can sign in meanwhile', async () => {
    busy('300');
    expect(await ask('first')).toBe('keys_unavailable jwks_status_429 30');
    serves(first.jwk);
    now = START + 29;
    expect([await ask('first'), fetches]).toEqual(['keys_unavailable jwks_status_429 1', 1]);
    now = START + 30;
    expect(await ask('first')).toBe('found');
  });

  it('is asked again after 30 seconds also when the keys grew too old during its pause', async () => {
    await ask('first');
    busy('300');
    now = START + 4_190;
    await ask('second');
    serves(first.jwk);
    now = START + 4_199;
    expect(await ask('second')).toBe('keys_unavailable jwks_status_429 291');
    now = START + 4_219;
    expect(await ask('first')).toBe('keys_unavailable jwks_status_429 1');
    now = START + 4_220;
    expect(await ask('first')).toBe('found');
  });
});

it('without keys the service is not ready', () => {
  expect(keySet.problem).toMatchObject({ code: 'keys_unavailable', reason: 'jwks_not_fetched' });
});

describe('a watched set', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    keySet.watch();
  });
  afterEach(() => {
    keySet.onApplicationShutdown();
    jest.useRealTimers();
  });

  /** One look of the timer, and what it began. */
  async function look(epochSeconds: number): Promise<void> {
    now = epochSeconds;
    jest.advanceTimersByTime(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }

  const failing = (reason: string, more: object = {}): unknown => [
    'warn',
    {
      msg: 'the keys of access tokens cannot be fetched; trying again',
      host: 'idp.example.com',
      reason,
      ...more,
    },
  ];
  const THERE = ['log', { msg: 'the keys of access tokens are there' }];
  const TOO_OLD = [
    'warn',
    { msg: 'the keys of access tokens are too old to use; not ready', reason: 'jwks_expired' },
  ];

  it('is there before a caller, and is fetched again from ten minutes on without one', async () => {
    await look(START + 1);
    expect([keySet.problem, fetches]).toEqual([null, 1]);
    await look(START + 599);
    expect(fetches).toBe(1);
    await look(START + 600);
    expect(fetches).toBe(2);
  });

  it('says in the log when downloads fail, when they fail otherwise, and when they succeed again', async () => {
    await look(START + 1);
    for (const [index, status] of [500, 500, 503, 200, 500].entries()) {
      if (status === 200) serves(first.jwk);
      else failsWith(status);
      // oxlint-disable-next-line no-await-in-loop -- one download after the other
      await look(START + 600 * (index + 1));
    }
    expect(logged).toEqual([
      failing('jwks_status_500'),
      failing('jwks_status_503'),
      THERE,
      failing('jwks_status_500'),
    ]);
  });

  it('says in the log when its keys are too old', async () => {
    await look(START + 1);
    failsWith(503);
    for (const seconds of [600, 700, 4_199]) {
      // oxlint-disable-next-line no-await-in-loop -- one look after the other
      await look(START + seconds);
    }
    expect(keySet.problem).toBeNull();
    await look(START + 4_200);
    await look(START + 4_300);
    expect(keySet.problem).toMatchObject({ code: 'keys_unavailable', reason: 'jwks_status_503' });
    serves(first.jwk);
    await look(START + 4_400);
    expect(keySet.problem).toBeNull();
    expect(logged).toEqual([failing('jwks_status_503'), TOO_OLD, THERE]);
  });

  it.each([
    ['ENOTFOUND', {}],
    ['CERT_HAS_EXPIRED', { todo: expect.stringContaining('NODE_EXTRA_CA_CERTS') }],
    ['SELF_SIGNED_CERT_IN_CHAIN', { todo: expect.stringContaining('NODE_EXTRA_CA_CERTS') }],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', { todo: expect.stringContaining('NODE_EXTRA_CA_CERTS') }],
  ])('names the cause %s of an issuer that cannot be reached', async (code, more) => {
    await look(START + 1);
    served = () =>
      Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error(), { code }) }));
    await look(START + 600);
    expect(logged).toEqual([failing('jwks_unreachable', { code, ...more })]);
  });

  it('fetches nothing any more after the end of the application', async () => {
    await look(START + 1);
    keySet.onApplicationShutdown();
    await look(START + 1_000);
    expect(fetches).toBe(1);
  });
});

it('a download has 5 seconds', async () => {
  const limit = jest.spyOn(AbortSignal, 'timeout');
  await ask('first');
  expect(limit.mock.calls).toEqual([[5_000]]);
  limit.mockRestore();
});

describe('a rotation', () => {
  it('is followed by the first token with the new key, after the cool-down', async () => {
    await ask('first');
    serves(first.jwk, second.jwk);
    now = START + 5;
    expect(await ask('second')).toBe('ERR_JWKS_NO_MATCHING_KEY');
    now = START + 31;
    expect(await ask('second')).toBe('found');
    expect(fetches).toBe(2);
  });

  it('drops a withdrawn key by the background refresh after ten minutes', async () => {
    await ask('first');
    serves(second.jwk);
    now = START + 600;
    expect(await ask('first')).toBe('found');
    expect(await ask('second')).toBe('found');
    expect(await ask('first')).toBe('ERR_JWKS_NO_MATCHING_KEY');
  });
});

describe('an issuer that does not answer', () => {
  it('is a 503 only for tokens whose key is not held (J50)', async () => {
    await ask('first');
    failsWith(503);
    now = START + 40;
    expect(await ask('second')).toBe('keys_unavailable jwks_status_503 30');
    expect(await ask('first')).toBe('found');
  });

  it('leaves the last good keys in force for 70 minutes, no longer', async () => {
    await ask('first');
    failsWith(500);
    now = START + 4_199;
    expect(await ask('first')).toBe('found');
    await ask('unknown, so that it waits for the background download');
    now = START + 4_230;
    expect(await ask('first')).toBe('keys_unavailable jwks_status_500 2');
  });

  it('cannot take good keys away with an empty set', async () => {
    await ask('first');
    serves();
    now = START + 40;
    expect(await ask('second')).toBe('keys_unavailable jwks_without_usable_key 30');
    expect(await ask('first')).toBe('found');
  });
});

describe('a token without a key id (J16)', () => {
  it('finds the only key of its kind; of two that fit the verifier tries each', async () => {
    serves(first.jwk, rsaKey('rsa').jwk);
    expect(await ask(undefined)).toBe('found');
    serves(first.jwk, second.jwk);
    now = START + 600;
    await ask('second');
    await ask('none');
    expect(await ask(undefined)).toBe('ERR_JWKS_MULTIPLE_MATCHING_KEYS');
  });
});

it('a private key, a shared key and a key for encryption never verify (J47)', async () => {
  const leaked = withPrivatePart(second);
  serves(
    { ...leaked, kid: 'leaked' },
    { kty: 'oct', k: 'AAAA', kid: 'shared' },
    { ...first.jwk, use: 'enc' },
  );
  expect(await ask('first')).toBe('keys_unavailable jwks_without_usable_key 1');
});

function withPrivatePart(key: TestKey): Readonly<Record<string, unknown>> {
  return { ...key.privateKey.export({ format: 'jwk' }) };
}
