import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CACHING_OPTIMIZED, rsaKey } from './edge-fixture.js';
import { temporaryFolder } from './temporary-folder.js';

export const KEY = rsaKey('K2JCJMDEHXQW5F');
export const CODE = 'function handler(event) { return event.request; }';

/** A template that has one of everything, with the long forms of functions: it is JSON as well as YAML. */
export function wholeTemplate(): Record<string, Record<string, unknown>> {
  const names = (items: readonly string[]) => ({ Items: items });
  return {
    Parameters: {
      AppOrigin: { Type: 'String', Default: 'https://app.example.com' },
      MaxAge: { Type: 'Number', Default: 600 },
    },
    Resources: {
      Media: {
        Type: 'AWS::S3::Bucket',
        Properties: {
          BucketName: 'media',
          CorsConfiguration: {
            CorsRules: [
              {
                Id: 'pages',
                AllowedHeaders: ['Range'],
                AllowedMethods: ['GET', 'HEAD'],
                AllowedOrigins: [{ Ref: 'AppOrigin' }],
                ExposedHeaders: ['ETag'],
                MaxAge: { Ref: 'MaxAge' },
              },
            ],
          },
          WebsiteConfiguration: {
            IndexDocument: 'index.html',
            ErrorDocument: 'error.html',
            RoutingRules: [
              {
                RoutingRuleCondition: { KeyPrefixEquals: 'old/', HttpErrorCodeReturnedEquals: 404 },
                RedirectRule: { ReplaceKeyPrefixWith: 'new/', HttpRedirectCode: '302' },
              },
            ],
          },
        },
      },
      Reading: {
        Type: 'AWS::S3::BucketPolicy',
        Properties: {
          Bucket: { Ref: 'Media' },
          PolicyDocument: {
            Statement: [
              {
                Effect: 'Allow',
                Principal: { Service: 'cloudfront.amazonaws.com' },
                Action: ['s3:GetObject', 's3:ListBucket'],
                Resource: [{ 'Fn::GetAtt': ['Media', 'Arn'] }, { 'Fn::Sub': '${Media.Arn}/*' }],
                Condition: {
                  StringEquals: {
                    'AWS:SourceArn': {
                      'Fn::Sub': 'arn:aws:cloudfront::${AWS::AccountId}:distribution/${Cdn}',
                    },
                  },
                },
              },
            ],
          },
        },
      },
      Access: {
        Type: 'AWS::CloudFront::OriginAccessControl',
        Properties: {
          OriginAccessControlConfig: {
            Name: 'media',
            OriginAccessControlOriginType: 's3',
            SigningBehavior: 'always',
            SigningProtocol: 'sigv4',
          },
        },
      },
      Key: {
        Type: 'AWS::CloudFront::PublicKey',
        Properties: { PublicKeyConfig: { CallerReference: '1', Name: 'key', EncodedKey: KEY.publicPem } },
      },
      Viewers: {
        Type: 'AWS::CloudFront::KeyGroup',
        Properties: { KeyGroupConfig: { Name: 'viewers', Items: [{ Ref: 'Key' }] } },
      },
      Rewrite: {
        Type: 'AWS::CloudFront::Function',
        Properties: { Name: 'rewrite', FunctionCode: CODE, FunctionConfig: { Runtime: 'cloudfront-js-2.0' } },
      },
      Caching: {
        Type: 'AWS::CloudFront::CachePolicy',
        Properties: {
          CachePolicyConfig: {
            Name: 'caching',
            MinTTL: 0,
            DefaultTTL: '60',
            MaxTTL: 3600,
            ParametersInCacheKeyAndForwardedToOrigin: {
              EnableAcceptEncodingGzip: true,
              EnableAcceptEncodingBrotli: 'true',
              HeadersConfig: { HeaderBehavior: 'whitelist', Headers: ['Origin'] },
              CookiesConfig: { CookieBehavior: 'allExcept', Cookies: ['session'] },
              QueryStringsConfig: { QueryStringBehavior: 'whitelist', QueryStrings: ['v'] },
            },
          },
        },
      },
      Asking: {
        Type: 'AWS::CloudFront::OriginRequestPolicy',
        Properties: {
          OriginRequestPolicyConfig: {
            Name: 'asking',
            HeadersConfig: { HeaderBehavior: 'allExcept', Headers: ['host'] },
            CookiesConfig: { CookieBehavior: 'all' },
            QueryStringsConfig: { QueryStringBehavior: 'none' },
          },
        },
      },
      Pages: {
        Type: 'AWS::CloudFront::ResponseHeadersPolicy',
        Properties: {
          ResponseHeadersPolicyConfig: {
            Name: 'pages',
            CorsConfig: {
              AccessControlAllowCredentials: true,
              AccessControlAllowHeaders: names(['Range']),
              AccessControlAllowMethods: names(['GET', 'HEAD']),
              AccessControlAllowOrigins: names(['https://app.example.com']),
              AccessControlExposeHeaders: names(['ETag']),
              AccessControlMaxAgeSec: { Ref: 'MaxAge' },
              OriginOverride: true,
            },
            CustomHeadersConfig: { Items: [{ Header: 'Vary', Value: 'Origin', Override: true }] },
            RemoveHeadersConfig: { Items: [{ Header: 'x-powered-by' }] },
            SecurityHeadersConfig: {
              ContentTypeOptions: { Override: true },
              StrictTransportSecurity: { AccessControlMaxAgeSec: 63072000, Override: false, Preload: true },
            },
          },
        },
      },
      Cdn: {
        Type: 'AWS::CloudFront::Distribution',
        Properties: {
          DistributionConfig: {
            Aliases: ['cdn.example.com'],
            DefaultRootObject: 'index.html',
            Enabled: true,
            IPV6Enabled: true,
            HttpVersion: 'http2and3',
            Origins: [
              {
                Id: 'media',
                DomainName: { 'Fn::GetAtt': ['Media', 'RegionalDomainName'] },
                OriginAccessControlId: { 'Fn::GetAtt': ['Access', 'Id'] },
                S3OriginConfig: { OriginAccessIdentity: '' },
                OriginPath: '/v1',
                OriginCustomHeaders: [{ HeaderName: 'X-From', HeaderValue: 'cdn' }],
              },
              {
                Id: 'api',
                DomainName: 'api.example.com',
                ConnectionAttempts: 2,
                CustomOriginConfig: {
                  OriginProtocolPolicy: 'https-only',
                  OriginSSLProtocols: ['TLSv1.2'],
                  OriginReadTimeout: '45',
                },
              },
              {
                Id: 'pages',
                DomainName: {
                  'Fn::Select': [2, { 'Fn::Split': ['/', { 'Fn::GetAtt': ['Media', 'WebsiteURL'] }] }],
                },
                CustomOriginConfig: { OriginProtocolPolicy: 'http-only' },
              },
            ],
            OriginGroups: {
              Quantity: 1,
              Items: [
                {
                  Id: 'both',
                  FailoverCriteria: { StatusCodes: { Quantity: 1, Items: [503] } },
                  Members: { Quantity: 2, Items: [{ OriginId: 'media' }, { OriginId: 'api' }] },
                },
              ],
            },
            CacheBehaviors: [
              {
                PathPattern: '/api/*',
                TargetOriginId: 'api',
                ViewerProtocolPolicy: 'https-only',
                AllowedMethods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'],
                CachedMethods: ['GET', 'HEAD', 'OPTIONS'],
                ForwardedValues: { QueryString: true, Headers: ['Authorization'] },
              },
              {
                PathPattern: '/both/*',
                TargetOriginId: 'both',
                ViewerProtocolPolicy: 'allow-all',
                CachedMethods: ['GET', 'HEAD'],
                CachePolicyId: CACHING_OPTIMIZED,
              },
            ],
            DefaultCacheBehavior: {
              TargetOriginId: 'media',
              ViewerProtocolPolicy: 'redirect-to-https',
              Compress: true,
              TrustedKeyGroups: [{ Ref: 'Viewers' }],
              CachePolicyId: { Ref: 'Caching' },
              OriginRequestPolicyId: { Ref: 'Asking' },
              ResponseHeadersPolicyId: { Ref: 'Pages' },
              FunctionAssociations: [
                { EventType: 'viewer-request', FunctionARN: { 'Fn::GetAtt': ['Rewrite', 'FunctionARN'] } },
              ],
            },
            CustomErrorResponses: [
              { ErrorCode: 404, ResponseCode: 200, ResponsePagePath: '/404.html', ErrorCachingMinTTL: 0 },
            ],
            ViewerCertificate: { AcmCertificateArn: 'arn', SslSupportMethod: 'sni-only' },
          },
        },
      },
    },
  };
}

export const EDGE = {
  origins: {
    media: { folder: 'media' },
    api: { url: 'http://localhost:4000' },
    pages: { folder: 'media' },
  },
  stack: { physicalIds: { Key: KEY.id } },
};

/** Writes a template, with edge.json and an empty folder for the bucket beside it. */
export function writeTemplate(
  template: string | object,
  edge: object | null = EDGE,
  name = 'template.yaml',
): string {
  const folder = temporaryFolder('template');
  mkdirSync(join(folder, 'media'));
  const text = typeof template === 'string' ? template : JSON.stringify(template, undefined, 2);
  writeFileSync(join(folder, name), text);
  if (edge !== null) writeFileSync(join(folder, 'edge.json'), JSON.stringify(edge));
  return join(folder, name);
}
