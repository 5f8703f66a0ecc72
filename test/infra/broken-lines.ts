import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { readDistribution } from '../../packages/edge/src/distribution/read-distribution.js';
import { startEdgeServer } from '../../packages/edge/src/server.js';
import { addPrivateFile } from '../browser/private-file.js';
import {
  cookieHeader,
  distributionOf,
  NOW,
  policyText,
  rsaKey,
  signPolicy,
} from '../support/edge-fixture.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { makeTestCertificates, type TestCertificates } from '../support/test-certificates.js';

export const PAGE = 'https://app.edgepass.localhost';
export const CDN_HOST = 'cdn.edgepass.localhost';
export const TEMPLATE = readFileSync(new URL('../../infra/cloudformation.yaml', import.meta.url), 'utf8');

/** What people expect of the set-up, each step with a file of its own. */
export type Step =
  /** Without cookies a file is refused. */
  | 'closed'
  /** With them a plain `<img>` shows it, */
  | 'image'
  /** also in a page that embeds only what allows it (COEP: require-corp). */
  | 'isolated'
  /** A script of the page reads it with `fetch`, */
  | 'script'
  /** also after an `<img>` of the same address, */
  | 'script-after-image'
  /** and reads its ETag. */
  | 'header';

export const STEPS: readonly Step[] = [
  'closed',
  'image',
  'isolated',
  'script',
  'script-after-image',
  'header',
];
const NOTHING_OPENS: readonly Step[] = ['image', 'isolated', 'script', 'script-after-image', 'header'];
const NO_SCRIPT_READS: readonly Step[] = ['script', 'script-after-image', 'header'];

/** A line of the template, what it is changed into, and the steps that then fail. */
export interface BrokenLine {
  readonly what: string;
  readonly from: string;
  readonly to: string;
  readonly fails: readonly Step[];
  /** Whether `npm test` shows it to the browser too; all of them: `npm run whole`. */
  readonly isSample?: true;
}

export const BROKEN_LINES: readonly BrokenLine[] = [
  {
    what: 'no key group is trusted',
    from: 'TrustedKeyGroups: [!Ref Viewers]',
    to: 'TrustedKeyGroups: []',
    fails: ['closed'],
  },
  {
    what: 'the key is in no group',
    from: '- !If [HasFirstKey, !Ref FirstKey, !Ref AWS::NoValue]',
    to: '- !Ref AWS::NoValue',
    fails: NOTHING_OPENS,
  },
  {
    what: 'another key has its place',
    from: 'EncodedKey: !Ref FirstPublicKey',
    to: 'EncodedKey: !Ref SecondPublicKey',
    fails: NOTHING_OPENS,
  },
  {
    what: 'another page is listed',
    from: 'AccessControlAllowOrigins: { Items: !Ref PageOrigins }',
    to: 'AccessControlAllowOrigins: { Items: ["https://www.example.com"] }',
    fails: NO_SCRIPT_READS,
    isSample: true,
  },
  {
    what: 'credentials are not allowed',
    from: 'AccessControlAllowCredentials: true',
    to: 'AccessControlAllowCredentials: false',
    fails: NO_SCRIPT_READS,
  },
  {
    what: 'ETag is not exposed',
    from: 'Items: [Accept-Ranges, Content-Encoding, Content-Length, Content-Range, ETag]',
    to: 'Items: [Accept-Ranges, Content-Encoding, Content-Length, Content-Range]',
    fails: ['header'],
  },
  {
    what: 'Vary is not sent',
    from: '- { Header: Vary, Value: Origin, Override: true }',
    to: '- { Header: X-Vary, Value: Origin, Override: true }',
    fails: ['script-after-image'],
  },
  {
    what: 'no resource policy is sent',
    from: '- { Header: Cross-Origin-Resource-Policy, Value: !Ref ResourcePolicy, Override: true }',
    to: '',
    fails: ['isolated'],
  },
  {
    what: 'the resource policy is that of one host',
    from: 'Value: !Ref ResourcePolicy,',
    to: 'Value: same-origin,',
    fails: ['image', 'isolated'],
  },
  {
    what: 'the behavior has no response headers policy',
    from: 'ResponseHeadersPolicyId: !Ref Pages',
    to: '',
    fails: ['isolated', ...NO_SCRIPT_READS],
  },
  {
    what: 'Host goes to the bucket',
    from: 'ResponseHeadersPolicyId: !Ref Pages',
    to: 'ResponseHeadersPolicyId: !Ref Pages\n          OriginRequestPolicyId: 216adef6-5c7f-47e4-b989-5492eafa07d3',
    fails: NOTHING_OPENS,
  },
  {
    what: 'the host name is no alias',
    from: 'Aliases: [!Ref DomainName]',
    to: 'Aliases: [files.example.com]',
    fails: NOTHING_OPENS,
  },
  {
    what: 'requests to the bucket are not signed',
    from: 'OriginAccessControlId: !GetAtt OriginAccess.Id',
    to: '',
    fails: NOTHING_OPENS,
  },
  {
    what: 'the access control never signs',
    from: 'SigningBehavior: always',
    to: 'SigningBehavior: never',
    fails: NOTHING_OPENS,
  },
  { what: 'the bucket policy denies', from: 'Effect: Allow', to: 'Effect: Deny', fails: NOTHING_OPENS },
  {
    what: 'the bucket policy is for another service',
    from: 'Service: cloudfront.amazonaws.com',
    to: 'Service: s3.amazonaws.com',
    fails: NOTHING_OPENS,
  },
  {
    what: 'the bucket policy allows something else',
    from: 'Action: s3:GetObject',
    to: 'Action: s3:PutObject',
    fails: NOTHING_OPENS,
  },
  {
    what: 'the bucket policy allows other objects',
    from: "            Resource: !Sub '${Media.Arn}/*'",
    to: "            Resource: !Sub '${Media.Arn}/public/*'",
    fails: NOTHING_OPENS,
  },
];

/** The beginnings of the lines of `Resources` that decide nothing a browser of these steps can see, and why. */
export const UNSEEN: readonly (readonly [beginning: string, why: string])[] = [
  ['DeletionPolicy:', 'files outlive the stack'],
  ['UpdateReplacePolicy:', 'files outlive the stack'],
  ['BlockPublicAcls:', 'against settings that someone adds to the bucket later'],
  ['BlockPublicPolicy:', 'as above'],
  ['IgnorePublicAcls:', 'as above'],
  ['RestrictPublicBuckets:', 'as above'],
  ['Rules: [{ ObjectOwnership', 'uploads of other accounts belong to the bucket'],
  [
    '- AllowedOrigins:',
    'the rules of the bucket are for those who ask it directly, with a presigned address',
  ],
  ['AllowedMethods: [GET, HEAD]', 'as above; in the behavior: pages of this kind send no other method'],
  ['AllowedHeaders: [Range]', 'as above'],
  ['ExposedHeaders:', 'as above'],
  ['MaxAge: 600', 'as above'],
  ['Bucket: !Ref Media', 'a bucket without a policy in the template is taken for one that has it elsewhere'],
  ['Version:', 'the language of policies'],
  ['- Effect: Deny', 'against requests over plain HTTP, which CloudFront does not make here'],
  ["Principal: { AWS: '*' }", 'as above'],
  ['Action: s3:*', 'as above'],
  ['Resource: [!GetAtt', 'as above'],
  ['Condition: { Bool:', 'as above'],
  ['AWS:SourceArn:', 'against distributions of others; the id that AWS made is not known here'],
  ['Name:', 'a name'],
  ['CallerReference:', 'a name'],
  ['Comment:', 'a name'],
  ['OriginAccessControlOriginType: s3', 'the only value for a bucket'],
  ['SigningProtocol: sigv4', 'the only value'],
  ['Condition: Has', 'whether there is a key in this place'],
  ['EncodedKey: !Ref SecondPublicKey', 'the other place for a key'],
  ['- !If [HasSecondKey', 'the other place for a key'],
  ['AccessControlAllowMethods:', 'no preflight reaches a behavior with signed cookies (R46)'],
  ['AccessControlAllowHeaders:', 'as above'],
  ['AccessControlMaxAgeSec:', 'as above'],
  ['OriginOverride: true', 'the bucket gets no Origin and sends no CORS headers that it would override'],
  ['Enabled: true', 'the edge answers all the same'],
  ['HttpVersion:', 'the edge speaks HTTP/1.1'],
  ['IPV6Enabled:', 'the address is that of the edge'],
  ['AcmCertificateArn:', 'the certificate is that of edge.json'],
  ['MinimumProtocolVersion:', 'as above'],
  ['SslSupportMethod:', 'as above'],
  ['- Id: media', 'a name; another one than TargetOriginId is a mistake at start'],
  ['TargetOriginId: media', 'as above'],
  ['DomainName: !GetAtt', 'what stands behind the origin is named in edge.json'],
  ["S3OriginConfig: { OriginAccessIdentity: '' }", 'CloudFront wants it for a bucket'],
  ['ViewerProtocolPolicy:', 'nobody asks over plain HTTP; with cookies that are Secure nothing opens there'],
  ['CachedMethods:', 'the least that AWS takes'],
  ['Compress: true', 'size alone'],
  ['CachePolicyId:', 'time alone'],
  ['#', 'a comment'],
];

/** An edge whose template can be changed under it. */
export interface TemplateEdge {
  readonly origin: string;
  /** Of the page's host too. */
  readonly certificates: TestCertificates;
  /** The cookies of a viewer who may open everything, as a header. */
  readonly cookie: string;
  /** Another file, which nobody has asked for yet. */
  newFile(): string;
  /** Goes on with another text of the template. */
  read(text: string): void;
}

const closing: (() => Promise<void>)[] = [];

/** Starts the edge on `infra/cloudformation.yaml`, over HTTPS, for the page {@link PAGE}. */
export async function startTemplateEdge(): Promise<TemplateEdge> {
  const folder = temporaryFolder('broken-lines');
  const certificates = await makeTestCertificates([CDN_HOST, new URL(PAGE).hostname]);
  const key = rsaKey('K2JCJMDEHXQW5F');
  const media = join(folder, 'media');
  addPrivateFile(media, 'courses');
  writeFileSync(join(folder, 'certificate.pem'), certificates.certificatePem);
  writeFileSync(join(folder, 'key.pem'), certificates.keyPem, { mode: 0o600 });
  writeFileSync(
    join(folder, 'edge.json'),
    JSON.stringify({
      origins: { media: { folder: 'media' } },
      tls: { certFile: 'certificate.pem', keyFile: 'key.pem' },
      stack: { physicalIds: { FirstKey: key.id } },
    }),
  );
  const parameters = new Map([
    ['DomainName', CDN_HOST],
    ['CertificateArn', 'arn:aws:acm:us-east-1:111122223333:certificate/1'],
    ['PageOrigins', PAGE],
    ['FirstPublicKey', key.publicPem],
    ['SecondPublicKey', rsaKey('KOTHER').publicPem],
  ]);
  const distributionFrom = (text: string) => {
    writeFileSync(join(folder, 'template.yaml'), text);
    return distributionOf(readDistribution(join(folder, 'template.yaml'), { parameters }));
  };
  const server = await startEdgeServer({
    distribution: distributionFrom(TEMPLATE),
    host: '127.0.0.1',
    port: 0,
    plainHttp: false,
    clock: { nowEpochSeconds: () => NOW },
    writeLine: () => undefined,
  });
  closing.push(() => server.close());
  const origin = `https://${CDN_HOST}:${server.port}`;
  return {
    origin,
    certificates,
    cookie: cookieHeader(signPolicy(policyText(`${origin}/*`), key)),
    newFile: () => `${origin}/${addPrivateFile(media, 'courses')}`,
    read: (text) => server.reload(distributionFrom(text)),
  };
}

/** The template with one line changed. */
export function withBrokenLine({ from, to }: BrokenLine): string {
  const text = TEMPLATE.replace(from, () => to);
  if (text === TEMPLATE) throw new Error(`expected the template to hold ${from}`);
  return text;
}

afterAll(async () => {
  await Promise.all(closing.map((close) => close()));
});
