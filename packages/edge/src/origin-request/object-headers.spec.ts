import { describe, expect, it } from '@jest/globals';
import { textAnswer } from '../edge-answer.js';
import { OriginWithObjectHeaders } from './object-headers.js';

const RULES = [
  { pathPattern: '/a/*.m3u8', headers: [['Cache-Control', 'no-cache']] },
  {
    pathPattern: '*',
    headers: [
      ['Cache-Control', 'max-age=60'],
      ['Content-Type', 'text/html'],
    ],
  },
] as const;

async function headersOf(path: string, status = 200, method = 'GET') {
  const origin = new OriginWithObjectHeaders(
    { answer: async () => textAnswer(status, 'text/plain', '') },
    RULES,
  );
  const { headers } = await origin.answer({ method, path, query: null, headers: {} });
  return headers.filter(([name]) => name !== 'Content-Length');
}

describe('the metadata of objects', () => {
  it('is decided header by header by the first pattern that covers the path and names it', async () => {
    expect(await headersOf('/a/1.m3u8')).toEqual([
      ['Content-Type', 'text/html'],
      ['Cache-Control', 'no-cache'],
    ]);
    expect(await headersOf('/b')).toEqual([
      ['Content-Type', 'text/html'],
      ['Cache-Control', 'max-age=60'],
    ]);
  });

  it('is no part of an error or of a preflight', async () => {
    const plain = [['Content-Type', 'text/plain']];
    expect([await headersOf('/b', 403), await headersOf('/b', 200, 'OPTIONS')]).toEqual([plain, plain]);
  });
});
