import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import {
  applyPolicy,
  bucketCorsHeaders,
  findBehavior,
  formatFolderProblem,
  readDistribution,
  type Behavior,
  type Distribution,
  type HeaderList,
} from '@edgepass/edge';
import { isCloudFrontName } from '../browser/site.js';
import { bareLoad, header, type ConfigurationFact, type Evidence, type Load } from './evidence.js';

/** What a distribution would answer, or what is wrong with its files. */
export type ConfigurationResult =
  { readonly evidence: Partial<Evidence> } | { readonly problems: readonly string[] };

type Json = Readonly<Record<string, unknown>>;

/** A page that no list names: stands in where nobody says which page is meant. */
const SOME_PAGE = 'https://app.example.com';

/** AWS's managed policies by the names that the console shows (R61, R63, R65). */
const MANAGED_NAMES: Readonly<Record<string, string>> = {
  '60669652-455b-4ae9-85a4-c4c02393f86c': 'SimpleCORS',
  '5cc3b908-e619-4b99-88e5-2cf7f45965bd': 'CORS-With-Preflight',
  'e61eb60c-9c35-4d20-a928-2b84e02af89c': 'CORS-and-SecurityHeadersPolicy',
  'eaab4381-ed33-4a86-88ca-d9558dc6cd63': 'CORS-with-preflight-and-SecurityHeadersPolicy',
  '67f7725c-6f97-4210-82d7-5512b31e9d03': 'SecurityHeadersPolicy',
};

/** Names and numbers of the settings, for the sentence that says what to change. */
interface Names {
  readonly policy: string | null;
  readonly bucket: string;
}

/**
 * Reads what AWS writes about a distribution, or a template, with the edge's own reader, and works out the answer to a
 * page that asks for a file with cookies.
 *
 * @param url the address of the file; null: one for each behavior
 * @param app the page's origin; null: the first that the configuration lists
 * @param keyPairId the id that the signer uses, where it is known
 */
export function readConfiguration(
  path: string,
  url: string | null,
  app: string | null,
  keyPairId: string | null,
): ConfigurationResult {
  const prepared = prepare(path);
  if ('problem' in prepared) return { problems: [prepared.problem] };
  try {
    const result = readDistribution(prepared.folder);
    if ('problems' in result) return { problems: result.problems.map(formatFolderProblem) };
    const config = configOf(readJson(join(prepared.folder, 'distribution.json')) ?? {});
    const isOnIpv6 = config['IsIPV6Enabled'] === true;
    const asked = { url, app, keyPairId, isOnIpv6 };
    return { evidence: evidenceOf(result.distribution, namesOf(config, prepared.folder), asked) };
  } finally {
    if (prepared.ours !== null) rmSync(prepared.ours, { recursive: true, force: true });
  }
}

/**
 * A folder that the edge reads. AWS's answers alone say nothing of the folders that stand in for the origins: an
 * `edge.json` with empty ones is put beside a copy of them.
 */
function prepare(
  path: string,
): { readonly folder: string; readonly ours: string | null } | { readonly problem: string } {
  if (!existsSync(path)) return { problem: `${path}: expected a folder or a file, found nothing` };
  const isFile = statSync(path).isFile();
  if (!isFile && existsSync(join(path, 'edge.json'))) return { folder: path, ours: null };
  // Before anything is copied: a wrong folder may hold gigabytes.
  const document = readJson(isFile ? path : join(path, 'distribution.json'));
  if (document === null)
    return { problem: `${basename(path)}: expected the JSON of aws cloudfront get-distribution-config` };
  const folder = mkdtempSync(join(tmpdir(), 'edgepass-doctor-'));
  const target = join(folder, 'distribution');
  mkdirSync(join(folder, 'media'));
  mkdirSync(target);
  if (isFile) cpSync(path, join(target, 'distribution.json'));
  else {
    for (const name of readdirSync(path).filter((entry) => !entry.startsWith('.'))) {
      cpSync(join(path, name), join(target, name), { recursive: true });
    }
  }
  const config = configOf(document);
  if (document['DistributionConfig'] === undefined && document['Distribution'] === undefined) {
    writeFileSync(join(target, 'distribution.json'), JSON.stringify({ DistributionConfig: document }));
  }
  const ids = items(config['Origins']).flatMap(({ Id }) => (typeof Id === 'string' ? [Id] : []));
  const rules =
    existsSync(join(target, 'bucket-cors.json')) && ids.length > 1 ? { bucketCors: 'bucket-cors.json' } : {};
  const origins = Object.fromEntries(ids.map((id) => [id, { folder: '../media', ...rules }]));
  wrapBareRules(join(target, 'bucket-cors.json'));
  writeFileSync(join(target, 'edge.json'), JSON.stringify({ origins }));
  return { folder: target, ours: folder };
}

/** The S3 console shows the bare array of rules. */
function wrapBareRules(path: string): void {
  if (!existsSync(path)) return;
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''));
    if (Array.isArray(value)) writeFileSync(path, JSON.stringify({ CORSRules: value }));
  } catch {
    // The reader of the edge reports it.
  }
}

interface Asked {
  readonly url: string | null;
  readonly app: string | null;
  readonly keyPairId: string | null;
  /** Whether viewers on IPv6 reach the distribution: the edge's reader does not say. */
  readonly isOnIpv6: boolean;
}

function evidenceOf(
  distribution: Distribution,
  names: (behavior: Behavior) => Names,
  { url, app, keyPairId, isOnIpv6 }: Asked,
): Partial<Evidence> {
  const host =
    distribution.aliases.find((alias) => !alias.startsWith('*')) ??
    distribution.domainName ??
    'cdn.example.com';
  const addresses = url === null ? sampleAddresses(distribution, host) : [url];
  const answers = addresses.map((address) => predict(distribution, names, address, app));
  const facts = answers.flatMap(({ facts: found }) => found);
  if (distribution.aliases.length === 0) {
    facts.push({
      kind: 'alias-missing',
      where: 'distribution, Aliases',
      text: 'The distribution has no alternate domain name: its cloudfront.net name alone leads to it.',
    });
  }
  if (isOnIpv6) {
    facts.push({
      kind: 'ipv6-enabled',
      where: 'distribution, IsIPV6Enabled',
      text: 'The distribution answers viewers on IPv6.',
    });
  }
  if (keyPairId !== null) {
    const restricted = answers.filter(({ behavior }) => behavior.trustedKeys !== null);
    if (
      restricted.length > 0 &&
      restricted.every(({ behavior }) => behavior.trustedKeys?.has(keyPairId) !== true)
    ) {
      facts.push({
        kind: 'key-not-trusted',
        where: `key group of the behavior "${restricted[0]?.behavior.pathPattern ?? '*'}"`,
        text: `The signer's key pair id ${keyPairId} is in no key group of the behavior.`,
        fix: 'Put the public key into the key group, or use the id of one that is in it.',
      });
    }
  }
  return {
    target: url,
    app,
    loads: answers.map(({ load }) => load).filter((load) => load !== null),
    configuration: facts,
    sources: ['configuration'],
  };
}

/** One address for each behavior that asks for signatures, or for each where none does. */
function sampleAddresses({ behaviors }: Distribution, host: string): readonly string[] {
  const restricted = behaviors.filter(({ trustedKeys }) => trustedKeys !== null);
  return (restricted.length > 0 ? restricted : behaviors).map(({ pathPattern }) => {
    const path = pathPattern.replace(/^\//, '').replaceAll('*', 'file').replaceAll('?', 'x');
    return `https://${host}/${path}`;
  });
}

interface Predicted {
  readonly behavior: Behavior;
  readonly load: Load | null;
  readonly facts: ConfigurationFact[];
}

/** The answer to a page that asks with cookies, before any copy is made. */
function predict(
  distribution: Distribution,
  names: (behavior: Behavior) => Names,
  address: string,
  app: string | null,
): Predicted {
  const url = new URL(address);
  const behavior = findBehavior(distribution, url.pathname);
  const origin = distribution.origins.get(behavior.originId);
  const { policy, bucket } = names(behavior);
  const listed = [
    ...(behavior.responseHeadersPolicy?.cors?.allowOrigins ?? []),
    ...(origin?.bucketCors?.rules.flatMap(({ allowedOrigins }) => allowedOrigins) ?? []),
  ];
  const page = app ?? listed.find((entry) => /^https?:\/\/[^*]+$/.test(entry)) ?? SOME_PAGE;
  const request = { method: 'GET', headers: { origin: page } };
  const isPassedOn = passesOrigin(behavior);
  const isInKey = behavior.cachePolicy.headers.includes('origin');
  const ofBucket: HeaderList =
    origin === undefined || origin.bucketCors === null || !isPassedOn
      ? []
      : bucketCorsHeaders(origin.bucketCors, request);
  const headersPolicy = behavior.responseHeadersPolicy;
  const headers =
    headersPolicy === null
      ? ofBucket
      : applyPolicy(ofBucket, headersPolicy, request, distribution.pageOrigins);
  const value = header(headers, 'access-control-allow-origin');
  const isOfBucket =
    value !== null &&
    value === header(ofBucket, 'access-control-allow-origin') &&
    headersPolicy?.cors?.originOverride !== true;
  const where = `behavior "${behavior.pathPattern}"`;
  const policyName =
    policy === null ? `${where}, ResponseHeadersPolicyId: none` : `response headers policy "${policy}"`;
  const slip = value === null ? listed.find((entry) => entry !== page && isSlipOf(entry, page)) : undefined;
  const facts: ConfigurationFact[] = [];
  const answersByOrigin =
    origin?.bucketCors?.rules.some(({ allowedOrigins }) => !allowedOrigins.includes('*')) === true;
  const policySpeaks =
    headersPolicy?.cors !== null && headersPolicy?.cors !== undefined && headersPolicy.cors.originOverride;
  if (isPassedOn && !isInKey && answersByOrigin && !policySpeaks && behavior.cachePolicy.maxTtlSeconds > 0) {
    const rules = origin?.bucketCors?.rules ?? [];
    const isForSeveral =
      new Set(rules.flatMap(({ allowedOrigins }) => allowedOrigins)).size > 1 ||
      rules.some(({ allowedOrigins }) => allowedOrigins.some((entry) => entry.includes('*')));
    facts.push({
      kind: 'origin-not-in-key',
      where: `${where}, CachePolicyId`,
      text: `${where} passes Origin on to the bucket and caches its answer without Origin in the key.`,
      isWarning: !isForSeveral,
    });
  }
  const isCached = behavior.cachePolicy.maxTtlSeconds > 0;
  const plain =
    headersPolicy === null
      ? []
      : applyPolicy([], headersPolicy, { method: 'GET', headers: {} }, distribution.pageOrigins);
  if (
    policySpeaks &&
    isCached &&
    !/\borigin\b|\*/i.test(header(plain, 'vary') ?? '') &&
    header(plain, 'access-control-allow-origin') === null
  ) {
    facts.push({
      kind: 'no-vary',
      where: `${policyName}, CustomHeadersConfig`,
      text: `${policyName} adds no Vary: Origin, so that a plain <img> and a later fetch share a copy in the browser.`,
      isWarning: true,
    });
  }
  if (isCloudFrontName(url.hostname) && distribution.aliases.length > 0) {
    facts.push({
      kind: 'alias-missing',
      where: 'address of the file',
      text: `The distribution has the alternate domain name ${distribution.aliases[0] ?? ''}, and the file is asked for at ${url.hostname}.`,
    });
  }
  const speakingPolicy = headersPolicy?.cors ?? null;
  if (app !== null && speakingPolicy !== null && value === null) {
    facts.push({
      kind: 'origin-not-listed',
      where: `${policyName}, CorsConfig.AccessControlAllowOrigins`,
      text: `The ${policyName} does not list ${app}, so it answers that page without CORS headers.`,
      fix: `List exactly ${app} in it.`,
    });
  }
  // An HTTP origin may send what it likes: only a policy that overrides it is known.
  const isUnknown = origin !== undefined && !origin.isS3 && origin.bucketCors === null && !policySpeaks;
  // Without a page and without any CORS nothing says that another origin should read it.
  if (isUnknown || (app === null && listed.length === 0)) return { behavior, load: null, facts };
  return {
    behavior,
    facts,
    load: {
      ...bareLoad('configuration', `the configuration, ${where}`, address),
      page,
      mode: 'cors',
      dest: 'empty',
      requestHeaders: [['Origin', page]],
      status: 200,
      headers,
      failed: null,
      quoted: slip ?? null,
      decidedBy: decidedBy({
        value,
        isOfBucket,
        policyName,
        bucket,
        isPassedOn,
        hasPolicy: speakingPolicy !== null,
      }),
    },
  };
}

interface Deciding {
  readonly value: string | null;
  readonly isOfBucket: boolean;
  readonly policyName: string;
  readonly bucket: string;
  readonly isPassedOn: boolean;
  readonly hasPolicy: boolean;
}

/** The setting that decides on the CORS headers, as the console and the JSON name it. */
function decidedBy({ value, isOfBucket, policyName, bucket, isPassedOn, hasPolicy }: Deciding): string {
  if (isOfBucket && hasPolicy) return `${policyName}, CorsConfig.OriginOverride: false, so ${bucket} decides`;
  if (isOfBucket) return `${bucket}, AllowedOrigins`;
  if (hasPolicy) {
    const member =
      value === null || value === '*' ? 'AccessControlAllowOrigins' : 'AccessControlAllowCredentials';
    return `${policyName}, CorsConfig.${member}`;
  }
  return isPassedOn
    ? `${bucket}, AllowedOrigins`
    : `${policyName}; and Origin is not passed on to the bucket`;
}

/** Whether the origin gets the page's Origin (R63, R64). */
function passesOrigin({ cachePolicy, originRequestPolicy }: Behavior): boolean {
  if (cachePolicy.headers.includes('origin')) return true;
  const headers = originRequestPolicy?.headers;
  if (headers === undefined) return false;
  if (headers.kind === 'all') return true;
  return headers.kind === 'listed' ? headers.names.includes('origin') : !headers.names.includes('origin');
}

/** Whether an entry means the page, and misses it by a slash, port, scheme or `www`. */
function isSlipOf(entry: string, page: string): boolean {
  if (entry.includes('*')) return false;
  const host = (text: string): string => {
    const url = text.includes('://') ? text : `https://${text}`;
    return URL.canParse(url) ? new URL(url).hostname.replace(/^www\./, '') : text;
  };
  return host(entry) === host(page);
}

/** The names that people gave to policies, from the files themselves. */
function namesOf(config: Json, folder: string): (behavior: Behavior) => Names {
  const policies = new Map(Object.entries(MANAGED_NAMES));
  const place = join(folder, 'response-headers-policies');
  for (const file of existsSync(place) ? readdirSync(place) : []) {
    const policy = object(readJson(join(place, file))?.['ResponseHeadersPolicy']);
    const name = object(policy?.['ResponseHeadersPolicyConfig'])?.['Name'];
    const id = policy?.['Id'];
    if (typeof id === 'string') policies.set(id, typeof name === 'string' ? name : id);
  }
  const behaviors = [
    ...items(config['CacheBehaviors']),
    { PathPattern: '*', ...object(config['DefaultCacheBehavior']) },
  ];
  return (behavior) => {
    const written =
      behaviors.find(({ PathPattern }) => PathPattern === behavior.pathPattern) ?? behaviors.at(-1);
    const id = object(written)?.['ResponseHeadersPolicyId'];
    return {
      policy: typeof id === 'string' && id !== '' ? (policies.get(id) ?? id) : null,
      bucket: `CORS rules of the bucket behind origin "${behavior.originId}"`,
    };
  };
}

function configOf(document: Json): Json {
  const wrapped =
    object(object(document['Distribution'])?.['DistributionConfig']) ??
    object(document['DistributionConfig']);
  return wrapped ?? document;
}

function items(list: unknown): readonly Json[] {
  const found = object(list)?.['Items'];
  return (Array.isArray(found) ? (found as readonly unknown[]) : [])
    .map(object)
    .filter((item) => item !== null);
}

function readJson(path: string): Json | null {
  try {
    return object(JSON.parse(readFileSync(path, 'utf8').replace(/^\uFEFF/, '')));
  } catch {
    return null;
  }
}

function object(value: unknown): Json | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null;
}
