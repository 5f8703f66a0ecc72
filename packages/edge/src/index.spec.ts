import { describe, expect, it } from '@jest/globals';
import {
  behavior,
  cookieHeader,
  list,
  NOW,
  openBehavior,
  policyText,
  rsaKey,
  signPolicy,
  writeFolder,
} from '../../../test/support/edge-fixture.js';
import {
  applyPolicy,
  authorizeViewer,
  bucketCorsHeaders,
  findBehavior,
  formatFolderProblem,
  readDistribution,
} from './index.js';

const KEY = rsaKey('KVIEWER1');
const APP = 'https://app.example.com';

function distribution() {
  const { folder } = writeFolder({
    keys: [KEY],
    defaultBehavior: behavior({ ResponseHeadersPolicyId: 'pages' }),
    behaviors: [openBehavior({ PathPattern: '/public/*' })],
    policies: {
      pages: {
        CorsConfig: {
          AccessControlAllowOrigins: list([APP]),
          AccessControlAllowHeaders: list([]),
          AccessControlAllowMethods: list(['GET']),
          AccessControlAllowCredentials: true,
          OriginOverride: true,
        },
      },
    },
    edge: { publicHosts: { 'cdn.localhost:3002': 'cdn.example.com' } },
    extra: { 'bucket-cors.json': { CORSRules: [{ AllowedOrigins: ['*'], AllowedMethods: ['GET'] }] } },
  });
  const result = readDistribution(folder);
  if ('problems' in result) throw new Error(result.problems.map(formatFolderProblem).join('\n'));
  return result.distribution;
}

describe('a program that asks a distribution', () => {
  const given = distribution();

  it('learns which behavior decides about a path', () => {
    expect(findBehavior(given, '/public/%61//b').pathPattern).toBe('/public/*');
    expect(findBehavior(given, '/private/a').pathPattern).toBe('*');
  });

  it.each([
    ['/private/a', NOW, null],
    ['/private/a', NOW + 3600, { code: 'AccessDenied', reason: 'expired' }],
    ['/other', NOW, { code: 'AccessDenied', reason: 'resource-does-not-cover-url' }],
    ['/public/a', NOW + 3600, null],
  ])('learns whether cookies open %s at %d', (path, nowEpochSeconds, refusal) => {
    const cookie = cookieHeader(signPolicy(policyText('https://cdn.example.com/private/*'), KEY));
    const request = {
      protocol: 'https' as const,
      host: 'cdn.localhost:3002',
      path,
      query: null,
      headers: { cookie },
      peerAddress: '192.0.2.7',
    };
    const found = findBehavior(given, path);
    expect(authorizeViewer(request, { distribution: given, behavior: found, nowEpochSeconds })).toEqual({
      refusal,
      notices: [],
    });
  });

  it('learns which CORS headers the bucket and the response headers policy put on an answer', () => {
    const request = { method: 'GET', headers: { origin: APP } };
    const cors = given.origins.get('media')?.bucketCors;
    const policy = findBehavior(given, '/').responseHeadersPolicy;
    if (cors === undefined || cors === null || policy === null) throw new Error('the fixture has both');
    const fromBucket = bucketCorsHeaders(cors, request);
    expect(fromBucket).toContainEqual(['Access-Control-Allow-Origin', '*']);
    expect(applyPolicy(fromBucket, policy, request)).toEqual([
      ['Access-Control-Allow-Origin', APP],
      ['Access-Control-Allow-Methods', 'GET'],
      ['Vary', 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'],
      ['Access-Control-Allow-Credentials', 'true'],
    ]);
    expect(bucketCorsHeaders(cors, { method: 'GET', headers: {} })).toEqual([]);
  });
});
