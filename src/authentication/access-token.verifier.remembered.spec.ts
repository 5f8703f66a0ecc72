import { Logger } from '@nestjs/common';
import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  AUDIENCE,
  claims,
  compactJws,
  ecKey,
  es256,
  ISSUER,
  NOW_EPOCH_SECONDS,
} from '../../test/support/token-issuer.js';
import { Problem } from '../http/problems/problem.js';
import { JwtVerifier, RememberedTokens, tokenHash } from './access-token.verifier.js';
import { RemoteKeySet } from './remote-key-set.js';

const first = ecKey('first');
const second = ecKey('second');
const RULES = {
  issuer: ISSUER,
  audience: AUDIENCE,
  algorithms: ['ES256'],
  viewerClaim: 'sub',
  groupsClaim: 'groups',
} as const;
/** Times of {@link RemoteKeySet}. */
const [COOL_DOWN, REFRESH, MAX_AGE] = [30, 600, 4_200];

let now: number;
let timeFault: Problem | null;
let served: () => Promise<Response>;
let lookUps: number;
/** What a check with the first key waits for once it has the key. */
let hold: Promise<void>;
let keySet: RemoteKeySet;
let verifier: JwtVerifier;

function serves(...keys: readonly Readonly<Record<string, unknown>>[]): void {
  served = async () => Response.json({ keys });
}

beforeEach(async () => {
  for (const level of ['log', 'warn'] as const) {
    jest.spyOn(Logger.prototype, level).mockImplementation(() => undefined);
  }
  now = NOW_EPOCH_SECONDS;
  timeFault = null;
  lookUps = 0;
  hold = Promise.resolve();
  serves(first.jwk);
  const clock = { nowEpochSeconds: () => now };
  const trustedClock = {
    nowEpochSeconds: () => {
      if (timeFault !== null) throw timeFault;
      return now;
    },
  };
  keySet = new RemoteKeySet('https://idp.example.com/keys', clock, () => served());
  const counted = {
    get version() {
      return keySet.version;
    },
    keyFor: async (header: Parameters<RemoteKeySet['keyFor']>[0]) => {
      lookUps += 1;
      const key = await keySet.keyFor(header);
      if (header.kid === 'first') await hold;
      return key;
    },
  };
  verifier = new JwtVerifier(RULES, counted, trustedClock);
  // The keys are there before the first caller, as after a start.
  await keySet.keyFor({ alg: 'ES256', kid: 'first' });
});

function signedBy(key: typeof first, changes: Readonly<Record<string, unknown>> = {}): string {
  const kid = key === first ? 'first' : 'second';
  return compactJws({ alg: 'ES256', kid }, claims({ exp: now + 9_000, ...changes }), es256(key.privateKey));
}

/** The id of the viewer, or the code of the refusal. */
async function ask(token: string): Promise<string> {
  try {
    return (await verifier.verify(token)).id;
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
}

describe('a token that was found genuine', () => {
  it('is not checked again, and gives the same viewer', async () => {
    const token = signedBy(first, { groups: ['a', 'b'] });
    const viewer = await verifier.verify(token);
    expect(viewer).toEqual({ id: 'u1', groups: ['a', 'b'] });
    expect(await verifier.verify(token)).toEqual(viewer);
    expect(lookUps).toBe(1);
  });

  it('gives a viewer that no caller can change for the next', async () => {
    const viewer = await verifier.verify(signedBy(first, { groups: ['a'] }));
    expect([Object.isFrozen(viewer), Object.isFrozen(viewer.groups)]).toEqual([true, true]);
  });

  it('lends nothing to a token of the same claims with another signature', async () => {
    const token = signedBy(first);
    expect(await ask(token)).toBe('u1');
    const [header, payload] = token.split('.');
    const forged = signedBy(first, { sub: 'u2' }).split('.')[2];
    expect(await ask(`${header}.${payload}.${forged}`)).toBe('token_invalid');
  });

  it('is refused from the moment on that its end has passed by more than the leeway', async () => {
    const token = signedBy(first, { exp: now + 60 });
    expect(await ask(token)).toBe('u1');
    now += 89;
    expect(await ask(token)).toBe('u1');
    now += 1;
    expect(await ask(token)).toBe('token_expired');
  });

  it('is refused where the clock has gone back to before its beginning', async () => {
    const token = signedBy(first, { nbf: now });
    expect(await ask(token)).toBe('u1');
    now -= 31;
    expect(await ask(token)).toBe('token_not_yet_valid');
  });

  it('is refused while the time cannot be believed', async () => {
    const token = signedBy(first);
    expect(await ask(token)).toBe('u1');
    timeFault = new Problem('clock_untrusted');
    expect(await ask(token)).toBe('clock_untrusted');
  });

  it('is asked for its signature again after a refusal was not remembered', async () => {
    const token = signedBy(second);
    expect(await ask(token)).toBe('token_invalid');
    now += COOL_DOWN;
    serves(first.jwk, second.jwk);
    expect(await ask(token)).toBe('u1');
  });
});

describe('a key that the issuer has withdrawn', () => {
  it('takes every token with it, as soon as the keys have been fetched again', async () => {
    const token = signedBy(first);
    expect(await ask(token)).toBe('u1');
    serves(second.jwk);
    now += COOL_DOWN;
    // A token of the new key makes the keys be fetched.
    expect(await ask(signedBy(second, { sub: 'u2' }))).toBe('u2');
    expect(await ask(token)).toBe('token_invalid');
  });

  it('takes them too when another key has its id', async () => {
    const token = signedBy(first);
    expect(await ask(token)).toBe('u1');
    serves({ ...second.jwk, kid: 'first' });
    now += REFRESH;
    keySet.watch();
    await new Promise((resolve) => setImmediate(resolve));
    keySet.onApplicationShutdown();
    expect(await ask(token)).toBe('token_invalid');
  });

  it('is not outlived by a token whose check had begun before', async () => {
    const token = signedBy(first);
    const { promise, resolve: letGo } = Promise.withResolvers<void>();
    hold = promise;
    const checked = ask(token);
    await new Promise((resolve) => setImmediate(resolve));
    serves(second.jwk);
    now += COOL_DOWN;
    expect(await ask(signedBy(second, { sub: 'u2' }))).toBe('u2');
    letGo();
    expect(await checked).toBe('u1');
    expect(await ask(token)).toBe('token_invalid');
  });
});

describe('keys of the issuer', () => {
  it('that were fetched again and are the same leave every token known', async () => {
    const token = signedBy(first);
    await ask(token);
    now += COOL_DOWN;
    expect(await ask(signedBy(second))).toBe('token_invalid');
    lookUps = 0;
    expect(await ask(token)).toBe('u1');
    expect(lookUps).toBe(0);
  });

  it('that are too old to be used let no token pass, remembered or not', async () => {
    const token = signedBy(first);
    await ask(token);
    served = async () => new Response('', { status: 500 });
    now += MAX_AGE;
    expect(await ask(token)).toBe('keys_unavailable');
  });
});

describe('the memory of what is remembered', () => {
  const genuine = {
    viewer: { id: 'u1', groups: [] },
    expiresAtEpochSeconds: 1,
    notBeforeEpochSeconds: null,
    keysVersion: 1,
  };

  it('is bounded: the token that was not used for longest goes first', () => {
    const tokens = new RememberedTokens(3 * (256 + 1_000));
    for (const key of ['a', 'b', 'c']) tokens.set(key, genuine, 1_000);
    tokens.get('a');
    tokens.set('d', genuine, 1_000);
    expect(['a', 'b', 'c', 'd'].map((key) => tokens.get(key) !== null)).toEqual([true, false, true, true]);
  });

  it('is bounded in bytes: one long token takes the place of several short ones', () => {
    const tokens = new RememberedTokens(10_000);
    for (const key of ['a', 'b', 'c']) tokens.set(key, genuine, 1_000);
    tokens.set('long', genuine, 8_192);
    expect(['a', 'b', 'c', 'long'].map((key) => tokens.get(key) !== null)).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });

  it('counts a token once however often it is set', () => {
    const tokens = new RememberedTokens(2 * (256 + 1_000));
    for (let time = 0; time < 10; time += 1) tokens.set('a', genuine, 1_000);
    tokens.set('b', genuine, 1_000);
    expect(tokens.size).toBe(2);
  });

  it('holds no token, only hashes of them', () => {
    // printf header.payload.signature | openssl dgst -sha256 -binary | base64
    expect(tokenHash('header.payload.signature')).toBe('JW0E205eSsMIdR7QiFtyK3WGMFZ8U6cSXtn70Gjlw/Y=');
  });
});
