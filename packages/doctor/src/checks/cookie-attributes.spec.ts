import { describe, expect, test } from '@jest/globals';
import { diagnose } from '../diagnose.js';
import { bareLoad, type Load } from '../evidence/evidence.js';
import { joinEvidence } from '../evidence/join-evidence.js';

const PAGE = 'https://app.example.com';

function grantWith(domain: string): Load {
  const line = `CloudFront-Signature=c2lnbmF0dXJl; Domain=${domain}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=900`;
  return {
    ...bareLoad('har', 'HAR entry 1', 'https://api.example.com/grants'),
    method: 'POST',
    page: PAGE,
    mode: 'cors',
    status: 201,
    headers: [
      ['Access-Control-Allow-Origin', PAGE],
      ['Access-Control-Allow-Credentials', 'true'],
      ['Set-Cookie', line],
    ],
  };
}

const REFUSED: Load = {
  ...bareLoad('har', 'HAR entry 2', 'https://cdn.example.com/a.svg'),
  page: PAGE,
  mode: 'no-cors',
  dest: 'image',
  cookies: [],
  status: 403,
  headers: [['Server', 'CloudFront']],
  failed: true,
};

describe('a Domain that the API is not in', () => {
  test.each([
    ['cdn.example.com', 'Set Domain=example.com, the parent that api.example.com and cdn.example.com share.'],
    ['d111111abcdef8.cloudfront.net', 'Set Domain=example.com.'],
    [
      'example.org',
      'Open the API by a name below example.org, such as https://api.example.org, and call it there.',
    ],
  ])('%s: %s', (domain, fix) => {
    const { rootCause } = diagnose(
      joinEvidence([{ loads: [grantWith(domain), REFUSED] }], { nowMilliseconds: 0 }),
    );
    expect([rootCause?.id, rootCause?.fix.text]).toEqual(['domain-of-another-host', fix]);
  });
});
