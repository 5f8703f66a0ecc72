import { Duration, Token } from 'aws-cdk-lib';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  AllowedMethods,
  CachedMethods,
  CachePolicy,
  Distribution,
  HttpVersion,
  KeyGroup,
  PublicKey,
  ResponseHeadersPolicy,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { BlockPublicAccess, Bucket, HttpMethods, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';

/** What a distribution of private files needs to know. */
export interface PrivateFilesProps {
  /** Host name of the files, a sibling of the API's: `cdn.example.com`. */
  readonly domainName: string;
  /** Certificate of that name, in us-east-1. */
  readonly certificate: ICertificate;
  /** Exact origins of the pages that read files, `https://app.example.com`: what `APP_ORIGINS` says. */
  readonly pageOrigins: readonly string[];
  /**
   * Public keys in PEM by a name of yours; `edgepass keys ecdsa` makes a pair. CloudFront never changes a key: put
   * another one beside the first, let the API sign with it, then take the first away.
   */
  readonly publicKeys: Readonly<Record<string, string>>;
  /** Which sites may show files in `<img>`, `<video>` and `<script>`. @default 'same-site' */
  readonly resourcePolicy?: 'same-site' | 'cross-origin';
}

const EXPOSED_HEADERS = ['Accept-Ranges', 'Content-Encoding', 'Content-Length', 'Content-Range', 'ETag'];
const MAX_AGE = Duration.minutes(10);

/**
 * The set-up that edgepass recommends: a bucket of private files and a distribution that sends them to viewers with
 * signed cookies. The reason for each setting: docs/recommended-distribution.md of edgepass.
 *
 * @throws Error for a page origin that is none, or without a public key
 * @example
 * new PrivateFiles(this, 'Files', {
 *   domainName: 'cdn.example.com',
 *   certificate,
 *   pageOrigins: ['https://app.example.com'],
 *   publicKeys: { '2026-11': readFileSync('cloudfront-public.pem', 'utf8') },
 * });
 */
export class PrivateFiles extends Construct {
  readonly bucket: Bucket;
  readonly distribution: Distribution;
  readonly keyGroup: KeyGroup;
  /** By the names of `publicKeys`; `publicKeyId` is the `CLOUDFRONT_KEY_PAIR_ID`. */
  readonly publicKeys: Readonly<Record<string, PublicKey>>;

  constructor(scope: Construct, id: string, props: PrivateFilesProps) {
    super(scope, id);
    const pageOrigins = props.pageOrigins.map(checkedOrigin);
    if (pageOrigins.length === 0) throw new Error('pageOrigins: expected at least one origin, found none');
    if (Object.keys(props.publicKeys).length === 0) {
      throw new Error('publicKeys: expected at least one public key, found none');
    }
    this.bucket = new Bucket(this, 'Media', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      cors: [
        {
          allowedOrigins: pageOrigins,
          allowedMethods: [HttpMethods.GET, HttpMethods.HEAD],
          allowedHeaders: ['Range'],
          exposedHeaders: EXPOSED_HEADERS,
          maxAge: MAX_AGE.toSeconds(),
        },
      ],
    });
    this.publicKeys = Object.fromEntries(
      Object.entries(props.publicKeys).map(([name, encodedKey]) => [
        name,
        new PublicKey(this, `Key${name}`, { encodedKey }),
      ]),
    );
    this.keyGroup = new KeyGroup(this, 'Viewers', { items: Object.values(this.publicKeys) });
    const pages = new ResponseHeadersPolicy(this, 'Pages', {
      corsBehavior: {
        accessControlAllowOrigins: pageOrigins,
        accessControlAllowCredentials: true,
        accessControlAllowMethods: ['GET', 'HEAD'],
        accessControlAllowHeaders: ['Range'],
        accessControlExposeHeaders: EXPOSED_HEADERS,
        accessControlMaxAge: MAX_AGE,
        originOverride: true,
      },
      customHeadersBehavior: {
        customHeaders: [
          { header: 'Vary', value: 'Origin', override: true },
          {
            header: 'Cross-Origin-Resource-Policy',
            value: props.resourcePolicy ?? 'same-site',
            override: true,
          },
        ],
      },
    });
    this.distribution = new Distribution(this, 'Distribution', {
      domainNames: [props.domainName],
      certificate: props.certificate,
      httpVersion: HttpVersion.HTTP2_AND_3,
      defaultBehavior: {
        origin: S3BucketOrigin.withOriginAccessControl(this.bucket, { originId: 'media' }),
        viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        allowedMethods: AllowedMethods.ALLOW_GET_HEAD,
        cachedMethods: CachedMethods.CACHE_GET_HEAD,
        compress: true,
        trustedKeyGroups: [this.keyGroup],
        cachePolicy: CachePolicy.CACHING_OPTIMIZED,
        responseHeadersPolicy: pages,
      },
    });
  }
}

/** CloudFront compares whole origins; a slash or a path at the end would fit none. */
function checkedOrigin(text: string): string {
  if (Token.isUnresolved(text) || /^https?:\/\/[a-z0-9.-]+(?::\d{1,5})?$/.test(text)) return text;
  throw new Error(`pageOrigins: expected an origin such as https://app.example.com, found ${text}`);
}
