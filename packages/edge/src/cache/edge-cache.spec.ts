import { describe, expect, it } from '@jest/globals';
import { realpathSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { temporaryFolder } from '../../../../test/support/temporary-folder.js';
import { MANAGED_CACHE_POLICIES } from '../distribution/managed-policies.js';
import type { EdgeAnswer } from '../edge-answer.js';
import { headerOf } from '../header-list.js';
import { ObjectChanged, openObject } from '../origin/open-object.js';
import { EdgeCache, type CacheLookup } from './edge-cache.js';

const OPTIMIZED = MANAGED_CACHE_POLICIES.get('658327ea-f89d-4fab-a63d-7e88639e58f6');
const LIMITS = { totalBytes: 1_000_000, objectBytes: 100_000 };

/** An answer of an origin with a body in memory. */
function answer(status: number, text: string, headers: Readonly<Record<string, string>> = {}): EdgeAnswer {
  const described = {
    'Content-Length': String(text.length),
    ETag: '"1"',
    'Last-Modified': 'Fri, 20 Nov 2026 09:00:00 GMT',
    ...headers,
  };
  return { status, headers: Object.entries(described), body: { kind: 'text', text } };
}
const notModified = (headers: Readonly<Record<string, string>> = {}): EdgeAnswer => ({
  status: 304,
  headers: Object.entries(headers),
  body: { kind: 'empty' },
});

/** A cache before an origin that answers what the test says next and writes down how it was asked. */
function stage(limits = LIMITS) {
  let now = 1_795_000_000;
  const cache = new EdgeCache(limits, { nowEpochSeconds: () => now });
  const asked: IncomingHttpHeaders[] = [];
  const ask = async (
    next: EdgeAnswer | Promise<EdgeAnswer> | (() => Promise<EdgeAnswer>),
    headers: IncomingHttpHeaders = {},
    key = '/a',
  ) => {
    if (OPTIMIZED === undefined) throw new Error('CachingOptimized is built in');
    const lookup: CacheLookup = {
      request: { method: 'GET', headers },
      key: { text: key, addresses: [key] },
      behavior: { cachePolicy: OPTIMIZED, cachedMethods: new Set(['GET', 'HEAD']), compress: false },
      errorCachingMinTtlSeconds: () => 10,
      askOrigin: (more) => {
        asked.push(more);
        return typeof next === 'function' ? next() : Promise.resolve(next);
      },
    };
    const served = await cache.answer(lookup);
    return { ...served, text: textOf(served.answer) };
  };
  return { cache, asked, ask, move: (seconds: number) => (now += seconds) };
}

function textOf({ body }: EdgeAnswer): string | null {
  if (body.kind === 'bytes') return body.bytes.toString();
  return body.kind === 'text' ? body.text : null;
}

const NEVER = () => Promise.reject(new Error('the origin must not be asked'));

describe('a stale copy', () => {
  it('is asked about with both of its validators and takes over the headers of 304 (RFC 9111 3.2)', async () => {
    const { ask, asked, move } = stage();
    await ask(answer(200, 'old', { 'X-A': '1', 'Cache-Control': 'max-age=5' }));
    move(5);
    const refreshed = await ask(notModified({ 'X-A': '2', 'Cache-Control': 'max-age=60' }));
    expect(asked[1]).toEqual({
      'if-none-match': '"1"',
      'if-modified-since': 'Fri, 20 Nov 2026 09:00:00 GMT',
    });
    expect([refreshed.from, refreshed.text, headerOf(refreshed.answer.headers, 'X-A')]).toEqual([
      'RefreshHit',
      'old',
      '2',
    ]);
    move(59);
    expect((await ask(NEVER)).from).toBe('Hit');
  });

  it('answers in the place of a 5xx for the minimum time of errors, as old as it is', async () => {
    const { ask, move } = stage();
    await ask(answer(200, 'old', { 'Cache-Control': 'max-age=5' }));
    move(7);
    const kept = await ask(answer(503, 'down'));
    expect([kept.answer.status, kept.text, kept.from, kept.ageSeconds]).toEqual([200, 'old', 'Hit', 7]);
    move(9);
    expect((await ask(NEVER)).text).toBe('old');
    move(1);
    expect((await ask(answer(200, 'new'))).text).toBe('new');
  });

  it('does not answer in the place of a 4xx (R89)', async () => {
    const { ask, move } = stage();
    await ask(answer(200, 'old', { 'Cache-Control': 'max-age=5' }));
    move(5);
    expect((await ask(answer(403, 'denied'))).answer.status).toBe(403);
  });
});

describe('a copy that its origin lets serve when it is stale (R113, R114)', () => {
  it('is given at once under stale-while-revalidate, and the origin is asked once behind it', async () => {
    const { ask, asked, move } = stage();
    await ask(answer(200, 'old', { 'Cache-Control': 'max-age=5, stale-while-revalidate=10' }));
    move(6);
    const { promise, resolve } = Promise.withResolvers<EdgeAnswer>();
    const stale = [await ask(promise), await ask(NEVER)];
    expect(stale.map(({ from, text, ageSeconds }) => [from, text, ageSeconds])).toEqual([
      ['Hit', 'old', 6],
      ['Hit', 'old', 6],
    ]);
    expect(asked.length).toBe(2);
    resolve(answer(200, 'new', { 'Cache-Control': 'max-age=5' }));
    await new Promise((settled) => setImmediate(settled));
    expect((await ask(NEVER)).text).toBe('new');
  });

  it('waits for the origin once that time is over', async () => {
    const { ask, move } = stage();
    await ask(answer(200, 'old', { 'Cache-Control': 'max-age=5, stale-while-revalidate=10' }));
    move(15);
    expect((await ask(answer(200, 'new'))).text).toBe('new');
  });

  it('is whole behind a viewer who asked for a part of it', async () => {
    const { ask, move } = stage();
    await ask(answer(200, 'old', { 'Cache-Control': 'max-age=5, stale-while-revalidate=10' }));
    move(6);
    const part = await ask(answer(200, 'new'), { range: 'bytes=0-0' });
    await new Promise((settled) => setImmediate(settled));
    expect([part.answer.status, part.text, (await ask(NEVER)).text]).toEqual([206, 'o', 'new']);
  });

  it('does not fail a viewer when the origin fails behind it', async () => {
    const { ask, move } = stage();
    await ask(answer(200, 'old', { 'Cache-Control': 'max-age=5, stale-while-revalidate=10' }));
    move(6);
    expect((await ask(Promise.reject(new Error('gone')))).text).toBe('old');
    await new Promise((settled) => setImmediate(settled));
    expect((await ask(answer(503, 'down'))).text).toBe('old');
  });

  it('answers in the place of a 5xx as long as stale-if-error says, and no longer', async () => {
    const { ask, move } = stage();
    await ask(answer(200, 'old', { 'Cache-Control': 'max-age=5, stale-if-error=20' }));
    move(20);
    expect((await ask(answer(503, 'down'))).text).toBe('old');
    move(4);
    expect((await ask(NEVER)).text).toBe('old');
    move(1);
    expect((await ask(answer(503, 'down'))).answer.status).toBe(503);
  });

  it.each(['must-revalidate', 'proxy-revalidate', 's-maxage=5', 'stale-if-error=0'])(
    'does not answer in the place of a 5xx under %s',
    async (directive) => {
      const { ask, move } = stage();
      await ask(answer(200, 'old', { 'Cache-Control': `max-age=5, ${directive}` }));
      move(5);
      expect((await ask(answer(503, 'down'))).answer.status).toBe(503);
    },
  );
});

describe('what the origin says of age and length', () => {
  it('counts the Age of the answer on, and says it once', async () => {
    const { ask, move } = stage();
    const first = await ask(answer(200, 'one', { Age: '100', 'Cache-Control': 'max-age=200' }));
    move(7);
    const second = await ask(NEVER);
    expect(
      [first, second].map(({ ageSeconds, answer: { headers } }) => [ageSeconds, headerOf(headers, 'Age')]),
    ).toEqual([
      [100, undefined],
      [107, undefined],
    ]);
    move(93);
    expect((await ask(answer(200, 'two'))).text).toBe('two');
  });

  it('keeps the length of its body when a 304 names another', async () => {
    const { ask, move } = stage();
    await ask(answer(200, 'old', { 'Cache-Control': 'max-age=5' }));
    move(5);
    const { answer: refreshed } = await ask(notModified({ 'Content-Length': '0', 'X-A': '2' }));
    expect([headerOf(refreshed.headers, 'Content-Length'), headerOf(refreshed.headers, 'X-A')]).toEqual([
      '3',
      '2',
    ]);
  });

  it('takes over every line of a header that a 304 has twice', async () => {
    const { ask, move } = stage();
    await ask(answer(200, 'old', { 'Cache-Control': 'max-age=5', 'X-A': '0' }));
    move(5);
    const twice: EdgeAnswer = {
      ...notModified(),
      headers: [
        ['X-A', '1'],
        ['X-A', '2'],
      ],
    };
    const { answer: refreshed } = await ask(twice);
    expect(refreshed.headers.filter(([name]) => name === 'X-A')).toEqual(twice.headers);
  });

  it('begins anew with a 304 that has no Date', async () => {
    const { ask, move } = stage();
    const made = 'Wed, 18 Nov 2026 11:06:40 GMT';
    await ask(answer(200, 'old', { Date: made, 'Cache-Control': 'max-age=60' }));
    move(60);
    expect((await ask(notModified())).ageSeconds).toBeNull();
    move(59);
    expect((await ask(NEVER)).ageSeconds).toBe(59);
  });
});

describe('a copy with one validator', () => {
  it.each([
    ['ETag', { 'Last-Modified': '' }, { 'if-none-match': '"1"' }],
    ['Last-Modified', { ETag: '' }, { 'if-modified-since': 'Fri, 20 Nov 2026 09:00:00 GMT' }],
  ])('answers 304 by its %s alone', async (_which, without, condition) => {
    const { ask } = stage();
    const whole = answer(200, 'one', without);
    await ask({ ...whole, headers: whole.headers.filter(([, value]) => value !== '') });
    expect((await ask(NEVER, condition)).answer.status).toBe(304);
  });
});

describe('concurrent requests for one key', () => {
  it('ask the origin once', async () => {
    const { ask, asked } = stage();
    const { promise, resolve } = Promise.withResolvers<EdgeAnswer>();
    const all = [ask(promise), ask(NEVER), ask(NEVER)];
    resolve(answer(200, 'one'));
    const served = await Promise.all(all);
    expect(served.map(({ from, text }) => [from, text])).toEqual([
      ['Miss', 'one'],
      ['Hit', 'one'],
      ['Hit', 'one'],
    ]);
    expect(asked.length).toBe(1);
  });

  it('each ask for themselves what may not be kept', async () => {
    const { ask } = stage();
    const { promise, resolve } = Promise.withResolvers<EdgeAnswer>();
    const first = ask(promise);
    const second = ask(answer(403, 'yours'));
    resolve(answer(403, 'mine'));
    expect([(await first).text, (await second).text]).toEqual(['mine', 'yours']);
  });

  it('do not fail because the first one failed', async () => {
    const { ask } = stage();
    const { promise, reject } = Promise.withResolvers<EdgeAnswer>();
    const first = ask(promise).catch((error: unknown) => String(error));
    const second = ask(answer(200, 'fine'));
    reject(new Error('gone'));
    expect([await first, (await second).text]).toEqual(['Error: gone', 'fine']);
    expect((await ask(answer(200, 'again'))).from).toBe('Miss');
  });
});

describe('an invalidation', () => {
  it('removes the copies that it names and says how many', async () => {
    const { cache, ask } = stage();
    for (const key of ['/a', '/a?v=1', '/b']) await ask(answer(200, 'old'), {}, key);
    expect(cache.invalidate(['/a*'])).toBe(2);
    expect((await ask(answer(200, 'new'))).text).toBe('new');
    expect((await ask(NEVER, {}, '/b')).text).toBe('old');
  });

  it('reaches what is being fetched: that answer is sent and never kept, and nobody waits for it', async () => {
    const { cache, ask } = stage();
    const { promise, resolve } = Promise.withResolvers<EdgeAnswer>();
    const before = ask(promise);
    cache.invalidate(['/a']);
    const after = await ask(answer(200, 'new'));
    resolve(answer(200, 'old'));
    expect([(await before).text, after.text, (await ask(NEVER)).text]).toEqual(['old', 'new', 'new']);
  });
});

describe('E37: a file that changes while it is read into the cache', () => {
  const change = { shrinks: (path: string) => truncateSync(path, 10), vanishes: unlinkSync };
  it.each(Object.entries(change))('that %s becomes no answer and no copy', async (_how, spoil) => {
    const folder = realpathSync(temporaryFolder('cache'));
    const path = join(folder, 'a.bin');
    writeFileSync(path, Buffer.alloc(90_000));
    const { cache, ask } = stage();
    const changing = async (): Promise<EdgeAnswer> => {
      const object = await openObject(folder, ['a.bin']);
      if ('absent' in object) throw new Error(object.absent);
      spoil(path);
      return {
        status: 200,
        headers: [['Content-Length', '90000']],
        body: { kind: 'object', object, firstByte: 0, byteLength: 90_000 },
      };
    };
    await expect(ask(changing)).rejects.toThrow(ObjectChanged);
    expect(cache.usedBytes).toBe(0);
    expect((await ask(answer(200, 'new'))).text).toBe('new');
  });
});

describe('the memory of the cache', () => {
  it('never holds more than its limit, bodies that are being read included', async () => {
    const { cache, ask } = stage();
    for (let index = 0; index < 40; index += 1) {
      await ask(answer(200, 'x'.repeat(90_000)), {}, `/${index}`);
      expect(cache.usedBytes).toBeLessThanOrEqual(LIMITS.totalBytes);
    }
    expect(cache.usedBytes).toBeGreaterThan(LIMITS.totalBytes - 100_000);
  });

  it('counts what stands around a body, so that empty objects are bounded too', async () => {
    const { cache, ask } = stage();
    for (let index = 0; index < 2000; index += 1) await ask(answer(200, ''), {}, `/${index}`);
    expect(cache.usedBytes).toBeLessThanOrEqual(LIMITS.totalBytes);
    expect((await ask(answer(200, 'again'), {}, '/0')).from).toBe('Miss');
  });

  it('keeps nothing above the limit of an object', async () => {
    const { cache, ask } = stage();
    await ask(answer(200, 'x'.repeat(100_001)));
    expect(cache.usedBytes).toBe(0);
  });
});
