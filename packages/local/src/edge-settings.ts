import { generateKeyPairSync } from 'node:crypto';
import { list } from './recommended-distribution.js';

/**
 * Settings of the local distribution: the recommended ones, and wrong ones that people meet, so that the demo page can
 * show what a browser and the doctor say of each.
 */
export const EDGE_SETTINGS = [
  'recommended',
  'another-key',
  'wildcard',
  'another-origin',
  'no-cors',
  'bucket-wildcard',
  'bucket-exact',
] as const;

export type EdgeSetting = (typeof EDGE_SETTINGS)[number];

/** The files of a distribution by their path, as AWS writes them. */
export type DistributionFiles = Readonly<Record<string, object>>;

/** AWS's managed origin request policy that passes `Origin` to a bucket, and what a preflight asks (R63). */
const CORS_S3_ORIGIN = '88a5eaf4-2fd4-4709-b370-b4c650ea3fcf';

/** Says whether a text names one of {@link EDGE_SETTINGS}. */
export function isEdgeSetting(name: unknown): name is EdgeSetting {
  return (EDGE_SETTINGS as readonly unknown[]).includes(name);
}

/** The recommended files with one setting changed. */
export function withEdgeSetting(
  files: DistributionFiles,
  setting: EdgeSetting,
  pageOrigins: readonly string[],
): DistributionFiles {
  switch (setting) {
    case 'recommended':
      return files;
    case 'another-key':
      return changed(files, /^public-keys\//, 'EncodedKey', { EncodedKey: anotherPublicKey() });
    case 'wildcard':
      return withCors(files, {
        AccessControlAllowOrigins: list(['*']),
        AccessControlAllowCredentials: false,
      });
    case 'another-origin':
      return withCors(files, { AccessControlAllowOrigins: list(['https://www.example.com']) });
    case 'no-cors':
      return withBehaviors(files, {});
    case 'bucket-wildcard':
      return withBucketCors(files, ['*']);
    case 'bucket-exact':
      return withBucketCors(files, pageOrigins);
  }
}

function withCors(files: DistributionFiles, members: object): DistributionFiles {
  return changed(files, /^response-headers-policies\//, 'AccessControlAllowOrigins', members);
}

/** Behaviors that had the response headers policy get these members in its place. */
function withBehaviors(files: DistributionFiles, members: object): DistributionFiles {
  const policy = 'ResponseHeadersPolicyId';
  return changed(files, /^distribution\.json$/, policy, { ...members, [policy]: undefined });
}

/** The bucket answers for the page, as in many a guide: it sees `Origin`, and its answer is kept for everybody. */
function withBucketCors(files: DistributionFiles, origins: readonly string[]): DistributionFiles {
  const rule = {
    AllowedHeaders: ['*'],
    AllowedMethods: ['GET', 'HEAD'],
    AllowedOrigins: origins,
    ExposeHeaders: [],
  };
  return {
    ...withBehaviors(files, { OriginRequestPolicyId: CORS_S3_ORIGIN }),
    'bucket-cors.json': { CORSRules: [rule] },
  };
}

/** Copies the files; in those of that path each object that has `member`, at any depth, gets `members`. */
function changed(files: DistributionFiles, path: RegExp, member: string, members: object): DistributionFiles {
  return Object.fromEntries(
    Object.entries(files).map(([name, content]) => [
      name,
      path.test(name) ? (JSON.parse(JSON.stringify(content, change)) as object) : content,
    ]),
  );

  function change(_name: string, value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    return Object.hasOwn(value, member) ? { ...value, ...members } : value;
  }
}

function anotherPublicKey(): string {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}
