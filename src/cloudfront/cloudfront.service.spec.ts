import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { inspect } from 'node:util';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { Request, Response } from 'express';
import * as fc from 'fast-check';
import { getSignedUrl } from '@aws-sdk/cloudfront-signer';
import { CookieJar } from 'tough-cookie';
import { ecKeyText, rsaKeyText } from '../../test/support/key-texts.js';
import { signatureVectors } from '../../test/support/signature-vectors.js';
import { IS_WHOLE } from '../../test/support/whole.js';
import { CloudFrontOptionsError, CloudFrontService, type CloudFrontOptions } from './cloudfront.service.js';
import { readPrefix, type Prefix } from './prefix.js';
import { fromCloudFrontBase64 } from './policy.js';

const NOW = 1_795_158_000;
const API = 'https://api.media.example.com';
const CDN = 'https://cdn.media.example.com';
const alice = { id: 'alice' };
const bob = { id: 'bob' };
const ecText = ecKeyText();
// printf 'media.example.com||/courses/algebra' | openssl dgst -sha256 -binary | head -c8 | base64
const HELD_ALGEBRA = '__Host-edgepass-held-RK2DblFFF8o';
const services: CloudFrontService[] = [];

afterAll(async () => {
  await Promise.all(services.map((service) => service.close()));
});

function read(text: string): Prefix {
  const result = readPrefix(text);
  if ('fault' in result) throw new Error(result.detail);
  return result.prefix;
}

function start(options: Partial<CloudFrontOptions> = {}): CloudFrontService {
  const service = new CloudFrontService({
    cloudFrontUrl: CDN,
    publicUrl: API,
    appOrigins: ['https://app.example.com'],
    keyPairId: 'K2JCJMDEHXQW5F',
    privateKey: ecText,
    clock: { nowEpochSeconds: () => NOW },
    ...options,
  });
  services.push(service);
  return service;
}

/** A browser at the API: sends what tough-cookie holds, and keeps what the answer sets. */
class Browser {
  readonly jar = new CookieJar();

  async call(
    act: (response: Response, request: Request) => void,
    path = '/grants',
  ): Promise<readonly string[]> {
    const request = new IncomingMessage(new Socket());
    const cookie = await this.jar.getCookieString(API + path);
    if (cookie !== '') request.headers.cookie = cookie;
    const response = new ServerResponse(request);
    act(response as unknown as Response, request as unknown as Request);
    const header = response.getHeader('Set-Cookie') ?? [];
    const lines = Array.isArray(header) ? header : [String(header)];
    for (const line of lines) await this.jar.setCookie(line, API + path);
    return lines;
  }

  /** Calls that are sent before the answer to any of them arrives. */
  async crossing(acts: readonly ((response: Response) => void)[], path = '/grants'): Promise<void> {
    const cookie = await this.jar.getCookieString(API + path);
    for (const act of acts) {
      const request = new IncomingMessage(new Socket());
      if (cookie !== '') request.headers.cookie = cookie;
      const response = new ServerResponse(request);
      act(response as unknown as Response);
      for (const line of response.getHeader('Set-Cookie') as string[])
        await this.jar.setCookie(line, API + path);
    }
  }

  /** Every cookie that has not been cleared; tough-cookie keeps the others until somebody asks for them. */
  async living(): Promise<readonly string[]> {
    const { cookies } = await this.jar.serialize();
    return cookies
      .filter((cookie) => cookie.maxAge !== 0)
      .map((cookie) => `${String(cookie.key)} ${String(cookie.path)}`);
  }

  /** The CloudFront cookies that go with a request to the distribution, several of one name too. */
  async cloudFrontCookiesAt(path: string): Promise<readonly { name: string; value: string }[]> {
    const cookies = await this.jar.getCookies(`${CDN}/${path}`);
    return cookies
      .filter((cookie) => cookie.key.startsWith('CloudFront-'))
      .map((cookie) => ({ name: cookie.key, value: cookie.value }));
  }

  /** The Resource that the cookies of a path open, or null. Throws when it is not exactly one set (R44). */
  async opens(path: string): Promise<string | null> {
    const cookies = await this.cloudFrontCookiesAt(path);
    const names = cookies.map(({ name }) => name).toSorted();
    const policy = cookies.find(({ name }) => name === 'CloudFront-Policy');
    if (policy === undefined && names.length === 0) return null;
    if (
      policy === undefined ||
      names.join() !== 'CloudFront-Key-Pair-Id,CloudFront-Policy,CloudFront-Signature'
    ) {
      throw new Error(`${path} carries ${names.join()}`);
    }
    const read = JSON.parse(fromCloudFrontBase64(policy.value).toString()) as {
      Statement: { Resource: string }[];
    };
    return read.Statement[0]?.Resource ?? null;
  }
}

async function grant(
  browser: Browser,
  service: CloudFrontService,
  prefix: string,
  viewer?: { id: string },
  seconds = 900,
): Promise<readonly string[]> {
  const set = await service.prepare(prefix, NOW + seconds);
  return browser.call((response) => service.write(response, set, viewer));
}

describe('prepare', () => {
  it('gives the cookie set of a prefix and an end', async () => {
    const [vector] = signatureVectors.policies;
    const service = start({
      cloudFrontUrl: 'https://cdn.example.com',
      publicUrl: 'https://api.example.com',
      privateKey: rsaKeyText,
    });
    await expect(service.prepare('courses/algebra', 1_795_158_900)).resolves.toEqual({
      prefix: 'courses/algebra',
      path: '/courses/algebra',
      resource: 'https://cdn.example.com/courses/algebra/*',
      expiresAtEpochSeconds: 1_795_158_900,
      keyPairId: 'K2JCJMDEHXQW5F',
      hashAlgorithm: 'SHA1',
      policyText: vector?.text,
      signature: vector?.rsa.SHA1,
    });
  });

  it('takes a Date, rounded down to the second so that nothing outlives it', async () => {
    const set = await start().prepare('a', new Date((NOW + 900) * 1000 + 999));
    expect(set.expiresAtEpochSeconds).toBe(NOW + 900);
  });

  it.each([
    ['a leading slash', '/courses', NOW + 900],
    ['a wildcard', 'courses/*', NOW + 900],
    ['nothing', '', NOW + 900],
    ['milliseconds', 'a', (NOW + 900) * 1000],
    ['a fraction of a second', 'a', NOW + 0.5],
    ['no date', 'a', new Date(Number.NaN)],
    ['a date far away', 'a', new Date(8.64e15)],
  ])('refuses %s as TypeError', async (_, prefix, expiresAt) => {
    await expect(start().prepare(prefix, expiresAt)).rejects.toThrow(TypeError);
  });

  it('says which character of a prefix it refuses, and what to write', async () => {
    await expect(start().prepare('courses/algebra/*', NOW + 60)).rejects.toThrow(
      'expected the name of a folder, such as courses/algebra, or /. No * at the end: edgepass adds it. Write "courses/algebra".',
    );
  });

  it('gives name, Path and Resource of a folder in another script', async () => {
    expect(await start().prepare('선형 대수', NOW + 60)).toMatchObject({
      prefix: '선형 대수',
      path: '/%EC%84%A0%ED%98%95%20%EB%8C%80%EC%88%98',
      resource: `${CDN}/%EC%84%A0%ED%98%95%20%EB%8C%80%EC%88%98/*`,
    });
  });

  it('refuses an end that is not in the future', async () => {
    await expect(start().prepare('a', NOW)).rejects.toThrow(RangeError);
  });

  it('knows the Resource before anything is signed', () => {
    expect(start().resourceFor(read('courses/algebra'))).toBe(`${CDN}/courses/algebra/*`);
    expect(start().resourceFor(read('/'))).toBe(`${CDN}/*`);
  });

  it('refuses a text that is no prefix, and says what to write', async () => {
    await expect(start().prepare('courses/', NOW + 900)).rejects.toThrow(
      'expected the name of a folder, such as courses/algebra, or /. No / at the end. Write "courses".',
    );
  });
});

describe('write', () => {
  it('appends the five lines of the set, then our own cookie for it, and nothing else (C06)', async () => {
    const lines = await grant(new Browser(), start(), 'courses/algebra', alice);
    expect(lines.map((line) => line.split('=')[0])).toEqual([
      'CloudFront-Policy',
      'CloudFront-Signature',
      'CloudFront-Key-Pair-Id',
      'CloudFront-Hash-Algorithm',
      'CloudFront-Expires',
      HELD_ALGEBRA,
    ]);
    expect(lines[5]).toBe(
      `${HELD_ALGEBRA}=1|${NOW}|${NOW + 900}|K9gGyX8OAK8|media.example.com||/courses/algebra; Path=/; Max-Age=900; HttpOnly; Secure; SameSite=Lax`,
    );
  });

  it('keeps what the host has already set', async () => {
    const service = start();
    const set = await service.prepare('a', NOW + 900);
    const lines = await new Browser().call((response) => {
      response.setHeader('Set-Cookie', 'session=1');
      service.write(response, set);
    });
    expect(lines).toHaveLength(7);
    expect(lines[0]).toBe('session=1');
  });

  it('C08 two siblings live side by side', async () => {
    const [browser, service] = [new Browser(), start()];
    await grant(browser, service, 'private/a', alice);
    await grant(browser, service, 'private/a_b', alice);
    await expect(browser.opens('private/a/1.svg')).resolves.toBe(`${CDN}/private/a/*`);
    await expect(browser.opens('private/a_b/1.svg')).resolves.toBe(`${CDN}/private/a_b/*`);
  });

  it('a wider grant clears the ones below it', async () => {
    const [browser, service] = [new Browser(), start()];
    await grant(browser, service, 'courses/algebra/lesson-1', alice);
    const lines = await grant(browser, service, 'courses/algebra', alice);
    expect(lines.slice(6, -1).map((line) => line.split('; ')[2])).toEqual(
      Array(4).fill('Path=/courses/algebra/lesson-1'),
    );
    expect(lines.at(-1)).toMatch(/^__Host-edgepass-held-.{11}=; Path=\/; Max-Age=0;/);
    await expect(browser.opens('courses/algebra/lesson-1/1.svg')).resolves.toBe(`${CDN}/courses/algebra/*`);
  });

  it('a narrower grant clears the wider one around it', async () => {
    const [browser, service] = [new Browser(), start()];
    await grant(browser, service, 'courses', alice);
    await grant(browser, service, 'courses/algebra', alice);
    await expect(browser.opens('courses/algebra/1.svg')).resolves.toBe(`${CDN}/courses/algebra/*`);
    await expect(browser.opens('courses/geometry/1.svg')).resolves.toBeNull();
  });

  it('another viewer on the same browser clears what the first one held', async () => {
    const [browser, service] = [new Browser(), start()];
    await grant(browser, service, 'users/alice', alice);
    await grant(browser, service, 'users/bob', bob);
    await expect(browser.opens('users/alice/1.svg')).resolves.toBeNull();
    await expect(browser.opens('users/bob/1.svg')).resolves.toBe(`${CDN}/users/bob/*`);
  });

  it('two grants in one answer know of each other', async () => {
    const [browser, service] = [new Browser(), start()];
    const [inner, outer, other] = await Promise.all(
      ['a/b', 'a', 'c'].map((prefix) => service.prepare(prefix, NOW + 900)),
    );
    await browser.call((response) => {
      for (const set of [inner, outer, other]) if (set) service.write(response, set, alice);
    });
    await expect(browser.opens('a/b/1.svg')).resolves.toBe(`${CDN}/a/*`);
    await expect(browser.opens('c/1.svg')).resolves.toBe(`${CDN}/c/*`);
    await browser.call((_, request) => {
      expect(service.held(request, alice).own.map(({ prefix }) => prefix)).toEqual(['a', 'c']);
    });
  });

  it('C15 hundreds of grants leave a request header of constant size', async () => {
    const [browser, service] = [new Browser(), start()];
    for (let index = 0; index < 200; index += 1) {
      await grant(browser, service, `courses/c${String(index % 50).padStart(2, '0')}`, alice, 100 + index);
    }
    const cookie = await browser.jar.getCookieString(`${API}/grants`);
    const each = `; ${HELD_ALGEBRA}=1|${NOW}|1795158100|K9gGyX8OAK8|media.example.com||/courses/c00`;
    expect(cookie.length).toBe(20 * each.length - '; '.length);
    await expect(browser.living()).resolves.toHaveLength(20 * 4);
  });

  it('with cookies.path root the newest grant replaces the one before', async () => {
    const [browser, service] = [new Browser(), start({ cookies: { path: 'root' } })];
    await grant(browser, service, 'courses/algebra', alice);
    await grant(browser, service, 'users/alice', alice);
    await expect(browser.opens('courses/algebra/1.svg')).resolves.toBe(`${CDN}/users/alice/*`);
    await expect(browser.opens('anything')).resolves.toBe(`${CDN}/users/alice/*`);
  });

  it('with cookies.path root clears what the browser still holds by prefix', async () => {
    const browser = new Browser();
    await grant(browser, start(), 'courses/algebra', alice);
    await grant(browser, start({ cookies: { path: 'root' } }), 'users/alice', alice);
    await expect(browser.opens('courses/algebra/1.svg')).resolves.toBe(`${CDN}/users/alice/*`);
  });

  it('whatever is granted to whomever in which order: no request carries two cookies of one name (R44)', async () => {
    const service = start();
    const prefixes = ['/', 'a', 'a/b', 'a/b/c', 'ab', 'b', 'b/a'];
    const step = fc.record({
      prefix: fc.constantFrom(...prefixes),
      viewer: fc.constantFrom(alice, bob),
      clears: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const browser = new Browser();
        for (const { prefix, viewer, clears } of steps) {
          if (clears) await browser.call((response) => service.clear(response, [prefix]));
          else await grant(browser, service, prefix, viewer);
          const below = prefix === '/' ? 'x' : `${prefix}/x`;
          // After a clear a wider grant may still cover it; the cleared one never does.
          expect((await browser.opens(below)) === service.resourceFor(read(prefix))).toBe(!clears);
          for (const path of ['x', 'a/x', 'a/b/x', 'a/b/c/x', 'ab/x', 'b/x', 'b/a/x'])
            await browser.opens(path);
        }
      }),
      { numRuns: IS_WHOLE ? 60 : 20 },
    );
  });
});

describe('held and widerHeld', () => {
  async function askAfter(
    prefixes: readonly string[],
    ask: (service: CloudFrontService, request: Request) => unknown,
    options: Partial<CloudFrontOptions> = {},
  ): Promise<unknown> {
    const [browser, service] = [new Browser(), start(options)];
    for (const prefix of prefixes) await grant(browser, service, prefix, alice);
    let answer: unknown;
    await browser.call((_, request) => {
      answer = ask(service, request);
    });
    return answer;
  }

  it('gives the grants of the viewer, oldest first', async () => {
    await expect(askAfter(['a', 'b'], (service, request) => service.held(request, alice))).resolves.toEqual({
      own: [
        { prefix: 'a', domain: 'media.example.com', expiresAtEpochSeconds: NOW + 900 },
        { prefix: 'b', domain: 'media.example.com', expiresAtEpochSeconds: NOW + 900 },
      ],
      foreign: [],
    });
  });

  it('reads anew what has changed since it was asked last: the cookies, and the time', async () => {
    let now = NOW;
    const [browser, service] = [new Browser(), start({ clock: { nowEpochSeconds: () => now } })];
    await grant(browser, service, 'a', alice);
    await browser.call((_, request) => {
      const own = () => service.held(request, alice).own.map(({ prefix }) => prefix);
      expect(own()).toEqual(['a']);
      now = NOW + 900;
      expect(own()).toEqual([]);
      now = NOW;
      request.headers.cookie = '';
      expect(own()).toEqual([]);
    });
  });

  it('gives the grants of another viewer as foreign', async () => {
    await expect(askAfter(['a'], (service, request) => service.held(request, bob))).resolves.toEqual({
      own: [],
      foreign: [{ prefix: 'a', domain: 'media.example.com', expiresAtEpochSeconds: NOW + 900 }],
    });
  });

  it.each([
    [
      'below it',
      'courses/algebra',
      { prefix: 'courses', domain: 'media.example.com', expiresAtEpochSeconds: NOW + 900 },
    ],
    ['the very same', 'courses', null],
    ['beside it', 'coursesx', null],
    ['above it', '/', null],
  ])('finds the wider grant for a prefix %s', async (_, prefix, expected) => {
    await expect(
      askAfter(['courses'], (service, request) => service.widerHeld(request, prefix, alice)),
    ).resolves.toEqual(expected);
  });

  it('offers nobody the wider grant of somebody else', async () => {
    await expect(
      askAfter(['courses'], (service, request) => service.widerHeld(request, 'courses/algebra', bob)),
    ).resolves.toBeNull();
  });

  it('finds no wider grant with cookies.path root', async () => {
    await expect(
      askAfter(['a'], (service, request) => service.widerHeld(request, 'a/b', alice), {
        cookies: { path: 'root' },
      }),
    ).resolves.toBeNull();
  });
});

describe('clear and tidy', () => {
  it('clears every grant and our own cookies', async () => {
    const [browser, service] = [new Browser(), start()];
    await grant(browser, service, 'courses/algebra', alice);
    await grant(browser, service, 'b', alice);
    const lines = await browser.call((response) => service.clear(response));
    expect(lines).toHaveLength(2 * 5);
    expect(lines[4]).toBe(`${HELD_ALGEBRA}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax`);
    await expect(browser.living()).resolves.toEqual([]);
  });

  it('of a browser that holds nothing clears nothing', async () => {
    await expect(new Browser().call((response) => start().clear(response))).resolves.toEqual([]);
  });

  it('two calls for one answer add up, and clear nothing twice', async () => {
    const [browser, service] = [new Browser(), start()];
    await grant(browser, service, 'a', alice);
    const lines = await browser.call((response) => {
      service.clear(response);
      service.clear(response, ['a', 'b']);
    });
    expect(lines.filter((line) => line.includes('Path=/b;'))).toHaveLength(4);
    await expect(browser.living()).resolves.toEqual([]);
  });

  it('two answers that cross leave both grants on record: neither was in the request of the other', async () => {
    const [browser, service] = [new Browser(), start()];
    const sets = await Promise.all(['a', 'b'].map((prefix) => service.prepare(prefix, NOW + 900)));
    await browser.crossing(sets.map((set) => (response) => service.write(response, set, alice)));
    await browser.call((response) => service.clear(response));
    await expect(browser.living()).resolves.toEqual([]);
  });

  it('two nested grants that cross end with the wider one after the next answer', async () => {
    const [browser, service] = [new Browser(), start()];
    const sets = await Promise.all(['a/b', 'a'].map((prefix) => service.prepare(prefix, NOW + 900)));
    await browser.crossing(sets.map((set) => (response) => service.write(response, set, alice)));
    await expect(browser.opens('a/b/1.svg')).rejects.toThrow('a/b/1.svg carries');
    await browser.call((response) => service.tidy(response, alice));
    await expect(browser.opens('a/b/1.svg')).resolves.toBe(`${CDN}/a/*`);
  });

  it('clears with the Domain and the partition of an earlier configuration', async () => {
    const [browser, service] = [new Browser(), start()];
    await grant(browser, start({ cookies: { domain: 'example.com' } }), 'a', alice);
    await browser.call((response) => service.clear(response));
    await expect(browser.living()).resolves.toEqual([]);
  });

  it('writes what the one cookie of edgepass 0.1 said into cookies of their own, and clears it', async () => {
    const [browser, service] = [new Browser(), start()];
    const old = `1|2bd806c97f0e00af|${NOW + 60}:a|${NOW + 60}:b`;
    await browser.jar.setCookie(`__Host-edgepass-scopes=${old}; Path=/; Secure`, API);
    await grant(browser, service, 'a/b', alice);
    await browser.call((_, request) => {
      expect(service.held(request, alice).own.map(({ prefix }) => prefix)).toEqual(['b', 'a/b']);
    });
    await browser.call((response) => service.clear(response));
    await expect(browser.living()).resolves.toEqual([]);
  });

  it('clears one grant and keeps the other', async () => {
    const [browser, service] = [new Browser(), start()];
    await grant(browser, service, 'a', alice);
    await grant(browser, service, 'b', alice);
    await browser.call((response) => service.clear(response, ['a']));
    await expect(browser.opens('a/1.svg')).resolves.toBeNull();
    await expect(browser.opens('b/1.svg')).resolves.toBe(`${CDN}/b/*`);
  });

  it('clears a named prefix also when our own cookie for it has been lost', async () => {
    const lines = await new Browser().call((response) => start().clear(response, ['a']));
    expect(lines.map((line) => line.split('; ')[2])).toEqual([...Array(4).fill('Path=/a'), 'Max-Age=0']);
  });

  it('clears in the partition in which it was set (B43, B61)', async () => {
    const service = start({ appOrigins: ['https://app.customer.com'] });
    const lines = await new Browser().call((response) => service.clear(response, ['a']));
    for (const line of lines) expect(line).toMatch(/; Secure; SameSite=None; Partitioned$/);
  });

  it('refuses a prefix that is not canonical, and clears nothing', async () => {
    await new Browser().call((response) => {
      expect(() => start().clear(response, ['a', '../b'])).toThrow(TypeError);
      expect(response.getHeader('Set-Cookie')).toBeUndefined();
    });
  });

  it('with cookies.path root clears Path=/, whichever prefix is named', async () => {
    const [browser, service] = [new Browser(), start({ cookies: { path: 'root' } })];
    await grant(browser, service, 'a', alice);
    await browser.call((response) => service.clear(response, ['a']));
    await expect(browser.living()).resolves.toEqual([]);
  });

  it('tidy clears what another viewer held', async () => {
    const [browser, service] = [new Browser(), start()];
    await grant(browser, service, 'a', alice);
    await browser.call((response) => service.tidy(response, bob));
    await expect(browser.living()).resolves.toEqual([]);
  });

  it("tidy writes nothing when the grants are the viewer's own", async () => {
    const [browser, service] = [new Browser(), start()];
    await grant(browser, service, 'a', alice);
    await expect(browser.call((response) => service.tidy(response, alice))).resolves.toEqual([]);
  });
});

describe('what the service says of itself', () => {
  it('says which key signs, with which hash, and which cookie attributes browsers get', () => {
    expect(start({ privateKey: rsaKeyText, hashAlgorithm: 'SHA256' }).describe()).toEqual({
      keyPairId: 'K2JCJMDEHXQW5F',
      keyType: 'RSA-2048',
      publicKeyPem: signatureVectors.rsa.publicKeyPem,
      // openssl pkey -in rsa.pem -pubout -outform DER | openssl sha256 -c
      fingerprint:
        '75:34:0a:48:e8:92:22:eb:6d:70:aa:88:b7:38:bf:66:f1:f9:37:b4:d7:5b:40:05:54:a2:e8:3d:01:03:15:00',
      hashAlgorithm: 'SHA256',
      cookies: {
        domain: 'media.example.com',
        sameSite: 'Lax',
        secure: true,
        partitioned: false,
        path: 'prefix',
      },
    });
  });

  it('says of a host-only, partitioned deployment in root mode', () => {
    const { keyType, cookies } = start({
      cloudFrontUrl: API,
      appOrigins: ['https://app.example.net'],
      cookies: { path: 'root' },
    }).describe();
    expect([keyType, cookies]).toEqual([
      'P-256',
      { domain: null, sameSite: 'None', secure: true, partitioned: true, path: 'root' },
    ]);
  });

  it('holds nothing private', () => {
    const service = start({ privateKey: rsaKeyText });
    const shown = inspect(service.describe(), { depth: null, showHidden: true });
    expect(shown).not.toContain('PRIVATE');
    expect(shown).not.toContain('KeyObject');
  });
});

describe('our own cookie', () => {
  it('lives below the path of the API where there is one', async () => {
    const service = start({
      publicUrl: 'https://www.example.com/api',
      cloudFrontUrl: 'https://www.example.com',
    });
    const set = await service.prepare('a', NOW + 60);
    const lines = await new Browser().call((response) => service.write(response, set, alice));
    expect(lines[0]).toContain('; Path=/a; Max-Age=60;');
    expect(lines[0]).not.toContain('Domain=');
    expect(lines[5]).toBe(
      `__Secure-edgepass-held--mnQ2-la08Y=1|${NOW}|${NOW + 60}|K9gGyX8OAK8|||/a; Path=/api; Max-Age=60; HttpOnly; Secure; SameSite=Lax`,
    );
  });

  it('lives as long as the grant that it speaks of', async () => {
    const [browser, service] = [new Browser(), start()];
    await grant(browser, service, 'a', alice, 900);
    const lines = await grant(browser, service, 'b', alice, 60);
    expect(lines[5]).toContain('Max-Age=60');
  });
});

describe('the constructor', () => {
  it('lists everything that cannot work, in the names of the options', () => {
    const wrong = () =>
      new CloudFrontService({
        cloudFrontUrl: 'https://d111.cloudfront.net/path',
        publicUrl: 'http://api.example.com',
        appOrigins: ['*'],
        privateKey: 'no key',
      });
    expect(wrong).toThrow(CloudFrontOptionsError);
    expect(wrong).toThrow(
      [
        'these CloudFront options cannot work:',
        'cloudFrontUrl: expected the host of the distribution as browsers see it: https://cdn.example.com, nothing after the host; found a path; write https://d111.cloudfront.net; no path, query or default port',
        'publicUrl: expected the API as browsers see it: https://api.example.com, or with a path https://www.example.com/api; found http://; use https:// (http:// is for development)',
        'appOrigins: expected one exact origin: https://app.example.com, never * and nothing after the host and port; found a wildcard; name each host in full; a pattern is never accepted',
        'privateKey: expected an RSA-2048 or ECDSA P-256 private key as PEM; found a text that is no PEM; give the whole PEM, BEGIN and END lines included',
      ].join('\n'),
    );
  });

  it('keeps the faults apart, each with its field', () => {
    const fields = ['keyPairId', 'cloudFrontUrl'];
    expect(() => start({ cloudFrontUrl: 'https://d111.cloudfront.net', keyPairId: null })).toThrow(
      expect.objectContaining({ faults: fields.map((field) => expect.objectContaining({ field })) }),
    );
  });

  it('says what works but deserves attention, once, at start', async () => {
    const heard: string[] = [];
    const service = start({
      cloudFrontUrl: 'https://cdn.example.com',
      publicUrl: 'https://api.example.com',
      onWarning: (warning) => heard.push(warning),
    });
    await service.onModuleInit();
    expect(heard).toEqual(service.warnings);
    expect(heard).toEqual([
      'the cookies get Domain=example.com, the registrable domain itself: every host below it receives them, cdn.staging.example.com too; apart they are as api.media.example.com and cdn.media.example.com',
    ]);
  });

  it('names options in its warnings, never settings: a host has not set any', () => {
    expect(start({ cookies: { domain: 'example.com' } }).warnings[0]).toBe(
      'cookies.domain=example.com is wider than needed: left unset, the cookies reach media.example.com and what is below it',
    );
  });

  it('signs on the calling thread where a bundle leaves the worker file out', async () => {
    const service = start({ privateKey: rsaKeyText, signingThreads: 0 });
    await service.close();
    // Nothing to close: a pool would refuse now.
    await expect(service.prepare('a', NOW + 60)).resolves.toMatchObject({ prefix: 'a' });
  });

  it('takes the key pair id from the text of the key', () => {
    const service = start({ keyPairId: null, privateKey: `Key-Pair-Id: KFROMTEXT\n${ecText}` });
    expect(service.keyPairId).toBe('KFROMTEXT');
  });
});

describe('a signed URL', () => {
  const PATH = 'courses/algebra/lesson-1.mp4';
  const END = NOW + 300;

  it('has no query beside the signature, and is the address that browsers write', async () => {
    const { url, ...rest } = await start().signUrl(PATH, END);
    expect(url).toMatch(
      new RegExp(`^${CDN}/${PATH}\\?Expires=${END}&Key-Pair-Id=K2JCJMDEHXQW5F&Signature=[A-Za-z0-9~_-]+$`),
    );
    expect(rest).toEqual({
      resource: `${CDN}/${PATH}`,
      expiresAtEpochSeconds: END,
      keyPairId: 'K2JCJMDEHXQW5F',
    });
    expect(new URL(url).href).toBe(url);
  });

  it('takes a Date, rounded down to its second', async () => {
    const { expiresAtEpochSeconds } = await start().signUrl(PATH, new Date(END * 1000 + 999));
    expect(expiresAtEpochSeconds).toBe(END);
  });

  // ECDSA signatures differ each time, those of RSA do not.
  it.each([
    ['SHA1', PATH, undefined],
    ['SHA256', PATH, undefined],
    // AWS's signer also escapes `: @ =`, which browsers send as they are.
    ['SHA1', "courses/선형 대수 (L'été)/1.mp4", undefined],
    ['SHA1', 'courses/algebra/hls/index.m3u8', 'courses/algebra/hls'],
    ['SHA256', 'courses/algebra/hls/index.m3u8', '/'],
  ] as const)(
    'is, under %s, the one that AWS’s own signer makes of %s within %s',
    async (hash, path, prefix) => {
      const service = start({ privateKey: rsaKeyText, hashAlgorithm: hash });
      const { url, resource } = await service.signUrl(path, END, prefix === undefined ? {} : { prefix });
      const address = `${CDN}/${encodeURI(path)}`;
      const common = { keyPairId: 'K2JCJMDEHXQW5F', privateKey: rsaKeyText, algorithm: hash };
      const policy = JSON.stringify({
        Statement: [{ Resource: resource, Condition: { DateLessThan: { 'AWS:EpochTime': END } } }],
      });
      expect(url).toBe(
        prefix === undefined
          ? getSignedUrl({ ...common, url: address, dateLessThan: new Date(END * 1000) })
          : getSignedUrl({ ...common, url: address, policy }),
      );
    },
  );

  it.each([
    ['a wildcard', 'courses/*', 'Segment 2 holds "*"'],
    ['an escaped name', 'courses/a%20b.mp4', 'No escaped form, the name itself. Write "courses/a b.mp4".'],
    ['dots', 'courses/../secret.mp4', 'Segment 2 begins with "."'],
    ['the whole distribution', '/', 'Segment 1 is empty'],
    ['nothing', '', 'Found an empty text. Write the path of a file, "courses/algebra/lesson-1.mp4".'],
    ['no text', undefined as unknown as string, 'Expected the path of a file as a text'],
  ])('is refused for %s as path', async (_, path, why) => {
    const refused = start().signUrl(path, END);
    await expect(refused).rejects.toBeInstanceOf(TypeError);
    await expect(refused).rejects.toThrow(why);
  });

  it.each(['courses/alg', 'courses/algebra/lesson-1.mp4', 'users'])(
    'is refused for a file outside of the prefix %s',
    async (prefix) => {
      await expect(start().signUrl(PATH, END, { prefix })).rejects.toThrow(
        'expected a file in the folder of the prefix, or below it',
      );
    },
  );

  it('is refused for an end that is past, and for milliseconds', async () => {
    await expect(start().signUrl(PATH, NOW)).rejects.toBeInstanceOf(RangeError);
    await expect(start().signUrl(PATH, END * 1000)).rejects.toThrow('divide by 1000');
  });
});
