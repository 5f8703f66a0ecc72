import { createPublicKey, createSign, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { faultsOf } from './harmless.js';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const PROMISES = {
  appOrigins: ['https://app.example.com'],
  cloudFrontUrl: 'https://cdn.example.com',
  publicKey: createPublicKey(privateKey),
  longestLifetimeSeconds: 3600,
};
const OWN = ['Cache-Control: no-store', 'X-Content-Type-Options: nosniff', 'Vary: Origin'];

function answer(status: number, body: string, lines: readonly string[] = [], own = OWN): string {
  const length = `Content-Length: ${body.length}`;
  return [`HTTP/1.1 ${status} X`, ...own, ...lines, length, '', body].join('\r\n');
}
function refusal(status: number, members: object, lines: readonly string[] = [], own = OWN): string {
  const type = 'Content-Type: application/problem+json';
  return answer(status, JSON.stringify({ status, ...members }), [type, ...lines], own);
}
const faults = (received: string, sent = 'GET / HTTP/1.1\r\n\r\n') => faultsOf({ sent, received }, PROMISES);

const encode = (bytes: Buffer): string =>
  bytes.toString('base64').replaceAll('+', '-').replaceAll('=', '_').replaceAll('/', '~');

/** A 201 as the service writes it, around this policy. */
function granted(policy: string, signed = policy, more: object = {}): string {
  const signature = createSign('sha1').update(signed).sign(privateKey);
  const body = { prefix: 'a', resource: 'https://cdn.example.com/a/*', expiresAt: END_TEXT, ...more };
  return answer(201, JSON.stringify(body), [
    `Set-Cookie: CloudFront-Policy=${encode(Buffer.from(policy))}; Path=/a`,
    `Set-Cookie: CloudFront-Signature=${encode(signature)}; Path=/a`,
  ]);
}
const END = Math.floor(Date.now() / 1000) + 900;
const END_TEXT = new Date(END * 1000).toISOString();
const policy = (resource = 'https://cdn.example.com/a/*', end: number | string = END) =>
  `{"Statement":[{"Resource":"${resource}","Condition":{"DateLessThan":{"AWS:EpochTime":${end}}}}]}`;

describe('what is looked for after each attack', () => {
  test('nothing is said of answers as they should be, several on one connection and without bodies', () => {
    const listed = [
      'Access-Control-Allow-Origin: https://app.example.com',
      'Access-Control-Allow-Credentials: true',
    ];
    const first = refusal(404, { code: 'not_found' }, listed);
    const head = [`HTTP/1.1 200 OK`, ...OWN, 'Content-Length: 99', '', ''].join('\r\n');
    const sent = 'HEAD / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n';
    expect(faults(`HTTP/1.1 100 Continue\r\n\r\n${first}${granted(policy())}${head}${first}`, sent)).toEqual(
      [],
    );
    expect(faults('')).toEqual([]);
  });

  test.each([
    ['half an answer', answer(200, 'abc').slice(0, -1), '200: U5 no whole answer'],
    ['500', refusal(500, { code: 'internal' }), '500: U2 no 5xx but 503'],
    [
      '503 without more',
      refusal(503, { code: 'overloaded' }),
      '503: U2 429 and 503, and they alone, say when to come back',
    ],
    ['a header that nobody planned', answer(200, '', ['Server: x']), '200: U5 not planned: server'],
    ['a header twice', answer(200, '', ['Allow: a', 'Allow: b']), '200: U5 twice: allow'],
    ['a cookie of somebody', answer(200, '', ['Set-Cookie: x=1']), '200: U5 a cookie that is not ours'],
    [
      'an origin that is not listed',
      answer(200, '', ['Access-Control-Allow-Origin: *', 'Access-Control-Allow-Credentials: true']),
      '200: U5 CORS for an origin that is not listed',
    ],
    [
      'credentials for nobody',
      answer(200, '', ['Access-Control-Allow-Credentials: true']),
      '200: U5 credentials with an origin, and only then',
    ],
    [
      'a cookie without a grant',
      answer(200, '', ['Set-Cookie: CloudFront-Key-Pair-Id=K; Path=/']),
      '200: U1 a CloudFront cookie without a grant',
    ],
    [
      'another status in the body',
      refusal(404, { status: 400, code: 'not_found' }),
      '404: U3 the status in the body is another',
    ],
    ['a code of another status', refusal(404, { code: 'internal' }), '404: U3 a code of the list'],
    ['a long refusal', refusal(404, { code: 'not_found', detail: 'x'.repeat(4096) }), '404: U3 at most 4 KB'],
    [
      'a stack',
      refusal(404, { code: 'not_found', detail: 'at x.js:12' }),
      '404: U3 something internal is shown',
    ],
  ])('%s', (_what, received, fault) => {
    expect(faults(received)).toEqual([fault]);
  });

  test('what is no HTTP', () => {
    expect(faults('nonsense')).toContain('0: U5 no whole answer');
  });

  test('a refusal in words of another form', () => {
    expect(faults(answer(404, '<h1>Not found</h1>'))).toEqual([
      '404: U3 problem+json',
      '404: U3 the status in the body is another',
      '404: U3 a code of the list',
    ]);
  });

  test.each(OWN.map((line, at) => [line, at] as const))('an answer without %s', (line, at) => {
    const rest = OWN.filter((_, other) => other !== at);
    const value = line.split(': ')[1] ?? '';
    expect(faults(answer(200, '', [], rest))).toEqual([expect.stringContaining(value)]);
  });

  test.each([
    ['another Resource', granted(policy('https://cdn.example.com/b/*')), 'another Resource'],
    ['a wider one', granted(policy('https://cdn.example.com/*')), 'another Resource'],
    ['a second `*`', granted(policy('https://cdn.example.com/*/*')), 'another Resource'],
    ['white space', granted(policy().replace('{"D', '{ "D')), 'another Resource'],
    ['a later end', granted(policy(undefined, END + 1)), 'the answer names another end'],
    [
      'another text than was signed',
      granted(policy(), policy(undefined, END + 1)),
      'the signature does not verify',
    ],
    [
      'another resource named',
      granted(policy(), policy(), { resource: 'x' }),
      'the answer names another resource',
    ],
    [
      'an end that is too far',
      granted(policy(undefined, END + 3600), undefined, {
        expiresAt: new Date((END + 3600) * 1000).toISOString(),
      }),
      'it lives too long',
    ],
  ])('a grant with %s', (_what, received, fault) => {
    expect(faults(received)).toContain(`201: U10 ${fault}`);
  });
});
