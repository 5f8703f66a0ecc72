import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { send } from '../https-client.js';
import { compactJws, hs256 } from '../token-issuer.js';
import {
  expectNoSecret,
  keepDataFolder,
  keepKey,
  keepSecret,
  keepSettings,
  keepToken,
  keepUrl,
  secretsIn,
} from './canaries.js';
import { SecretRegister } from './secret-register.js';
import { watchAnswers } from './watch-answers.js';

const PASSWORD = 'correct+horse/battery staple: 8fK2';

describe('a kept text is found', () => {
  keepSecret('the password', PASSWORD);

  it.each([
    ['as it is', PASSWORD],
    ['in the middle of a line', `{"level":30,"msg":"${PASSWORD}"}\n`],
    ['in part', PASSWORD.slice(4, 24)],
    ['percent-encoded', `?p=${encodeURIComponent(PASSWORD)}&x`],
    ['in base64', Buffer.from(PASSWORD).toString('base64')],
    ['in base64 of something longer', Buffer.from(`user:${PASSWORD}`).toString('base64')],
    ['in base64url', Buffer.from(`x${PASSWORD}y`).toString('base64url')],
    ['in hexadecimal', Buffer.from(PASSWORD).toString('hex')],
  ])('%s', (_, output) => {
    expect(secretsIn(output)).toEqual(['the password']);
  });

  it('in bytes that are no text', () => {
    const bytes = Buffer.concat([Buffer.alloc(5000, 0xff), Buffer.from(PASSWORD), Buffer.alloc(5000)]);
    expect(secretsIn(bytes)).toEqual(['the password']);
  });

  it('at the very beginning and the very end, and nowhere else', () => {
    expect(secretsIn(`${PASSWORD} and more`)).toEqual(['the password']);
    expect(secretsIn(`more and ${PASSWORD}`)).toEqual(['the password']);
    expect(secretsIn('correct horse battery')).toEqual([]);
    expect(secretsIn('')).toEqual([]);
  });

  it('and the refusal names it without its text', () => {
    expect(() => expectNoSecret('the log', `x${PASSWORD}`)).toThrow(
      new Error('expected no secret in the log, found: the password'),
    );
    expect(() => expectNoSecret('the log', 'nothing')).not.toThrow();
  });
});

describe('of a kept key any 8 bytes are found (K12)', () => {
  const kinds = [
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['Ed25519', generateKeyPairSync('ed25519')],
  ] as const;
  for (const [name, { privateKey }] of kinds) keepKey(name, privateKey);

  it.each(kinds)('of %s: raw, in hexadecimal, in base64', (name, { privateKey }) => {
    const number = Buffer.from((privateKey.export({ format: 'jwk' }) as { d: string }).d, 'base64url');
    for (const at of [0, 1, 2, 11, number.length - 8]) {
      const eight = number.subarray(at, at + 8);
      expect(secretsIn(eight)).toEqual([`${name} (d)`]);
      expect(secretsIn(eight.toString('hex'))).toEqual([`${name} (d)`]);
      // As part of something longer, which is how a key is printed.
      const before = number.subarray(0, at);
      const whole = Buffer.concat([before, eight, Buffer.from('something else')]).toString('base64');
      expect(secretsIn(whole)).toContain(`${name} (d)`);
    }
  });

  it.each(kinds)('of %s: its PEM, and nothing of its public half', (_, { privateKey, publicKey }) => {
    expect(secretsIn(privateKey.export({ format: 'pem', type: 'pkcs8' }) as string)).not.toEqual([]);
    expect(secretsIn(publicKey.export({ format: 'pem', type: 'spki' }) as string)).toEqual([]);
    expect(secretsIn(JSON.stringify(publicKey.export({ format: 'jwk' })))).toEqual([]);
  });

  it('the lines of one that is broken', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = (privateKey.export({ format: 'pem', type: 'pkcs8' }) as string).replace('MI', 'XX');
    keepKey('a broken key', pem);
    expect(secretsIn(`unreadable: ${pem.split('\n')[1]?.slice(20, 40)}`)).toEqual(['a broken key']);
  });
});

it('of the settings the secrets are kept, in whatever form they are given', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ format: 'pem', type: 'sec1' }) as string;
  keepSettings({
    AUTH_SECRET: 'this is what signs the access tokens',
    DATABASE_URL: 'postgres://edgepass:pass%2Fword%2Fof%2Fdb@db.example.com/edgepass',
    CLOUDFRONT_PRIVATE_KEY: Buffer.from(pem).toString('base64'),
    CLOUDFRONT_PRIVATE_KEY_FILE: '/does/not/exist',
  });
  expect(secretsIn('signs the access tokens')).toEqual(['AUTH_SECRET']);
  expect(secretsIn('pass/word/of/db')).toEqual(['password in DATABASE_URL']);
  expect(secretsIn('pass%2Fword%2Fof%2Fdb')).toEqual(['password in DATABASE_URL']);
  expect(secretsIn(pem)).toEqual(['CLOUDFRONT_PRIVATE_KEY (d)']);
  expect(secretsIn('postgres://edgepass:…@db.example.com/edgepass')).toEqual([]);
});

it('what is short, empty or missing is not kept: it would be found everywhere', () => {
  keepSecret('short', 'secret');
  keepUrl('no password', 'postgres://db.example.com/edgepass');
  keepKey('nothing', '');
  keepKey('no key', 'not a key');
  keepDataFolder('/does/not/exist');
  expect(secretsIn('secret not a key postgres://db.example.com/edgepass')).toEqual([]);
});

it('an access token is kept by being made', () => {
  const token = compactJws({ alg: 'HS256' }, { sub: 'u1' }, hs256('a key'));
  expect(secretsIn(`Authorization: Bearer ${token}`)).toEqual(['the signature of an access token']);
});

it('answers are searched, and the cookies that they give are kept from then on', async () => {
  keepSecret('in an answer', 'nobody may ever answer this');
  const given = Buffer.alloc(64, 'signature').toString('base64url');
  const lines: string[] = [];
  const server = createServer((request, response) => {
    response.setHeader('Set-Cookie', [
      `CloudFront-Signature=${given}; Path=/`,
      'b=correct+horse/battery staple: 8fK2',
    ]);
    if (request.url === '/bad') response.setHeader('X-Bad', 'nobody may ever answer this');
    response.write('nobody may ');
    response.end(request.url === '/bad' ? 'ever answer this' : 'know');
  });
  watchAnswers(server, (line) => lines.push(line));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  keepToken('another', 'x'.repeat(20));
  expect(secretsIn(given)).toEqual([]);
  for (const path of ['/', '/bad?q=1']) await send(`${url}${path === '/bad?q=1' ? '/bad' : path}`);
  server.close();
  expect(lines).toEqual([
    'Set-Cookie of the answer to GET /: the password',
    'the answer to GET /bad: in an answer',
    'Set-Cookie of the answer to GET /bad: the password',
  ]);
  expect(secretsIn(`logged ${given}`)).toEqual(['CloudFront-Signature of a grant']);
});

it('a megabyte is searched for thousands of secrets in tens of milliseconds', () => {
  const register = new SecretRegister();
  const bytes = Buffer.alloc(1_000_000, 'every byte of a log is looked at once, ');
  for (let index = 0; index < 2_000; index += 1) {
    register.keep(`secret ${index}`, `${index}`.padStart(40, 'secret'), 12, 4);
  }
  const before = process.cpuUsage().user;
  expect(register.namesIn(bytes)).toEqual([]);
  expect(process.cpuUsage().user - before).toBeLessThan(500_000);
  expect(register.size).toBe(2_000);
});
