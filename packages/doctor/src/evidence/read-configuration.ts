import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  applyPolicy,
  bucketCorsHeaders,
  findBehavior,
  formatFolderProblem,
  readDistribution,
  type Behavior,
  type Distribution,
  type HeaderList,
  type ReadOptions,
} from '@edgepass/edge/reading';
import { isCloudFrontName } from '../browser/site.js';
import { readerOf, type Written } from './configuration-names.js';
import { bareLoad, header, type ConfigurationFact, type Evidence, type Load } from './evidence.js';

/** What a distribution would answer, or what is wrong with its files. */
export type ConfigurationResult =
  | { readonly evidence: Partial<Evidence> }
  | { readonly problems: readonly string[] };

type Origin = NonNullable<ReturnType<Distribution['origins']['get']>>;
type ResponseHeadersPolicy = NonNullable<Behavior['responseHeadersPolicy']>;

/** A page that no list names: stands in where nobody says which page is meant. */
const SOME_PAGE = 'https://app.example.com';

/** What a template leaves open. */
export type TemplateInputs = Pick<ReadOptions, 'parameters' | 'imports' | 'resource'>;

/**
 * Reads what AWS writes about a distribution, or a CloudFormation template, with the edge's own reader, and works out the
 * answer to a page that asks for a file with cookies.
 *
 * @param path a folder of AWS's answers, with or without edge.json, one of them alone, or a template
 * @param url the address of the file; null: one for each behavior
 * @param app the page's origin; null: the first that the configuration lists
 * @param keyPairId the id that the signer uses, where it is known
 * @param inputs the parameters of a template
 */
export function readConfiguration(
  path: string,
  url: string | null,
  app: string | null,
  keyPairId: string | null,
  inputs: TemplateInputs = {},
): ConfigurationResult {
  // What stands behind the origins on a laptop is of no use here, and AWS alone does not write it.
  const edgeJson = existsSync(join(folderAt(path), 'edge.json')) ? {} : { edgeJson: null };
  const result = readDistribution(path, { ...edgeJson, ...inputs, serving: 'nowhere' });
  if ('problems' in result) return { problems: result.problems.map(formatFolderProblem) };
  const { distribution, config, files } = result;
  const isOnIpv6 = config.get('IsIPV6Enabled').value === true;
  // A template has the logical id of a key, and the signer the one that AWS made of it.
  const knownKey = files.template === null ? keyPairId : null;
  return {
    evidence: evidenceOf(distribution, readerOf(config, files), { url, app, keyPairId: knownKey, isOnIpv6 }),
  };
}

/** The folder that a path leads into. */
function folderAt(path: string): string {
  try {
    return statSync(path).isFile() ? dirname(path) : path;
  } catch {
    // Why it leads nowhere is said by the edge's reader.
    return path;
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
  written: (behavior: Behavior) => Written,
  { url, app, keyPairId, isOnIpv6 }: Asked,
): Partial<Evidence> {
  const host =
    distribution.aliases.find((alias) => !alias.startsWith('*')) ??
    distribution.domainName ??
    'cdn.example.com';
  const addresses = url === null ? sampleAddresses(distribution, host) : [url];
  const answers = addresses.map((address) => predict(distribution, written, address, app));
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
    notes: answers.flatMap(({ code }) =>
      code === null
        ? []
        : [`${code} may change the headers of answers, so the configuration alone does not say them.`],
    ),
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
  /** A function that has the last word on headers; null: none. */
  readonly code: string | null;
  readonly load: Load | null;
  readonly facts: ConfigurationFact[];
}

/** The answer to a page that asks with cookies, before any copy is made. */
function predict(
  distribution: Distribution,
  written: (behavior: Behavior) => Written,
  address: string,
  app: string | null,
): Predicted {
  const url = new URL(address);
  const behavior = findBehavior(distribution, url.pathname);
  // Of an origin group the primary origin answers, as long as it does.
  const { primaryId = behavior.originId } = distribution.originGroups.get(behavior.originId) ?? {};
  const origin = distribution.origins.get(primaryId);
  const { policy, place, bucket, code } = written(behavior);
  const listed = [
    ...(behavior.responseHeadersPolicy?.cors?.allowOrigins ?? []),
    ...(origin?.bucketCors?.rules.flatMap(({ allowedOrigins }) => allowedOrigins) ?? []),
  ];
  const page = app ?? listed.find((entry) => /^https?:\/\/[^*]+$/.test(entry)) ?? SOME_PAGE;
  const request = { method: 'GET', headers: { origin: page } };
  const isPassedOn = passesOrigin(behavior);
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
    policy === null
      ? `${where}, ResponseHeadersPolicyId: none`
      : `response headers policy "${policy}"${place === null ? '' : ` (${place})`}`;
  const slip = value === null ? listed.find((entry) => entry !== page && isSlipOf(entry, page)) : undefined;
  const policySpeaks = headersPolicy?.cors?.originOverride === true;
  const speakingPolicy = headersPolicy?.cors ?? null;
  const facts: ConfigurationFact[] = [];
  if (behavior.cachePolicy.maxTtlSeconds > 0) {
    if (policySpeaks) facts.push(...noVary(policyName, headersPolicy, distribution));
    else if (isPassedOn) facts.push(...originNotInKey(where, behavior, origin));
  }
  if (isCloudFrontName(url.hostname) && distribution.aliases.length > 0) {
    facts.push({
      kind: 'alias-missing',
      where: 'address of the file',
      text: `The distribution has the alternate domain name ${distribution.aliases[0] ?? ''}, and the file is asked for at ${url.hostname}.`,
    });
  }
  if (app !== null && speakingPolicy !== null && value === null) {
    facts.push({
      kind: 'origin-not-listed',
      where: `${policyName}, CorsConfig.AccessControlAllowOrigins`,
      text: `The ${policyName} does not list ${app}, so it answers that page without CORS headers.`,
      fix: `List exactly ${app} in it.`,
    });
  }
  // A function sees the answer last.
  if (code !== null)
    return { behavior, code, load: null, facts: facts.filter(({ kind }) => kind === 'alias-missing') };
  // An HTTP origin may send what it likes: only a policy that overrides it is known.
  const isUnknown = origin !== undefined && !origin.isS3 && origin.bucketCors === null && !policySpeaks;
  // Without a page and without any CORS nothing says that another origin should read it.
  if (isUnknown || (app === null && listed.length === 0)) return { behavior, code, load: null, facts };
  return {
    behavior,
    code,
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

/** A cached answer of the bucket, which is another for each page, without the page in the cache key (R85). */
function originNotInKey(
  where: string,
  { cachePolicy }: Behavior,
  origin: Origin | undefined,
): readonly ConfigurationFact[] {
  const allowed = (origin?.bucketCors?.rules ?? []).map(({ allowedOrigins }) => allowedOrigins);
  const answersByOrigin = allowed.some((entries) => !entries.includes('*'));
  if (cachePolicy.headers.includes('origin') || !answersByOrigin) return [];
  const entries = new Set(allowed.flat());
  const isForSeveral = entries.size > 1 || [...entries].some((entry) => entry.includes('*'));
  return [
    {
      kind: 'origin-not-in-key',
      where: `${where}, CachePolicyId`,
      text: `${where} passes Origin on to the bucket and caches its answer without Origin in the key.`,
      isWarning: !isForSeveral,
    },
  ];
}

/** A policy whose answer to a load without Origin a browser may keep for a later fetch (B84). */
function noVary(
  policyName: string,
  policy: ResponseHeadersPolicy,
  { pageOrigins }: Distribution,
): readonly ConfigurationFact[] {
  const plain = applyPolicy([], policy, { method: 'GET', headers: {} }, pageOrigins);
  const isVaried = /\borigin\b|\*/i.test(header(plain, 'vary') ?? '');
  if (isVaried || header(plain, 'access-control-allow-origin') !== null) return [];
  return [
    {
      kind: 'no-vary',
      where: `${policyName}, CustomHeadersConfig`,
      text: `${policyName} adds no Vary: Origin, so that a plain <img> and a later fetch share a copy in the browser.`,
      isWarning: true,
    },
  ];
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
