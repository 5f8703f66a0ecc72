import { execFileSync } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { getSignedCookies } from '@aws-sdk/cloudfront-signer';
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { CookieJar } from 'tough-cookie';
import { send } from '../support/https-client.js';
import { rsaKeyText } from '../support/key-texts.js';
import { bearer } from '../support/operated-api.js';
import { requireTool, testWith } from '../support/required-tool.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { IS_WHOLE } from '../support/whole.js';
import { startSharedCache } from './shared-cache.js';
import { CDN_URL, type HostileStage } from './stage.js';

const API_URL = 'https://api.example.com/grants';
const KEY_PAIR_ID = 'K2JCJMDEHXQW5F';
/** `npm run whole` takes the whole number of each row. */
const [PREFIXES, ROUNDS] = IS_WHOLE ? [10_000, 1_000] : [60, 60];
const SEED = 1_795_158_900;
const AT_A_TIME = 8;

const folder = temporaryFolder('cookies');
const keyPath = join(folder, 'key.pem');
writeFileSync(keyPath, `Key-Pair-Id: ${KEY_PAIR_ID}\n${rsaKeyText}`, { mode: 0o600 });
const publicKey = createPublicKey(rsaKeyText);

/** Base64 as CloudFront spells it (R4). */
const decode = (value: string): Buffer =>
  Buffer.from(value.replaceAll('-', '+').replaceAll('_', '=').replaceAll('~', '/'), 'base64');

interface Granted {
  readonly status: number;
  readonly cookies: readonly string[];
  readonly body: { readonly resource: string; readonly expiresAt: string };
}

/** The value that an answer gives a cookie. */
function valueOf({ cookies }: Granted, name: string): string {
  const line = cookies.find((text) => text.startsWith(`${name}=`)) ?? '';
  return line.slice(name.length + 1, line.indexOf(';'));
}

/** For the service: a key that the tests know. */
export const WITH_KNOWN_KEY = { CLOUDFRONT_PRIVATE_KEY_FILE: keyPath };

/** C: cookies that go out, of a service with the settings {@link WITH_KNOWN_KEY}. */
export function cookieAttacks(stage: () => HostileStage): void {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_A_TIME });
  /** One grant over a connection that lives on. */
  const grant = (authorization: string, prefix: string, cookie = '') =>
    new Promise<Granted>((resolve, reject) => {
      const headers = {
        Authorization: authorization,
        'Content-Type': 'application/json',
        ...(cookie === '' ? {} : { Cookie: cookie }),
      };
      request(`${stage().url}/grants`, { method: 'POST', headers, agent }, (answer) => {
        answer.toArray().then((chunks) => {
          const body = JSON.parse(Buffer.concat(chunks as Buffer[]).toString()) as Granted['body'];
          const cookies = answer.headers['set-cookie'] ?? [];
          resolve({ status: answer.statusCode ?? 0, cookies, body });
        }, reject);
      })
        .once('error', reject)
        .end(JSON.stringify({ prefix }));
    });

  describe('one grant', () => {
    test('C06 sets exactly the documented cookies, one line each, in order', async () => {
      stage().adds({ grants: 1 });
      const answer = await stage().ask('u1', '{"prefix":"private/a"}');
      const attributes = 'Domain=example.com; Path=/private/a; Max-Age=N; HttpOnly; Secure; SameSite=Lax';
      const cleared = attributes.replace('=N', '=0');
      expect(answer.setCookies.map(inShape)).toEqual([
        `CloudFront-Policy=V; ${attributes}`,
        `CloudFront-Signature=V; ${attributes}`,
        `CloudFront-Key-Pair-Id=V; ${attributes}`,
        `CloudFront-Hash-Algorithm=; ${cleared}`,
        `CloudFront-Expires=; ${cleared}`,
        '__Host-edgepass-held-H=V; Path=/; Max-Age=N; HttpOnly; Secure; SameSite=Lax',
      ]);
      expect(answer.headers['cache-control']).toBe('no-store');
    });

    test('C07 has a policy of one statement: the Resource with one `*` at its end, an integer end, nothing else', async () => {
      stage().adds({ grants: 1 });
      const answer = await grant(stage().bearer('u1'), 'private/a');
      const text = decode(valueOf(answer, 'CloudFront-Policy')).toString('latin1');
      const epoch = Date.parse(answer.body.expiresAt) / 1000;
      expect(text).toBe(
        `{"Statement":[{"Resource":"${CDN_URL}/private/a/*","Condition":{"DateLessThan":{"AWS:EpochTime":${epoch}}}}]}`,
      );
      expect(epoch - Date.now() / 1000).toBeLessThanOrEqual(900);
    });

    test('C14 is a custom policy also where the AWS signer falls back to a canned one', async () => {
      stage().adds({ grants: 1 });
      const answer = await grant(stage().bearer('u1'), 'private/a');
      const theirs = getSignedCookies({
        url: answer.body.resource,
        dateLessThan: answer.body.expiresAt,
        privateKey: rsaKeyText,
        keyPairId: KEY_PAIR_ID,
      });
      expect(Object.keys(theirs)).toContain('CloudFront-Expires');
      expect([valueOf(answer, 'CloudFront-Policy') === '', valueOf(answer, 'CloudFront-Expires')]).toEqual([
        false,
        '',
      ]);
    });
  });

  describe('one browser', () => {
    test('C08 holds private/a and then private/a_b, and sends each where it belongs', async () => {
      stage().adds({ grants: 2 });
      const jar = new CookieJar();
      const authorization = stage().bearer('u1');
      for (const prefix of ['private/a', 'private/a_b']) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const answer = await grant(authorization, prefix, jar.getCookieStringSync(API_URL));
        for (const line of answer.cookies) jar.setCookieSync(line, API_URL);
      }
      for (const [path, resource] of [
        ['/private/a/1.svg', `${CDN_URL}/private/a/*`],
        ['/private/a_b/1.svg', `${CDN_URL}/private/a_b/*`],
      ] as const) {
        const cookies = jar.getCookiesSync(`${CDN_URL}${path}`);
        const sent = new Map(cookies.map(({ key, value }) => [key, value]));
        expect(cookies.map(({ key }) => key)).toEqual([
          'CloudFront-Policy',
          'CloudFront-Signature',
          'CloudFront-Key-Pair-Id',
        ]);
        const policy = decode(sent.get('CloudFront-Policy') ?? '');
        expect(policy.toString()).toContain(`"Resource":"${resource}"`);
        const signature = decode(sent.get('CloudFront-Signature') ?? '');
        expect(verify('sha1', policy, publicKey, signature)).toBe(true);
      }
      expect(jar.getCookiesSync(`${CDN_URL}/private/ab/1.svg`)).toEqual([]);
    });

    test(`C15 sends headers of one size through ${ROUNDS} grants in a row`, async () => {
      const rounds = ROUNDS;
      stage().adds({ grants: rounds });
      const jar = new CookieJar();
      const authorization = stage().bearer('jar');
      const toApi = new Set<number>();
      const toCdn = new Set<number>();
      for (let round = 0; round < rounds; round += 1) {
        const cookie = jar.getCookieStringSync(API_URL);
        // Every prefix is new: after 20 of them each grant clears the oldest.
        const prefix = `courses/${1_000 + round}`;
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const answer = await grant(authorization, prefix, cookie);
        for (const line of answer.cookies) jar.setCookieSync(line, API_URL);
        if (round < 20) continue;
        toApi.add(cookie.length);
        toCdn.add(jar.getCookieStringSync(`${CDN_URL}/${prefix}/1.svg`).length);
      }
      expect([toApi.size, toCdn.size]).toEqual([1, 1]);
      expect(Math.max(...toApi, ...toCdn)).toBeLessThan(2_048);
      const held = Array.from({ length: rounds }, (_, round) =>
        jar.getCookieStringSync(`${CDN_URL}/courses/${1_000 + round}/1.svg`),
      ).filter((cookie) => cookie !== '');
      expect(held).toHaveLength(20);
    });
  });

  describe('C13 any canonical prefix', () => {
    const signed: { readonly policy: Buffer; readonly signature: Buffer }[] = [];

    test(
      `C13 gives the bytes of the AWS signer, and signatures that node:crypto verifies (${PREFIXES})`,
      async () => {
        stage().adds({ grants: PREFIXES, entitlements: 1, entitlement_changes: 1 });
        await giveEverything(stage());
        const authorization = stage().bearer('whole');
        const prefixes = somePrefixes();
        for (let from = 0; from < prefixes.length; from += AT_A_TIME) {
          const some = prefixes.slice(from, from + AT_A_TIME);
          // oxlint-disable-next-line no-await-in-loop -- a few at a time
          const answers = await Promise.all(some.map((prefix) => grant(authorization, prefix)));
          for (const [at, answer] of answers.entries()) {
            const url = `${CDN_URL}/${some[at]}/*`;
            const theirs = asAwsSigns(url, answer.body.expiresAt);
            const policy = decode(valueOf(answer, 'CloudFront-Policy'));
            const signature = decode(valueOf(answer, 'CloudFront-Signature'));
            expect([answer.status, answer.body.resource]).toEqual([201, url]);
            expect(policy.toString('latin1')).toBe(theirs.text);
            expect(valueOf(answer, 'CloudFront-Policy')).toBe(theirs.policy);
            expect(valueOf(answer, 'CloudFront-Signature')).toBe(theirs.signature);
            expect(verify('sha1', policy, publicKey, signature)).toBe(true);
            signed.push({ policy, signature });
          }
        }
      },
      30_000 + 30 * PREFIXES,
    );

    testWith('openssl', 'C13 and that the openssl command verifies', () => {
      expect(signed.length).toBe(PREFIXES);
      const path = (name: string, content: string | Buffer): string => {
        writeFileSync(join(folder, name), content);
        return join(folder, name);
      };
      const pem = path('public.pem', publicKey.export({ type: 'spki', format: 'pem' }));
      for (const { policy, signature } of signed.slice(0, 10)) {
        const files = ['-signature', path('signature', signature), path('policy', policy)];
        const said = execFileSync(requireTool('openssl'), ['dgst', '-sha1', '-verify', pem, ...files]);
        expect(said.toString()).toBe('Verified OK\n');
      }
    });
  });

  describe('a cache that everybody shares', () => {
    test('C11 never gives one viewer the cookies of another: nothing of ours is ever a HIT', async () => {
      stage().adds({ grants: 4 });
      const cache = await startSharedCache(stage().url);
      const ask = (sub: string, path = '/grants', method = 'POST') =>
        send(`${cache.url}${path}`, {
          method,
          headers: { Authorization: stage().bearer(sub), 'Content-Type': 'application/json' },
          ...(method === 'POST' ? { body: '{"prefix":"courses"}' } : {}),
        });
      const answers = [
        await ask('one'),
        await ask('two'),
        await ask('one'),
        await ask('two'),
        await ask('one', '/grants', 'GET'),
        await ask('two', '/grants', 'GET'),
        await ask('one', '/nowhere', 'GET'),
        await ask('two', '/nowhere', 'GET'),
        await ask('one', '/health/live', 'GET'),
        await ask('two', '/health/live', 'GET'),
      ];
      await cache.close();
      expect(answers.map(({ headers }) => headers['x-cache'])).toEqual(answers.map(() => 'MISS'));
      const ids = answers.slice(0, 4).map((answer) => (answer.json() as { id: string }).id);
      expect(new Set(ids).size).toBe(4);
      const tags = answers.slice(0, 4).map(({ setCookies }) => setCookies.at(-1)?.split('|')[3]);
      expect([tags[0] === tags[2], tags[1] === tags[3], tags[0] === tags[1]]).toEqual([true, true, false]);
    });

    test('C11 and that cache does keep what nobody forbids: cookies and all', async () => {
      let asked = 0;
      const careless = createServer((_, response) => {
        response.setHeader('Set-Cookie', `asked=${(asked += 1)}`).end();
      });
      await new Promise<void>((done) => careless.listen(0, '127.0.0.1', done));
      const cache = await startSharedCache(`http://127.0.0.1:${(careless.address() as AddressInfo).port}`);
      const call = () => send(`${cache.url}/grants`, { method: 'POST', headers: { Authorization: 'x' } });
      const [first, second] = [await call(), await call()];
      await cache.close();
      careless.close();
      expect([first.headers['x-cache'], second.headers['x-cache']]).toEqual(['MISS', 'HIT']);
      expect(second.setCookies).toEqual(first.setCookies);
    });
  });
}

/** A Set-Cookie line with `H` for the hash in a name, `V` for a value and `N` for a lifetime that it has. */
function inShape(line: string): string {
  return line
    .replace(/^(__Host-edgepass-held-)[A-Za-z0-9_-]{11}=/, '$1H=')
    .replace(/^([^=]+)=[^;]+/, '$1=V')
    .replace(/Max-Age=[1-9][0-9]*/, 'Max-Age=N');
}

/** Legal prefixes, the same in each run; every character of the alphabet, every length and depth. */
function somePrefixes(): readonly string[] {
  const segment = fc.stringMatching(/^[A-Za-z0-9_~-][A-Za-z0-9_.~:@=-]{0,30}$/);
  const prefix = fc.array(segment, { minLength: 1, maxLength: 16 }).map((segments) => segments.join('/'));
  return fc.sample(prefix, { numRuns: PREFIXES, seed: SEED });
}

async function giveEverything(stage: HostileStage): Promise<void> {
  const answer = await send(`${stage.api.url}/admin/entitlements`, {
    method: 'PUT',
    headers: { Authorization: bearer('root', ['admins']), 'Content-Type': 'application/json' },
    body: '{"subject":"user:whole","prefix":"/"}',
  });
  expect(answer.status).toBe(201);
}

/**
 * What the AWS signer makes of the same. Without a start date it makes a custom policy only for an address
 * condition; that condition is taken out of its text again.
 */
function asAwsSigns(url: string, dateLessThan: string) {
  const key = { privateKey: rsaKeyText, keyPairId: KEY_PAIR_ID };
  const custom = getSignedCookies({ url, dateLessThan, ipAddress: '0.0.0.0/0', ...key });
  const whole = decode(custom['CloudFront-Policy'] ?? '').toString('latin1');
  const text = whole.replace(',"IpAddress":{"AWS:SourceIp":"0.0.0.0/0"}', '');
  const cookies = getSignedCookies({ policy: text, ...key });
  return { text, policy: cookies['CloudFront-Policy'], signature: cookies['CloudFront-Signature'] };
}
