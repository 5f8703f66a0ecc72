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
  type FolderFiles,
  type HeaderList,
  type JsonNode,
  type ReadOptions,
} from '@edgepass/edge/reading';
import { isCloudFrontName } from '../browser/site.js';
import { bareLoad, header, type ConfigurationFact, type Evidence, type Load } from './evidence.js';

/** What a distribution would answer, or what is wrong with its files. */
export type ConfigurationResult =
  | { readonly evidence: Partial<Evidence> }
  | { readonly problems: readonly string[] };

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

/** What the answers do not show of a behavior: the names that people gave, and code that may change headers. */
interface Written {
  /** The name of the response headers policy. */
  readonly policy: string | null;
  /** Where its CORS is written, in a template with the line. */
  readonly place: string | null;
  readonly bucket: string;
  /** A function that sees answers and may change their headers; null: none. */
  readonly code: string | null;
}

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
    policy === null
      ? `${where}, ResponseHeadersPolicyId: none`
      : `response headers policy "${policy}"${place === null ? '' : ` (${place})`}`;
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

/** Reads beside each behavior what the edge's own form of it leaves out. */
function readerOf(config: JsonNode, files: FolderFiles): (behavior: Behavior) => Written {
  const policies = policiesIn(files);
  const listed = config.get('CacheBehaviors').get('Items');
  const behaviors = Array.isArray(listed.value) ? listed.items() : [];
  const fallback = config.get('DefaultCacheBehavior');
  return ({ pathPattern, originId, functions }) => {
    const behavior = behaviors.find((node) => node.get('PathPattern').value === pathPattern) ?? fallback;
    const id = behavior.get('ResponseHeadersPolicyId').value;
    const isNamed = typeof id === 'string' && id !== '';
    const known = isNamed ? policies.get(id) : undefined;
    const hasLambda = /"(?:viewer|origin)-response"/.test(
      JSON.stringify(behavior.get('LambdaFunctionAssociations').value ?? null),
    );
    return {
      policy: isNamed ? (known?.name ?? MANAGED_NAMES[id] ?? id) : null,
      place: known?.place ?? null,
      bucket: `CORS rules of the bucket behind origin "${originId}"`,
      code:
        functions.viewerResponse !== null
          ? `The function "${functions.viewerResponse}" of the behavior "${pathPattern}"`
          : hasLambda
            ? `The Lambda@Edge function of the behavior "${pathPattern}"`
            : null,
    };
  };
}

/** Response headers policies by id: their names, and in a template where their CORS is written. */
function policiesIn(
  files: FolderFiles,
): ReadonlyMap<string, { readonly name: string; readonly place: string | null }> {
  const nodes = files.all('response-headers-policies').files.flatMap((file) => {
    const items = file.get('ResponseHeadersPolicyList').get('Items');
    return Array.isArray(items.value) ? items.items() : [file];
  });
  return new Map(
    nodes.map((node) => {
      const inner = node.get('ResponseHeadersPolicy').isPresent ? node.get('ResponseHeadersPolicy') : node;
      const within = inner.get('ResponseHeadersPolicyConfig');
      const policy = within.isPresent ? within : inner;
      const [id, name] = [inner.get('Id').value, policy.get('Name').value];
      const key = typeof id === 'string' ? id : node.file.replace(/^.*\/|\.json$/g, '');
      const place = files.template === null ? null : policy.get('CorsConfig').place;
      return [key, { name: typeof name === 'string' ? name : key, place }] as const;
    }),
  );
}
