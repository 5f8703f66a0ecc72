import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { Problem } from './problems/problem.js';
import { refuseBadHead } from './request-head.js';

function refusalOf(rawHeaders: readonly string[], httpVersion = '1.1', url = '/'): string | undefined {
  const request = Object.assign(new IncomingMessage(new Socket()), { url, httpVersion });
  request.rawHeaders = [...rawHeaders];
  const response = new ServerResponse(request);
  let refused: unknown;
  refuseBadHead(request, response, (problem) => (refused = problem));
  expect(response.getHeader('connection')).toBe(refused === undefined ? undefined : 'close');
  return refused instanceof Problem ? `${refused.code} ${refused.reason}` : undefined;
}

describe('the head of a request', () => {
  it('names one host (RFC 9112 3.2), but under HTTP/1.0', () => {
    expect(refusalOf(['Host', 'a'])).toBeUndefined();
    expect(refusalOf([], '1.0')).toBeUndefined();
    expect(refusalOf([])).toBe('request_malformed no_host');
    expect(refusalOf(['Host', 'a', 'host', 'a'])).toBe('request_malformed two_hosts');
    expect(refusalOf(['Host', 'a', 'HOST', 'b'], '1.0')).toBe('request_malformed two_hosts');
  });

  it('has at most 100 headers', () => {
    const headers = (count: number) => ['Host', 'a', ...Array.from({ length: 2 * count - 2 }, () => 'x')];
    expect(refusalOf(headers(100))).toBeUndefined();
    expect(refusalOf(headers(101))).toBe('headers_too_large too_many_headers');
  });

  it('is at most 16 KB long, the target included', () => {
    const rest = 'Host'.length + 'a'.length + 4 + 'X'.length + 4 + '/'.length;
    const longest = 'x'.repeat(16 * 1024 - rest);
    expect(refusalOf(['Host', 'a', 'X', longest])).toBeUndefined();
    expect(refusalOf(['Host', 'a', 'X', `${longest}x`])).toBe('headers_too_large head_too_long');
    expect(refusalOf(['Host', 'a'], '1.1', `/${'x'.repeat(16 * 1024)}`)).toBe(
      'headers_too_large head_too_long',
    );
  });
});
