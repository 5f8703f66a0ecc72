import { CloudFrontClient, CreateInvalidationCommand } from '@aws-sdk/client-cloudfront';
import { afterAll } from '@jest/globals';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ControlServer, startControlServer } from '../../packages/edge/src/control/control-server.js';
import type { Distribution } from '../../packages/edge/src/distribution/distribution.js';
import { readDistribution } from '../../packages/edge/src/distribution/read-distribution.js';
import { EdgeLog } from '../../packages/edge/src/edge-log.js';
import { type EdgeServer, startEdgeServer } from '../../packages/edge/src/server.js';
import type { Clock } from '../../src/operation/clock.js';
import { type TestKey, behavior, distributionOf, list, writeFolder } from '../support/edge-fixture.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { CDN } from './addresses.js';
import { CACHING_OPTIMIZED } from './policies.js';

/** Objects of this age: a browser would keep one without Cache-Control for a tenth of it (B84). */
const AGE_SECONDS = 10 * 365 * 86_400;

/** A distribution as somebody has set it up; without anything: CachingOptimized and no other policy. */
export interface CdnSettings {
  readonly cachePolicyId?: string;
  readonly originRequestPolicyId?: string;
  readonly responseHeadersPolicyId?: string;
  readonly allowedMethods?: readonly string[];
  /** ResponseHeadersPolicyConfig by id. */
  readonly responseHeadersPolicies?: Readonly<Record<string, object>>;
  /** CachePolicyConfig by id. */
  readonly cachePolicies?: Readonly<Record<string, object>>;
  /** The answer of get-bucket-cors; absent: the bucket has none. */
  readonly bucketCors?: object;
  /** The Cache-Control that every object was uploaded with. */
  readonly cacheControl?: string;
}

/** What the edge of the incidents needs to be the CDN of the stage. */
export interface CdnPlace {
  readonly key: TestKey;
  readonly certFile: string;
  readonly keyFile: string;
  readonly clock: Clock;
}

const open = new Set<Cdn>();

/** A local edge in the place of the distribution, and a bucket of its own behind it. */
export class Cdn {
  private readonly aws: CloudFrontClient;

  private constructor(
    private readonly place: CdnPlace,
    private readonly bucket: string,
    private readonly server: EdgeServer,
    private readonly control: ControlServer,
  ) {
    const credentials = { accessKeyId: 'nobody', secretAccessKey: 'checks it' };
    this.aws = new CloudFrontClient({ endpoint: control.url, region: 'us-east-1', credentials });
  }

  static async open(place: CdnPlace, settings: CdnSettings): Promise<Cdn> {
    const bucket = temporaryFolder('bucket');
    const { clock } = place;
    const server = await startEdgeServer({
      distribution: describe(place, bucket, settings),
      host: '127.0.0.1',
      port: 0,
      plainHttp: false,
      clock,
      writeLine: () => undefined,
    });
    const control = await startControlServer({
      host: '127.0.0.1',
      port: 0,
      distributionId: null,
      clock,
      log: new EdgeLog(() => undefined),
      invalidate: (paths) => server.invalidate(paths),
    });
    const cdn = new Cdn(place, bucket, server, control);
    open.add(cdn);
    return cdn;
  }

  get port(): number {
    return this.server.port;
  }

  /** Uploads an object; gives its address. */
  upload(key: string, content: string | Buffer): string {
    const file = join(this.bucket, key);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    const changedAt = Date.now() / 1000 - AGE_SECONDS;
    utimesSync(file, changedAt, changedAt);
    return `${CDN}/${key}`;
  }

  /** What somebody changes in the console of AWS. The copies at the edge stay, as they do there. */
  change(settings: CdnSettings): void {
    this.server.reload(describe(this.place, this.bucket, settings));
  }

  /** `aws cloudfront create-invalidation --paths …`, by AWS's own client. */
  async invalidate(path: string): Promise<void> {
    await this.aws.send(
      new CreateInvalidationCommand({
        DistributionId: 'E2EXAMPLE',
        InvalidationBatch: { CallerReference: `${path} now`, Paths: { Quantity: 1, Items: [path] } },
      }),
    );
  }

  async close(): Promise<void> {
    open.delete(this);
    this.aws.destroy();
    await Promise.all([this.server.close(), this.control.close()]);
  }
}

function describe(place: CdnPlace, bucket: string, settings: CdnSettings): Distribution {
  const { allowedMethods = ['HEAD', 'GET'], cachePolicyId = CACHING_OPTIMIZED } = settings;
  const extra: Record<string, unknown> = {};
  for (const [id, config] of Object.entries(settings.cachePolicies ?? {})) {
    extra[`cache-policies/${id}.json`] = { CachePolicy: { Id: id, CachePolicyConfig: config } };
  }
  if (settings.bucketCors !== undefined) extra['bucket-cors.json'] = settings.bucketCors;
  const objectHeaders =
    settings.cacheControl === undefined ? {} : { '*': { 'Cache-Control': settings.cacheControl } };
  const { folder } = writeFolder({
    keys: [place.key],
    config: { Aliases: list([new URL(CDN).hostname]) },
    defaultBehavior: behavior({
      ViewerProtocolPolicy: 'redirect-to-https',
      AllowedMethods: { ...list(allowedMethods), CachedMethods: list(['HEAD', 'GET']) },
      CachePolicyId: cachePolicyId,
      ...(settings.originRequestPolicyId === undefined
        ? {}
        : { OriginRequestPolicyId: settings.originRequestPolicyId }),
      ...(settings.responseHeadersPolicyId === undefined
        ? {}
        : { ResponseHeadersPolicyId: settings.responseHeadersPolicyId }),
    }),
    policies: settings.responseHeadersPolicies ?? {},
    edge: {
      origins: { media: { folder: bucket, objectHeaders } },
      tls: { certFile: place.certFile, keyFile: place.keyFile },
    },
    extra,
  });
  return distributionOf(readDistribution(folder));
}

afterAll(async () => {
  await Promise.all([...open].map((cdn) => cdn.close()));
});
