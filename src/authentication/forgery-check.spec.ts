import { describe, expect, it } from '@jest/globals';
import { Problem } from '../http/problems/problem.js';
import { assertNotForged, type ForgeryPolicy } from './forgery-check.js';

const POLICY: ForgeryPolicy = {
  allowedOrigins: ['https://app.example.com', 'https://admin.example.com:8443'],
  ownOrigin: 'https://api.example.com',
  withoutBrowserHeaders: 'refuse',
};

function outcome(
  headers: Readonly<Record<string, string | readonly string[]>>,
  method = 'POST',
  policy: ForgeryPolicy = POLICY,
): string {
  try {
    assertNotForged({ method, headers }, policy);
    return 'passed';
  } catch (error) {
    if (error instanceof Problem && error.code === 'csrf_rejected') return error.reason;
    throw error;
  }
}

describe('an unsafe call with an Origin (B110)', () => {
  it.each(['https://app.example.com', 'https://admin.example.com:8443', 'https://api.example.com'])(
    'passes from the page %s',
    (origin) => {
      expect(outcome({ origin })).toBe('passed');
    },
  );

  it.each([
    ['S02', 'https://evil.example'],
    ['O01', 'https://evil-example.com'],
    ['O02', 'https://app.example.com.evil.net'],
    ['O02', 'https://evilapp.example.com'],
    ['O03', 'https://appXexample.com'],
    ['O04', 'http://app.example.com'],
    ['O04', 'https://app.example.com:8443'],
    ['B110', 'https://app.example.com/'],
    ['B110', 'HTTPS://APP.EXAMPLE.COM'],
    ['B110', 'https://app.example.com, https://app.example.com'],
    ['B110', ''],
  ])('%s: is refused from %s', (_, origin) => {
    expect(outcome({ origin })).toBe('origin_not_listed');
  });

  it('S05: is refused from an opaque origin, even where a list names null', () => {
    expect(outcome({ origin: 'null' })).toBe('origin_null');
    expect(outcome({ origin: 'null' }, 'POST', { ...POLICY, allowedOrigins: ['null'] })).toBe('origin_null');
  });

  it('is refused from a foreign page whatever Sec-Fetch-Site says', () => {
    const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' };
    expect(outcome(headers)).toBe('origin_not_listed');
  });

  it('passes from a listed page on another site', () => {
    expect(outcome({ origin: 'https://app.example.com', 'sec-fetch-site': 'cross-site' })).toBe('passed');
  });

  it('is refused with two Origins', () => {
    const origin = ['https://app.example.com', 'https://app.example.com'];
    expect(outcome({ origin })).toBe('origin_repeated');
  });
});

describe('an unsafe call without an Origin', () => {
  it('passes from the same origin', () => {
    expect(outcome({ 'sec-fetch-site': 'same-origin' })).toBe('passed');
  });

  it.each([
    ['S03', 'cross-site'],
    ['B109', 'same-site'],
    ['B110', 'none'],
    ['B110', ''],
    ['B110', 'SAME-ORIGIN'],
    ['B110', 'same-origin, cross-site'],
  ])('%s: is refused when Sec-Fetch-Site is %j', (_, site) => {
    expect(outcome({ 'sec-fetch-site': site })).toBe('fetch_site_not_same_origin');
    const lenient = { ...POLICY, withoutBrowserHeaders: 'allow' } as const;
    expect(outcome({ 'sec-fetch-site': site }, 'DELETE', lenient)).toBe('fetch_site_not_same_origin');
  });

  it('and without Sec-Fetch-Site is refused where a cookie gives it its power, else it passes', () => {
    expect(outcome({})).toBe('no_browser_headers');
    expect(outcome({}, 'DELETE', { ...POLICY, withoutBrowserHeaders: 'allow' })).toBe('passed');
  });
});

describe('the method', () => {
  it.each(['GET', 'HEAD', 'OPTIONS'])('%s changes nothing, so it passes from anywhere', (method) => {
    expect(outcome({ origin: 'https://evil.example' }, method)).toBe('passed');
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'QUERY', 'get'])('%s is checked', (method) => {
    expect(outcome({ origin: 'https://evil.example' }, method)).toBe('origin_not_listed');
  });

  it('that is missing is checked', () => {
    expect(() => assertNotForged({ headers: {} }, POLICY)).toThrow(Problem);
  });
});
