import { describe, expect, test } from '@jest/globals';
import { diagnose } from '../diagnose.js';
import { bareLoad } from '../evidence/evidence.js';
import { joinEvidence } from '../evidence/join-evidence.js';

/** What is found of a picture with Cross-Origin-Resource-Policy: same-site. */
function statusOf(page: string, url: string) {
  const load = {
    ...bareLoad('har', 'HAR entry 1', url),
    page,
    mode: 'no-cors',
    dest: 'image',
    cookies: [],
    status: 200,
    headers: [
      ['X-Cache', 'Miss from cloudfront'],
      ['Cross-Origin-Resource-Policy', 'same-site'],
    ],
  } as const;
  const { findings } = diagnose(joinEvidence([{ loads: [load] }], { nowMilliseconds: 1_795_000_000_000 }));
  return findings.find(({ id }) => id === 'resource-or-embedder-policy')?.status;
}

describe('Cross-Origin-Resource-Policy: same-site', () => {
  test.each([
    ['https://app.example.com', 'https://cdn.example.com/a.png', 'ok'],
    ['https://app.other.org', 'https://cdn.example.com/a.png', 'fail'],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:3002/a.png', 'ok'],
    ['http://192.0.2.1', 'http://192.0.2.2/a.png', 'fail'],
    ['http://localhost:3000', 'http://127.0.0.1:3002/a.png', 'fail'],
    ['null', 'https://cdn.example.com/a.png', 'fail'],
  ])('on a page of %s and a file at %s: %s', (page, url, status) => {
    expect(statusOf(page, url)).toBe(status);
  });
});
