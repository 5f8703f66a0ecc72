import { list } from '../support/edge-fixture.js';
import type { FolderInput } from '../support/edge-fixture.js';
import { CORS_S3_ORIGIN, distributionInput, GOOD_POLICY, PAGE } from './stage.js';

/** A distribution's JSON with a fault, and the cause and setting that must be named. */
export interface Configured {
  readonly entry: string;
  readonly how: string;
  readonly id: string;
  /** The setting, as the fix names it. */
  readonly where: string;
  readonly input: FolderInput;
  readonly url?: string;
  readonly app?: string;
  /** Settings of edgepass beside it. */
  readonly settings?: string;
}

const rule = (origins: readonly string[]) => ({
  CORSRules: [{ AllowedOrigins: origins, AllowedMethods: ['GET'], AllowedHeaders: ['*'] }],
});
const cors = (change: object) => ({ ...GOOD_POLICY, CorsConfig: { ...GOOD_POLICY.CorsConfig, ...change } });
const MANAGED_PREFLIGHT = '5cc3b908-e619-4b99-88e5-2cf7f45965bd';
const SIMPLE_CORS = '60669652-455b-4ae9-85a4-c4c02393f86c';

export const CONFIGURED: readonly Configured[] = [
  {
    entry: 'F4',
    how: 'no alternate domain name',
    id: 'cloudfront-name',
    where: 'distribution, Aliases',
    input: distributionInput({ config: { Aliases: list([]) } }),
    url: 'https://d111111abcdef8.cloudfront.net/a.png',
  },
  {
    entry: 'F28',
    how: 'CORS-With-Preflight, Origin not passed on (first article)',
    id: 'wildcard-with-credentials',
    where: 'response headers policy "CORS-With-Preflight", CorsConfig.AccessControlAllowOrigins',
    input: distributionInput({
      policy: null,
      behavior: { ResponseHeadersPolicyId: MANAGED_PREFLIGHT },
      bucketCors: rule([PAGE]),
    }),
  },
  {
    entry: 'F28',
    how: 'the bucket allows * and Origin is passed on (second article)',
    id: 'wildcard-with-credentials',
    where: 'CORS rules of the bucket behind origin "media", AllowedOrigins',
    input: distributionInput({
      policy: null,
      bucketCors: rule(['*']),
      behavior: { OriginRequestPolicyId: CORS_S3_ORIGIN },
    }),
  },
  {
    entry: 'F28',
    how: 'the policy is right, and the bucket’s * silences it',
    id: 'wildcard-with-credentials',
    where:
      'response headers policy "pages", CorsConfig.OriginOverride: false, so CORS rules of the bucket behind origin "media" decides',
    input: distributionInput({
      policy: cors({ OriginOverride: false }),
      bucketCors: rule(['*']),
      behavior: { OriginRequestPolicyId: CORS_S3_ORIGIN },
    }),
  },
  {
    entry: 'F28',
    how: 'SimpleCORS on the behavior of the file alone',
    id: 'wildcard-with-credentials',
    where: 'response headers policy "SimpleCORS", CorsConfig.AccessControlAllowOrigins',
    input: distributionInput({
      behaviors: [
        {
          PathPattern: '/courses/*',
          TargetOriginId: 'media',
          ViewerProtocolPolicy: 'https-only',
          AllowedMethods: { ...list(['HEAD', 'GET']), CachedMethods: list(['HEAD', 'GET']) },
          TrustedKeyGroups: { Enabled: true, ...list(['group-viewers']) },
          CachePolicyId: '658327ea-f89d-4fab-a63d-7e88639e58f6',
          ResponseHeadersPolicyId: SIMPLE_CORS,
        },
      ],
    }),
    url: 'https://cdn.example.com/courses/algebra/1.svg',
  },
  {
    entry: 'F29',
    how: 'credentials are not allowed',
    id: 'credentials-not-allowed',
    where: 'response headers policy "pages", CorsConfig.AccessControlAllowCredentials',
    input: distributionInput({ policy: cors({ AccessControlAllowCredentials: false }) }),
  },
  {
    entry: 'F30',
    how: 'the policy lists the page without its port',
    id: 'allowed-origin-differs',
    where: 'response headers policy "pages", CorsConfig.AccessControlAllowOrigins',
    input: distributionInput({}),
    app: `${PAGE}:3000`,
  },
  {
    entry: 'F30',
    how: 'the bucket lists the page with http',
    id: 'allowed-origin-differs',
    where: 'CORS rules of the bucket behind origin "media", AllowedOrigins',
    input: distributionInput({
      policy: null,
      bucketCors: rule([PAGE.replace('https', 'http')]),
      behavior: { OriginRequestPolicyId: CORS_S3_ORIGIN },
    }),
  },
  {
    entry: 'F31',
    how: 'Origin is passed on and not in the key, two apps',
    id: 'other-origins-copy',
    where: 'behavior "*", CachePolicyId',
    input: distributionInput({
      policy: null,
      bucketCors: rule([PAGE, 'https://admin.example.com']),
      behavior: { OriginRequestPolicyId: CORS_S3_ORIGIN },
    }),
  },
  {
    entry: 'F31',
    how: 'the same with a pattern of origins',
    id: 'other-origins-copy',
    where: 'behavior "*", CachePolicyId',
    input: distributionInput({
      policy: null,
      bucketCors: rule(['https://*.example.com']),
      behavior: { OriginRequestPolicyId: CORS_S3_ORIGIN },
    }),
  },
  {
    entry: 'F32',
    how: 'rules in the bucket, Origin not passed on (second article)',
    id: 'no-cors-headers',
    where: 'behavior "*", ResponseHeadersPolicyId: none; and Origin is not passed on to the bucket',
    input: distributionInput({ policy: null, bucketCors: rule([PAGE]) }),
  },
  {
    entry: 'F32',
    how: 'a policy with security headers alone',
    id: 'no-cors-headers',
    where: 'response headers policy "SecurityHeadersPolicy"; and Origin is not passed on to the bucket',
    input: distributionInput({
      policy: null,
      behavior: { ResponseHeadersPolicyId: '67f7725c-6f97-4210-82d7-5512b31e9d03' },
    }),
  },
  {
    entry: 'F32',
    how: 'a policy that lists other origins',
    id: 'no-cors-headers',
    where: 'response headers policy "pages", CorsConfig.AccessControlAllowOrigins',
    app: 'https://evil.example.com',
    input: distributionInput({}),
  },
  {
    entry: 'F3',
    how: 'settings of edgepass: the API on localhost',
    id: 'domain-of-another-host',
    where: '',
    input: distributionInput({}),
    settings:
      'PUBLIC_URL=https://localhost:3001\nAPP_ORIGINS=https://app.example.com\nCLOUDFRONT_DOMAIN=cdn.example.com\nCOOKIE_DOMAIN=example.com\n',
  },
  {
    entry: 'F8',
    how: 'settings of edgepass: COOKIE_DOMAIN=com',
    id: 'domain-public-suffix',
    where: '',
    input: distributionInput({}),
    settings:
      'PUBLIC_URL=https://api.example.com\nAPP_ORIGINS=https://app.example.com\nCLOUDFRONT_DOMAIN=https://cdn.example.com\nCOOKIE_DOMAIN=com\n',
  },
  {
    entry: 'F14',
    how: 'settings of edgepass: Lax for a page of another site',
    id: 'samesite-on-another-site',
    where: '',
    input: distributionInput({
      policy: cors({ AccessControlAllowOrigins: list(['https://app.other.org']) }),
    }),
    app: 'https://app.other.org',
    settings:
      'PUBLIC_URL=https://api.example.com\nAPP_ORIGINS=https://app.other.org\nCLOUDFRONT_DOMAIN=cdn.example.com\nCOOKIE_SAME_SITE=Lax\n',
  },
];
