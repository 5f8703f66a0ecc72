import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { keyFile, OPERATED_SECRET, startOperatedApi, type OperatedApi } from '../../support/operated-api.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { AUDIENCE, ISSUER } from '../../support/token-issuer.js';
import { IS_WHOLE } from '../../support/whole.js';
import type { RawAnswer } from '../keep-alive-client.js';
import { credentialsOf } from './credentials.js';
import { fuzzHttp, type ApiUnderTest } from './fuzz-http.js';
import { judgeOf } from './judge-answer.js';
import { operationsOf, publishedDocument } from '../../support/open-api.js';
import { describeRequest, fuzzRequest } from './requests.js';

const SEED = 20261120;
/** Requests, and how many of each operation are granted at least. */
const [SHORT, LEAST_GRANTED] = IS_WHOLE ? [1_600, 11] : [800, 5];
const APP_ORIGIN = 'https://www.media.example.com';
const document = publishedDocument();
const operations = operationsOf(document);
const issuer = { secret: OPERATED_SECRET, issuer: ISSUER, audience: AUDIENCE, adminGroup: 'admins' };

describe('requests made from the OpenAPI document', () => {
  let api: OperatedApi;
  let underTest: ApiUnderTest;
  beforeAll(async () => {
    const folder = temporaryFolder('fuzz-http');
    const key = readFileSync(keyFile(folder), 'utf8');
    api = await startOperatedApi({ folder, databaseUrl: `sqlite:${folder}/api.sqlite` });
    underTest = {
      port: api.port,
      issuer,
      nowEpochSeconds: Math.floor(Date.now() / 1000),
      promises: {
        appOrigins: [APP_ORIGIN],
        cloudFrontUrl: 'https://cdn.media.example.com',
        publicKey: createPublicKey(key.slice(key.indexOf('-----'))),
        longestLifetimeSeconds: 3600,
      },
      ended: () => (api.process.child.exitCode === null ? null : 'the process has ended'),
    };
  });
  afterAll(() => api.process.stop());

  it(`of seed ${SEED} are answered as the document says, and harmlessly, by a process that stays`, async () => {
    const report = await fuzzHttp(document, underTest, { seed: SEED, count: SHORT });
    expect(report.failures).toEqual([]);
    expect(report.sent).toBe(SHORT);
    for (const { name, method } of operations) {
      const seen = Object.entries(report.byOperation[name] ?? {});
      const countOf = (first: string) =>
        seen.reduce((sum, [status, count]) => sum + (status.startsWith(first) ? count : 0), 0);
      expect(`${name}: ${countOf('2') >= LEAST_GRANTED} ${countOf('4') > 3}`).toBe(`${name}: true true`);
      expect(method).not.toBe('');
    }
  });

  it('are judged: an address that the document does not have is found out', async () => {
    const { '/grants': grants, ...others } = document.paths;
    expect(grants).toBeDefined();
    const report = await fuzzHttp({ ...document, paths: { ...others, '/grunts': grants ?? {} } }, underTest, {
      seed: SEED,
      count: 200,
    });
    expect(report.failures[0]).toMatch(/status 404 is not documented for [A-Z]+ \/grunts/);
  });

  it('are judged: a process that ended is found out', async () => {
    const report = await fuzzHttp(document, { ...underTest, ended: () => 'it ended' }, { seed: 1, count: 1 });
    expect(report.failures).toEqual(['afterwards: it ended']);
  });
});

describe('the sequence of requests', () => {
  const parts = {
    operations,
    credentials: credentialsOf(issuer, 1_795_000_000),
    appOrigin: APP_ORIGIN,
    ids: [],
  };
  const described = (seed: number, index: number) => describeRequest(fuzzRequest(parts, seed, index));

  it('is the same for the same seed and index', () => {
    const first = Array.from({ length: 500 }, (_, index) => described(7, index));
    expect(Array.from({ length: 500 }, (_, index) => described(7, index))).toEqual(first);
    expect(new Set(first).size).toBeGreaterThan(400);
    expect(described(8, 0)).not.toBe(described(7, 0));
  });

  it('is written down without a token', () => {
    const all = Array.from({ length: 500 }, (_, index) => described(7, index)).join('\n');
    expect(all).toContain('<token>');
    expect(all).not.toMatch(/eyJ[A-Za-z0-9]{10}/);
  });
});

describe('the judge of an answer', () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const judge = judgeOf(document, operations, {
    appOrigins: [APP_ORIGIN],
    cloudFrontUrl: 'https://cdn.media.example.com',
    publicKey,
    longestLifetimeSeconds: 3600,
  });
  const request = (method: string, target: string, origin: string | null = null) => ({
    bytes: Buffer.from(`${method} ${target} HTTP/1.1`),
    method,
    target,
    origin,
  });
  const problem = {
    type: 'urn:edgepass:error:prefix_invalid',
    title: 'The prefix is not the name of a folder that can be granted',
    status: 400,
    code: 'prefix_invalid',
    instance: 'urn:uuid:3f0d6a52-8d0b-4d8e-9a1e-0b6c7f0f8f10',
  };
  const answer = (
    status: number,
    body: object | null,
    changes: Record<string, string | null> = {},
  ): RawAnswer => {
    const text = body === null ? '' : JSON.stringify(body);
    const headers = Object.entries({
      'Content-Type': status < 400 ? 'application/json; charset=utf-8' : 'application/problem+json',
      'Content-Length': String(text.length),
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      Vary: 'Origin',
      ...changes,
    }).filter(([, value]) => value !== null);
    const lines = headers.map(([name, value]) => `${name}: ${value ?? ''}`);
    return { status, head: [`HTTP/1.1 ${status} X`, ...lines].join('\r\n'), body: Buffer.from(text) };
  };
  const list = { grants: [] };
  const get = request('GET', '/grants');

  it.each([
    ['a list', get, answer(200, list)],
    ['a problem', request('POST', '/grants'), answer(400, problem)],
    ['an address that is not there', request('GET', '/x'), answer(404, { ...problem, type: 'urn:edgepass:error:not_found', title: 'There is nothing here', status: 404, code: 'not_found' })],
  ])('finds nothing wrong with %s', (_, asked, given) => {
    expect(judge(asked, given)).toEqual([]);
  }); // oxfmt-ignore

  it.each([
    ['a 500', get, answer(500, { ...problem, type: 'urn:edgepass:error:internal', title: 'The service failed', status: 500, code: 'internal' }), '500: U2 no 5xx but 503'],
    ['an undocumented status', get, answer(304, null), 'status 304 is not documented for GET /grants'],
    ['an undocumented 404', get, answer(404, { ...problem, type: 'urn:edgepass:error:not_found', title: 'There is nothing here', status: 404, code: 'not_found' }), 'status 404 is not documented for GET /grants'],
    ['an answer that may be stored', get, answer(200, list, { 'Cache-Control': null }), '200: U4 Cache-Control: no-store, once'],
    ['a cookie without a grant', get, answer(200, list, { 'Set-Cookie': 'CloudFront-Policy=x; Path=/' }), '200: U1 a CloudFront cookie without a grant'],
    ['a member that the schema does not have', get, answer(200, { grants: [], more: 1 }), 'the body is no GrantsDto: data must NOT have additional properties'],
    ['a member of another type', get, answer(200, { grants: {} }), 'the body is no GrantsDto: data/grants must be array'],
    ['HTML', get, answer(200, list, { 'Content-Type': 'text/html' }), 'the body is not application/json'],
    ['a body behind 204', request('DELETE', '/grants'), answer(204, list), 'a body that is not documented'],
    ['a code of another status', get, answer(400, { ...problem, status: 401 }), '400: U3 the status in the body is another'],
    ['a code that is not in the list', get, answer(400, { ...problem, code: 'odd' }), 'the problem is not as the document says'],
    ['a code that the operation does not name under that status', get, answer(400, problem), '400 prefix_invalid is not documented for GET /grants'],
    ['a title of another code', get, answer(400, { ...problem, title: 'odd' }), 'the problem is not that of its code'],
    ['a problem without an instance', get, answer(400, { ...problem, instance: 'x' }), 'the problem has no instance'],
    ['input in a refusal', get, answer(400, { ...problem, detail: 'not fz7c1d9e' }), 'the refusal repeats its input'],
    ['a refusal that is no problem', get, answer(400, { message: 'no' }), 'the problem is not as the document says'],
    ['401 without a challenge', get, answer(401, { ...problem, type: 'urn:edgepass:error:token_missing', title: 'An access token is required', status: 401, code: 'token_missing' }), '401 without a challenge'],
    ['405 without Allow', request('PATCH', '/grants'), answer(405, { ...problem, type: 'urn:edgepass:error:method_not_allowed', title: 'This address does not take that method', status: 405, code: 'method_not_allowed' }), '405 without Allow'],
    ['a listed origin without CORS headers', request('GET', '/grants', APP_ORIGIN), answer(200, list), `CORS headers for ${APP_ORIGIN}: false`],
  ])('finds %s', (_, asked, given, fault) => {
    expect(judge(asked, given)).toContain(fault);
  }); // oxfmt-ignore
});
