import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { JsonNode } from './distribution/json-node.js';
import { behaviorNodes } from './distribution/read-behaviors.js';
import { functionName } from './distribution/read-functions.js';
import { isS3Origin } from './distribution/read-origins.js';
import { restBucketOf, websiteBucketOf } from './distribution/read-website.js';

const USAGE = `Usage: edgepass edge export --id E… --out FOLDER [--profile NAME] [--endpoint-url URL]

Writes what AWS says of a distribution into a new folder, for edgepass edge and edgepass doctor. Runs the AWS CLI with
read-only calls (docs/doctor.md lists the permissions); credentials, profiles and single sign-on are the CLI's own.

--id ID               the distribution
--out FOLDER          is made, or must be empty
--profile NAME        of the AWS CLI
--endpoint-url URL    asks another server than AWS
`;

/** Two at a time: each call starts a Python of its own. */
const CALLS_AT_A_TIME = 2;
const PRIVATE_FILE = { mode: 0o600 } as const;

type Json = Readonly<Record<string, unknown>>;

/** What the CLI said instead of an answer. */
class CallFailed extends Error {
  constructor(
    readonly call: string,
    message: string,
  ) {
    super(message);
  }
}

/** Runs the export; gives the exit code: 0 written, 1 a problem, 2 wrong use. */
export async function runExport(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (typeof options === 'string') {
    const isHelp = options === USAGE;
    (isHelp ? process.stdout : process.stderr).write(
      isHelp ? USAGE : `edgepass edge export: ${options}\n\n${USAGE}`,
    );
    return isHelp ? 0 : 2;
  }
  try {
    await exportDistribution(options);
    return 0;
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    process.stderr.write(`edgepass edge export: ${error.call}: ${error.message}\n`);
    return 1;
  }
}

interface ExportOptions {
  readonly id: string;
  readonly out: string;
  /** Flags for every call. */
  readonly flags: readonly string[];
}

function readOptions(args: readonly string[]): ExportOptions | string {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        id: text,
        out: text,
        profile: text,
        'endpoint-url': text,
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) return USAGE;
    const { id, out, profile } = values;
    if (id === undefined || !/^[A-Z0-9]{1,32}$/.test(id))
      return '--id: expected the id of a distribution, such as E2QWRUHEXAMPLE';
    if (out === undefined || out === '') return '--out: expected a folder';
    if (existsSync(out) && readdirSync(out).length > 0)
      return `--out ${out}: expected an empty folder, found files in it`;
    const endpoint = values['endpoint-url'];
    return {
      id,
      out,
      flags: [
        ...(profile === undefined ? [] : ['--profile', profile]),
        ...(endpoint === undefined ? [] : ['--endpoint-url', endpoint]),
      ],
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function exportDistribution({ id, out, flags }: ExportOptions): Promise<void> {
  const aws = (...call: readonly string[]): Promise<Json> => awsJson([...call, ...flags]);
  const answer = await aws('cloudfront', 'get-distribution', '--id', id);
  const config = new JsonNode('distribution.json', '', answer, [])
    .get('Distribution')
    .get('DistributionConfig');
  const behaviors = behaviorNodes(config);
  const origins = config.get('Origins').quantityItems().map(readOrigin);
  // A custom header of an origin may be a shared secret: the folder is its owner's alone.
  mkdirSync(out, { recursive: true, mode: 0o700 });
  const write = (name: string, content: unknown): void => {
    mkdirSync(join(out, name, '..'), { recursive: true });
    writeFileSync(join(out, name), `${JSON.stringify(content, undefined, 2)}\n`, PRIVATE_FILE);
    process.stdout.write(`${name}\n`);
  };
  write('distribution.json', answer);
  const keyIds = new Set<string>();
  const storeArns = new Set<string>();
  const bucketFiles = new Map<string, BucketFiles>();
  const named = (member: string) =>
    distinct(behaviors.map((behavior) => behavior.get(member).optionalText()));
  const tasks: (() => Promise<void>)[] = [
    ...named('CachePolicyId').map(
      (policy) => async () =>
        write(`cache-policies/${policy}.json`, await aws('cloudfront', 'get-cache-policy', '--id', policy)),
    ),
    ...named('OriginRequestPolicyId').map(
      (policy) => async () =>
        write(
          `origin-request-policies/${policy}.json`,
          await aws('cloudfront', 'get-origin-request-policy', '--id', policy),
        ),
    ),
    ...named('ResponseHeadersPolicyId').map(
      (policy) => async () =>
        write(
          `response-headers-policies/${policy}.json`,
          await aws('cloudfront', 'get-response-headers-policy', '--id', policy),
        ),
    ),
    ...distinct(behaviors.flatMap((node) => node.get('TrustedKeyGroups').get('Items').texts())).map(
      (group) => async () => {
        const found = await aws('cloudfront', 'get-key-group', '--id', group);
        const file = `key-groups/${group}.json`;
        write(file, found);
        const keyGroup = new JsonNode(file, '', found, []).get('KeyGroup').get('KeyGroupConfig');
        for (const key of distinct(keyGroup.get('Items').texts())) keyIds.add(key);
      },
    ),
    ...distinct(
      behaviors.flatMap((node) =>
        node
          .get('FunctionAssociations')
          .quantityItems()
          .map((association) => functionName(association) ?? ''),
      ),
    ).map((name) => async () => {
      mkdirSync(join(out, 'functions'), { recursive: true });
      const file = join(out, 'functions', `${name}.js`);
      await aws('cloudfront', 'get-function', '--name', name, '--stage', 'LIVE', file);
      process.stdout.write(`functions/${name}.js\n`);
      const described = await aws('cloudfront', 'describe-function', '--name', name, '--stage', 'LIVE');
      const stores = new JsonNode(name, '', described, [])
        .get('FunctionSummary')
        .get('FunctionConfig')
        .get('KeyValueStoreAssociations')
        .quantityItems();
      for (const store of stores) storeArns.add(store.get('KeyValueStoreARN').optionalText());
    }),
    ...distinct(origins.map(({ bucket }) => bucket ?? '')).map((bucket, index) => async () => {
      const isWebsite = origins.some((origin) => origin.bucket === bucket && origin.isWebsite);
      const cors = await bucketAnswer(aws, 'get-bucket-cors', bucket, 'NoSuchCORSConfiguration');
      const website = isWebsite
        ? await bucketAnswer(aws, 'get-bucket-website', bucket, 'NoSuchWebsiteConfiguration')
        : null;
      const files = {
        ...(cors === null ? {} : { bucketCors: `bucket-cors-${index + 1}.json` }),
        ...(website === null ? {} : { bucketWebsite: `bucket-website-${index + 1}.json` }),
      };
      if (files.bucketCors !== undefined) write(files.bucketCors, cors);
      if (files.bucketWebsite !== undefined) write(files.bucketWebsite, website);
      bucketFiles.set(bucket, files);
    }),
  ];
  await runAll(tasks);
  await runAll(
    [...keyIds].map(
      (key) => async () =>
        write(`public-keys/${key}.json`, await aws('cloudfront', 'get-public-key', '--id', key)),
    ),
  );
  await runAll([...storeArns].map((arn) => () => writeStore(arn, aws, write)));
  mkdirSync(join(out, 'media'), { recursive: true });
  // A server is named by its user, and answers 502 until then; an edge.json that names no origin is a mistake.
  const buckets = origins.filter(({ isBucket }) => isBucket);
  const listed = buckets.length > 0 ? buckets : origins;
  const entries = listed.map((origin) => [origin.id, entryOf(origin, bucketFiles)] as const);
  write('edge.json', { origins: Object.fromEntries(entries) });
}

/** The version 1 of the CLI signs for a store only with a library that it does not bring: then the rest is still of use. */
async function writeStore(
  arn: string,
  aws: (...call: readonly string[]) => Promise<Json>,
  write: (name: string, content: unknown) => void,
): Promise<void> {
  const file = `key-value-stores/${arn.slice(arn.lastIndexOf('/') + 1)}.json`;
  try {
    write(file, await aws('cloudfront-keyvaluestore', 'list-keys', '--kvs-arn', arn));
  } catch (error) {
    if (!(error instanceof CallFailed) || !/botocore\[crt\]/.test(error.message)) throw error;
    process.stderr.write(
      `${file} is not written: this AWS CLI needs botocore[crt] for it, or be version 2. Then: ` +
        `aws cloudfront-keyvaluestore list-keys --kvs-arn ${arn} > ${file}\n`,
    );
  }
}

/** The files that were written for a bucket, as members of an origin in `edge.json`. */
interface BucketFiles {
  readonly bucketCors?: string;
  readonly bucketWebsite?: string;
}

/** What the export asks of an origin. */
interface ExportedOrigin {
  readonly id: string;
  readonly isBucket: boolean;
  readonly isWebsite: boolean;
  /** Null: the host does not say it. */
  readonly bucket: string | null;
}

function readOrigin(node: JsonNode): ExportedOrigin {
  const domainName = node.get('DomainName').optionalText().toLowerCase();
  const websiteBucket = websiteBucketOf(domainName);
  const bucket = websiteBucket ?? restBucketOf(domainName);
  return {
    id: node.get('Id').optionalText(),
    isBucket: bucket !== null || isS3Origin(node),
    isWebsite: websiteBucket !== null,
    bucket,
  };
}

/** How a website answers says nothing of the REST endpoint of the same bucket. */
function entryOf(
  { bucket, isWebsite }: ExportedOrigin,
  bucketFiles: ReadonlyMap<string, BucketFiles>,
): object {
  const { bucketCors, bucketWebsite } = bucketFiles.get(bucket ?? '') ?? {};
  return {
    folder: 'media',
    ...(bucketCors === undefined ? {} : { bucketCors }),
    ...(bucketWebsite === undefined || !isWebsite ? {} : { bucketWebsite }),
  };
}

/** Null: the bucket has no such configuration, which AWS says with an error code. */
async function bucketAnswer(
  aws: (...call: readonly string[]) => Promise<Json>,
  call: 'get-bucket-cors' | 'get-bucket-website',
  bucket: string,
  codeOfNone: string,
): Promise<Json | null> {
  try {
    return await aws('s3api', call, '--bucket', bucket);
  } catch (error) {
    if (error instanceof CallFailed && error.message.includes(codeOfNone)) return null;
    throw error;
  }
}

async function runAll(tasks: readonly (() => Promise<void>)[]): Promise<void> {
  const waiting = [...tasks];
  const worker = async (): Promise<void> => {
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) await task();
  };
  await Promise.all(Array.from({ length: CALLS_AT_A_TIME }, worker));
}

/** Runs one call of the AWS CLI; its answer is JSON whatever the user's settings say. */
function awsJson(call: readonly string[]): Promise<Json> {
  const { promise, resolve, reject } = Promise.withResolvers<Json>();
  const name = `aws ${call.slice(0, 2).join(' ')}`;
  const child = spawn('aws', [...call, '--output', 'json'], {
    env: { ...process.env, AWS_PAGER: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  child.once('error', () =>
    reject(new CallFailed(name, 'expected the AWS CLI (https://aws.amazon.com/cli/), found no command aws')),
  );
  child.once('close', (code) => {
    if (code !== 0) reject(new CallFailed(name, lastLine(stderr)));
    else {
      try {
        resolve(object(JSON.parse(stdout === '' ? '{}' : stdout)));
      } catch {
        reject(new CallFailed(name, 'expected JSON, found other text'));
      }
    }
  });
  return promise;
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1)?.trim() ?? '';
}

function distinct(values: readonly string[]): readonly string[] {
  return [...new Set(values)].filter((value) => value !== '');
}

function object(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}
