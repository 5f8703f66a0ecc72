import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

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
  const config = object(object(answer['Distribution'])['DistributionConfig']);
  const behaviors = [object(config['DefaultCacheBehavior']), ...items(config['CacheBehaviors']).map(object)];
  const origins = items(config['Origins']).map(object);
  // A custom header of an origin may be a shared secret: the folder is its owner's alone.
  mkdirSync(out, { recursive: true, mode: 0o700 });
  const write = (name: string, content: unknown): void => {
    mkdirSync(join(out, name, '..'), { recursive: true });
    writeFileSync(
      join(out, name),
      typeof content === 'string' ? content : `${JSON.stringify(content, undefined, 2)}\n`,
      PRIVATE_FILE,
    );
    process.stdout.write(`${name}\n`);
  };
  write('distribution.json', answer);
  const keyIds = new Set<string>();
  const bucketCors = new Map<string, string>();
  const named = (member: string) => distinct(behaviors.map((behavior) => text(behavior[member])));
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
    ...distinct(behaviors.flatMap((behavior) => items(behavior['TrustedKeyGroups']).map(text))).map(
      (group) => async () => {
        const found = await aws('cloudfront', 'get-key-group', '--id', group);
        write(`key-groups/${group}.json`, found);
        const keys = object(object(found['KeyGroup'])['KeyGroupConfig'])['Items'];
        for (const key of Array.isArray(keys) ? keys.map(text) : []) if (key !== '') keyIds.add(key);
      },
    ),
    ...distinct(
      behaviors.flatMap((behavior) =>
        items(behavior['FunctionAssociations']).map((one) => functionName(text(object(one)['FunctionARN']))),
      ),
    ).map((name) => async () => {
      mkdirSync(join(out, 'functions'), { recursive: true });
      await aws(
        'cloudfront',
        'get-function',
        '--name',
        name,
        '--stage',
        'LIVE',
        join(out, 'functions', `${name}.js`),
      );
      process.stdout.write(`functions/${name}.js\n`);
    }),
    ...origins.flatMap((origin) => {
      const bucket = bucketOf(text(origin['DomainName']));
      if (bucket === null) return [];
      return [
        async () => {
          const rules = await corsOf(bucket, aws);
          if (rules === null) return;
          const name = `bucket-cors-${bucketCors.size + 1}.json`;
          bucketCors.set(text(origin['Id']), name);
          write(name, rules);
        },
      ];
    }),
  ];
  await runAll(tasks);
  await runAll(
    [...keyIds].map(
      (key) => async () =>
        write(`public-keys/${key}.json`, await aws('cloudfront', 'get-public-key', '--id', key)),
    ),
  );
  mkdirSync(join(out, 'media'), { recursive: true });
  write('edge.json', {
    origins: Object.fromEntries(
      origins.map((origin) => {
        const rules = bucketCors.get(text(origin['Id']));
        return [
          text(origin['Id']),
          { folder: 'media', ...(rules === undefined ? {} : { bucketCors: rules }) },
        ];
      }),
    ),
  });
}

/** Null: the bucket has no rules. */
async function corsOf(
  bucket: string,
  aws: (...call: readonly string[]) => Promise<Json>,
): Promise<Json | null> {
  try {
    return await aws('s3api', 'get-bucket-cors', '--bucket', bucket);
  } catch (error) {
    if (error instanceof CallFailed && error.message.includes('NoSuchCORSConfiguration')) return null;
    throw error;
  }
}

/** `media.s3.eu-central-1.amazonaws.com` and its older forms; null: the origin is no bucket's REST endpoint. */
function bucketOf(domainName: string): string | null {
  return /^(.{3,63})\.s3(?:[.-][a-z0-9-]{1,30})?\.amazonaws\.com(?:\.cn)?$/.exec(domainName)?.[1] ?? null;
}

/** The name behind `…:function/NAME`. */
function functionName(arn: string): string {
  return /function\/([\w-]{1,64})$/.exec(arn)?.[1] ?? '';
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
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
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

function items(list: unknown): readonly unknown[] {
  const found = object(list)['Items'];
  return Array.isArray(found) ? found : [];
}

function object(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
