import { describe, expect, it } from '@jest/globals';
import { meaningOf, type Call } from '../../packages/local/demo/call-meaning.js';

const api: Call = { host: 'API', method: 'POST', path: '/grants', status: 201, via: 'fetch' };
const edge: Call = {
  host: 'edge',
  method: 'GET',
  path: '/courses/algebra/1.svg',
  status: 'blocked',
  via: 'fetch',
};

const GRANTED =
  'Granted and recorded. Set-Cookie: CloudFront-Policy, CloudFront-Signature and CloudFront-Key-Pair-Id, which the browser keeps for the CDN.';

describe('the demo log says what a call meant', () => {
  it.each<[string, Call, string]>([
    ['a grant', api, GRANTED],
    ['a grant below a base path', { ...api, path: '/api/grants' }, GRANTED],
    [
      'a right taken away, below a base path',
      { ...api, method: 'DELETE', path: '/api/admin/entitlements/01a2224c', status: 200 },
      'A right was taken away, and recorded.',
    ],
    [
      'a file while the edge is wrong on purpose',
      { ...edge, reachable: true, isIncident: true },
      'The browser keeps the answer from the page, and its status too.',
    ],
    [
      'a change of the edge',
      { host: 'page', method: 'POST', path: '/edge', status: 204, via: 'fetch' },
      'The settings of the edge on this machine were changed, or its copies removed.',
    ],
    [
      'a clear of one prefix',
      { ...api, method: 'DELETE', path: '/grants?prefix=courses%2Falgebra', status: 204 },
      'The browser was asked to drop the cookies.',
    ],
    [
      'a refusal of the API, which can be read',
      { ...api, status: 403, code: 'not_entitled' },
      'Refused: not_entitled. The API’s refusals carry CORS headers, so they can be read.',
    ],
    [
      'an API that does not list this page',
      { ...api, status: 'blocked', reachable: true },
      'The API answered without CORS headers for this page: see APP_ORIGINS.',
    ],
    [
      'a 403 of the edge without CORS headers (B77)',
      { ...edge, reachable: true },
      '403 without CORS headers: the browser calls it a CORS error.',
    ],
    [
      'a refused image, which tells the page nothing (B87)',
      { ...edge, via: '<img>' },
      '403: <img> only learns that it failed.',
    ],
    [
      'an untrusted certificate (F48)',
      { ...edge, reachable: false },
      'No answer: the certificate is not trusted, or nothing listens there.',
    ],
    [
      'a 403 with CORS headers (B78)',
      { ...edge, status: 403 },
      'The edge refused with 403, readable thanks to CORS headers.',
    ],
    [
      'a plain image (B83)',
      { ...edge, via: '<img>', status: 'shown' },
      'Opened: a plain <img>, the browser sent the cookies by itself.',
    ],
  ])('%s', (_name, call, meaning) => {
    expect(meaningOf(call)).toBe(meaning);
  });
});
