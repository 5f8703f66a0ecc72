import { expect, it } from '@jest/globals';
import { retryAfterSeconds } from './retry-after.js';

const DATE = 'Fri, 20 Nov 2026 09:00:00 GMT';

it.each([
  [{}, null],
  [{ 'Retry-After': '120' }, 120],
  [{ 'Retry-After': '0' }, 0],
  [{ 'Retry-After': '-1' }, null],
  [{ 'Retry-After': '1e9' }, null],
  [{ 'Retry-After': '99999999999' }, null],
  [{ 'Retry-After': 'Fri, 20 Nov 2026 09:02:00 GMT', Date: DATE }, 120],
  [{ 'Retry-After': 'Fri, 20 Nov 2026 08:59:00 GMT', Date: DATE }, 0],
  [{ 'Retry-After': 'Fri, 20 Nov 2026 09:02:00 GMT' }, null],
  [{ 'Retry-After': 'soon', Date: DATE }, null],
])('a server that sends %j is left alone for %j seconds', (headers, seconds) => {
  expect(retryAfterSeconds(new Headers(headers as Record<string, string>))).toBe(seconds);
});
