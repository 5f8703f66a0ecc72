import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { BoundedStore, limitAddresses } from './address-limit.js';
import type { Problem } from './problems/problem.js';

describe('the limit of an address', () => {
  /** Asks once, `nowMilliseconds` being what the clock shows; gives the seconds to wait, or null. */
  function limited(perMinute: number) {
    let nowMilliseconds = 0;
    const step = limitAddresses(
      perMinute,
      () => '203.0.113.7',
      () => nowMilliseconds,
    );
    return async (atSeconds: number): Promise<number | null> => {
      nowMilliseconds = atSeconds * 1000;
      const request = new IncomingMessage(new Socket());
      const error = await new Promise((resolve) => step(request, new ServerResponse(request), resolve));
      return error === undefined ? null : ((error as Problem).retryAfterSeconds ?? null);
    };
  }

  it('lets exactly so many through in the minute that begins with the first', async () => {
    const ask = limited(2);
    expect([await ask(0.5), await ask(1), await ask(1), await ask(60)]).toEqual([null, null, 60, 1]);
    expect([await ask(60.5), await ask(61), await ask(62)]).toEqual([null, null, 59]);
  });

  it('a caller who waits as long as Retry-After says is let through', async () => {
    const ask = limited(1);
    await ask(10);
    const seconds = (await ask(29.3)) ?? Number.NaN;
    expect(await ask(29.3 + seconds)).toBeNull();
  });
});

describe('the store of the limit', () => {
  it('remembers no more keys than it may, and forgets the ones not seen for long', () => {
    const store = new BoundedStore(60_000, 4, () => 0);
    for (const key of ['a', 'b', 'c', 'a', 'd', 'e', 'f']) {
      store.increment(key);
      expect(store.keys).toBeLessThanOrEqual(4);
    }
    expect([store.increment('f').totalHits, store.increment('b').totalHits]).toEqual([2, 1]);
  });

  it('takes 300,000 different keys in bounded memory', () => {
    const store = new BoundedStore(60_000, 100_000, () => 0);
    let most = 0;
    for (let index = 0; index < 300_000; index++) {
      store.increment(`key-${index}`);
      most = Math.max(most, store.keys);
    }
    expect(most).toBeLessThanOrEqual(100_000);
  });

  it('counts back and forgets a key when it is asked to', () => {
    const store = new BoundedStore(60_000, 100, () => 0);
    store.increment('a');
    store.increment('a');
    store.decrement('a');
    expect(store.increment('a').totalHits).toBe(2);
    store.resetKey('a');
    expect(store.increment('a').totalHits).toBe(1);
  });
});
