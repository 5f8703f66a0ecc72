import { describe, expect, it } from '@jest/globals';
import {
  behavior,
  list,
  rsaKey,
  writeFolder,
  type FolderInput,
} from '../../../../test/support/edge-fixture.js';
import { readDistribution } from './read-distribution.js';

const KEY = rsaKey('KRSA1');
const CORS = {
  AccessControlAllowOrigins: list(['https://app.example.com']),
  AccessControlAllowHeaders: list([]),
  AccessControlAllowMethods: list(['GET']),
  AccessControlAllowCredentials: true,
  OriginOverride: true,
};
const unfollowedIn = (input: FolderInput) =>
  readDistribution(writeFolder({ keys: [KEY], ...input }).folder).unfollowed;

describe('what the edge does not follow', () => {
  it('is not reported for members that change no answer', () => {
    expect(
      unfollowedIn({
        config: {
          Comment: 'x',
          PriceClass: 'PriceClass_All',
          Enabled: true,
          CustomErrorResponses: { Quantity: 0 },
          OriginGroups: { Quantity: 0 },
          Logging: { Enabled: true },
          WebACLId: '',
          HttpVersion: 'http2and3',
          Restrictions: { GeoRestriction: { RestrictionType: 'none', Quantity: 0 } },
          ViewerCertificate: { ACMCertificateArn: 'arn' },
        },
        defaultBehavior: behavior({
          Compress: false,
          SmoothStreaming: false,
          FunctionAssociations: { Quantity: 0 },
          FieldLevelEncryptionId: '',
          CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
          GrpcConfig: { Enabled: false },
        }),
      }),
    ).toEqual([]);
  });

  it('is named once for each distinct member', () => {
    const members = { SmoothStreaming: true };
    expect(
      unfollowedIn({
        config: { Tomorrow: { Enabled: true } },
        defaultBehavior: behavior(members),
        behaviors: [
          behavior({ ...members, PathPattern: '/a/*' }),
          behavior({ ...members, PathPattern: '/b/*' }),
        ],
        policies: { p: { ServerTimingHeadersConfig: { Enabled: true, SamplingRate: 50 } } },
        extra: {
          'cache-policies/c.json': {
            CachePolicy: {
              CachePolicyConfig: {
                ParametersInCacheKeyAndForwardedToOrigin: {
                  HeadersConfig: { Headers: list(['CloudFront-Viewer-Country', 'Origin']) },
                },
              },
            },
          },
          'origin-request-policies/o.json': {
            OriginRequestPolicy: {
              OriginRequestPolicyConfig: {
                HeadersConfig: { Headers: list(['cloudfront-is-mobile-viewer']) },
              },
            },
          },
        },
      }),
    ).toEqual([
      'distribution.json DistributionConfig.Tomorrow: this edge does not know it',
      'distribution.json DistributionConfig.DefaultCacheBehavior.SmoothStreaming: Smooth Streaming is not followed',
      'distribution.json DistributionConfig.CacheBehaviors.Items[].SmoothStreaming: Smooth Streaming is not followed',
      'response-headers-policies/p.json ResponseHeadersPolicy.ResponseHeadersPolicyConfig.ServerTimingHeadersConfig: no Server-Timing header is sent',
      'cache-policies/c.json CachePolicy.CachePolicyConfig.ParametersInCacheKeyAndForwardedToOrigin.HeadersConfig.Headers.Items CloudFront-Viewer-Country: the edge makes no CloudFront-* headers',
      'origin-request-policies/o.json OriginRequestPolicy.OriginRequestPolicyConfig.HeadersConfig.Headers.Items cloudfront-is-mobile-viewer: the edge makes no CloudFront-* headers',
    ]);
  });

  it('is named inside policies and error responses too', () => {
    expect(
      unfollowedIn({
        config: {
          CustomErrorResponses: list([{ ErrorCode: 404, ErrorCachingMinTTL: 1, ResponseHeaders: 'x' }]),
        },
        policies: {
          p: {
            CorsConfig: { ...CORS, AccessControlAllowPrivateNetwork: true },
            SecurityHeadersConfig: { PermissionsPolicy: { Override: true } },
          },
        },
      }),
    ).toEqual([
      'response-headers-policies/p.json ResponseHeadersPolicy.ResponseHeadersPolicyConfig.CorsConfig.AccessControlAllowPrivateNetwork: this edge does not know it',
      'response-headers-policies/p.json ResponseHeadersPolicy.ResponseHeadersPolicyConfig.SecurityHeadersConfig.PermissionsPolicy: this edge does not know it',
      'distribution.json DistributionConfig.CustomErrorResponses.Items[].ResponseHeaders: this edge does not know it',
    ]);
  });

  it('is not reported for an origin that no behavior uses', () => {
    const origins = [
      { Id: 'media', OriginPath: '' },
      { Id: 'unused', CustomOriginConfig: { HTTPPort: 80 } },
    ];
    expect(unfollowedIn({ config: { Origins: list(origins) } })).toEqual([]);
  });
});
