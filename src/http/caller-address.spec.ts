import { describe, expect, it } from '@jest/globals';
import { Socket } from 'node:net';
import { addressKey, callerAddress, trustOf, BoundedStore, limitAddresses } from './caller-address.js';
import { IncomingMessage, ServerResponse } from 'node:http';
import type { Problem } from './problems/problem.js';

describe('what an address is counted by (52)', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002::ffff', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.33', '64:ff9b:0:0::/64'],
    ['1:2:3:4:5:6:192.0.2.33', '1:2:3:4::/64'],
    [undefined, 'unknown'],
    ['', 'unknown'],
    ['not an address', 'unknown'],
  ])('%s: %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });
});

describe('the address of a caller', () => {
  const isTrusted = trustOf(['10.0.0.0/8', '2001:db8:f::/48']);
  const from = (remoteAddress: string, forwarded?: string) =>
    callerAddress(
      {
        socket: { remoteAddress } as Socket,
        headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
      },
      isTrusted,
    );

  it.each([
    ['the connection itself', '203.0.113.7', undefined, '203.0.113.7'],
    ['the connection itself, whatever a stranger writes', '203.0.113.7', '5.5.5.5', '203.0.113.7'],
    ['what a trusted proxy wrote last', '10.0.0.1', '198.51.100.1, 5.5.5.5', '5.5.5.5'],
    ['the last that is none of a trusted proxy', '10.0.0.1', '5.5.5.5, 10.0.0.2', '5.5.5.5'],
    ['without the port that a gateway wrote', '10.0.0.1', '5.5.5.5:1001', '5.5.5.5'],
    ['also where every proxy writes one', '10.0.0.1', '5.5.5.5:1001, 10.0.0.2:443', '5.5.5.5'],
    ['an IPv6 address in brackets with a port', '10.0.0.1', '[2001:db8::5]:1001', '2001:db8::5'],
    ['an IPv6 address in brackets alone', '10.0.0.1', '[2001:db8::5]', '2001:db8::5'],
    ['a trusted IPv6 proxy in brackets', '10.0.0.1', '5.5.5.5, [2001:db8:f::1]:443', '5.5.5.5'],
    ['an IPv6 address without a port', '10.0.0.1', '2001:db8::5', '2001:db8::5'],
    ['a proxy that writes nothing', '10.0.0.1', undefined, '10.0.0.1'],
  ])('is %s', (_what, remoteAddress, forwarded, address) => {
    expect(from(remoteAddress, forwarded)).toBe(address);
  });

  it('of what is no address counts as one unknown caller', () => {
    expect(addressKey(from('10.0.0.1', 'unknown'))).toBe('unknown');
  });

  it('is that of the connection where no proxy is trusted', () => {
    const request = {
      socket: { remoteAddress: '10.0.0.1' } as Socket,
      headers: { 'x-forwarded-for': '5.5.5.5' },
    };
    expect(callerAddress(request, trustOf([]))).toBe('10.0.0.1');
  });
});

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

  it('takes three times as many different keys as it may hold in bounded memory', () => {
    const store = new BoundedStore(60_000, 10_000, () => 0);
    let most = 0;
    for (let index = 0; index < 30_000; index++) {
      store.increment(`key-${index}`);
      most = Math.max(most, store.keys);
    }
    expect(most).toBeLessThanOrEqual(10_000);
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
