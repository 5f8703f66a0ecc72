import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll } from '@jest/globals';
import {
  readDistribution,
  type DistributionResult,
} from '../../packages/edge/src/distribution/read-distribution.js';
import { startEdgeServer, type EdgeServer, type EdgeServerOptions } from '../../packages/edge/src/server.js';
import { requestBytes, sendRaw, type RawResponse } from './raw-request.js';
import { temporaryFolder } from './temporary-folder.js';
import { rsaKeyPair } from './rsa-keys.js';

/** What the edge of a test believes the time to be. */
export const NOW = 1_795_000_000;
export const ALIAS = 'cdn.example.com';
export const KEY_GROUP = 'group-viewers';
/** AWS's managed policies (R61, R63). */
export const CACHING_DISABLED = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad';
export const CACHING_OPTIMIZED = '658327ea-f89d-4fab-a63d-7e88639e58f6';
export const CORS_S3_ORIGIN = '88a5eaf4-2fd4-4709-b370-b4c650ea3fcf';
export const ALL_VIEWER = '216adef6-5c7f-47e4-b989-5492eafa07d3';
export const ALL_VIEWER_EXCEPT_HOST = 'b689b0a8-53d0-40ab-baf2-68738e2966ac';

/** A key pair of a test; the edge gets the public half. */
export interface TestKey {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicPem: string;
}

export function rsaKey(id: string, modulusLength = 2048): TestKey {
  return toTestKey(id, rsaKeyPair(modulusLength).privateKey);
}

export function ecKey(id: string, namedCurve = 'prime256v1'): TestKey {
  return toTestKey(id, generateKeyPairSync('ec', { namedCurve }).privateKey);
}

function toTestKey(id: string, privateKey: KeyObject): TestKey {
  const publicPem = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
  return { id, privateKey: createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })), publicPem };
}

/** CloudFront's own base64 (R4), written here a second time: a test must not use the code it checks. */
export function encode(bytes: Buffer | string): string {
  const ordinary = Buffer.from(bytes).toString('base64');
  return ordinary.replaceAll('+', '-').replaceAll('=', '_').replaceAll('/', '~');
}

/** The text of a custom policy; a fresh hour by default. */
export function policyText(resource: string, condition: object = {}): string {
  return JSON.stringify({
    Statement: [
      {
        Resource: resource,
        Condition: { DateLessThan: { 'AWS:EpochTime': NOW + 3600 }, ...condition },
      },
    ],
  });
}

/** Signed values by their name without `CloudFront-`, for cookies and for a query alike. */
export type SignedValues = Readonly<Record<string, string>>;

export function signPolicy(text: string, key: TestKey, hash: 'SHA1' | 'SHA256' | null = null): SignedValues {
  return {
    Policy: encode(text),
    Signature: encode(sign(hash ?? 'SHA1', Buffer.from(text, 'latin1'), key.privateKey)),
    'Key-Pair-Id': key.id,
    ...(hash === null ? {} : { 'Hash-Algorithm': hash }),
  };
}

/** A canned policy for exactly this address (R9). */
export function signCanned(url: string, expires: number, key: TestKey): SignedValues {
  const text = `{"Statement":[{"Resource":"${url}","Condition":{"DateLessThan":{"AWS:EpochTime":${expires}}}}]}`;
  return {
    Expires: String(expires),
    Signature: encode(sign('SHA1', Buffer.from(text, 'latin1'), key.privateKey)),
    'Key-Pair-Id': key.id,
  };
}

export function cookieHeader(values: SignedValues): string {
  return Object.entries(values)
    .map(([name, value]) => `CloudFront-${name}=${value}`)
    .join('; ');
}

export function queryOf(values: SignedValues): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** `{ "Quantity": n, "Items": […] }` as AWS writes lists. */
export function list(items: readonly unknown[]): object {
  return { Quantity: items.length, ...(items.length > 0 ? { Items: items } : {}) };
}

export function behavior(members: object = {}): object {
  return {
    TargetOriginId: 'media',
    TrustedKeyGroups: { Enabled: true, ...list([KEY_GROUP]) },
    ViewerProtocolPolicy: 'allow-all',
    AllowedMethods: { ...list(['HEAD', 'GET']), CachedMethods: list(['HEAD', 'GET']) },
    CachePolicyId: CACHING_DISABLED,
    ...members,
  };
}

/** A behavior that needs no signature (R45). */
export function openBehavior(members: object = {}): object {
  return behavior({ TrustedKeyGroups: { Enabled: false, Quantity: 0 }, ...members });
}

export interface FolderInput {
  readonly keys?: readonly TestKey[];
  /** Put over the members of DistributionConfig. */
  readonly config?: object;
  readonly defaultBehavior?: object;
  readonly behaviors?: readonly object[];
  /** ResponseHeadersPolicyConfig by id. */
  readonly policies?: Readonly<Record<string, object>>;
  /** Put over the members of edge.json. */
  readonly edge?: object;
  /** Files of the origin, by path below its folder. */
  readonly files?: Readonly<Record<string, string | Buffer>>;
  /** Further files of the distribution's folder, bytes, texts or what becomes JSON; null leaves one out. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** Writes a distribution's folder as AWS's own calls would fill it; gives its path and that of the media. */
export function writeFolder(input: FolderInput = {}): { readonly folder: string; readonly media: string } {
  const root = temporaryFolder('edge');
  const folder = join(root, 'distribution');
  const media = join(root, 'media');
  mkdirSync(media, { recursive: true });
  for (const [path, content] of Object.entries(input.files ?? {})) writeFile(join(media, path), content);
  const keys = input.keys ?? [];
  const files: Record<string, unknown> = {
    'distribution.json': {
      ETag: 'E1',
      DistributionConfig: {
        Aliases: list([ALIAS]),
        DefaultRootObject: '',
        Origins: list([{ Id: 'media', DomainName: 'media.s3.amazonaws.com', OriginPath: '' }]),
        DefaultCacheBehavior: input.defaultBehavior ?? behavior(),
        CacheBehaviors: list(input.behaviors ?? []),
        Enabled: true,
        ...input.config,
      },
    },
    'key-groups/viewers.json': {
      KeyGroup: { Id: KEY_GROUP, KeyGroupConfig: { Name: 'viewers', Items: keys.map(({ id }) => id) } },
    },
    'edge.json': { origins: { media: { folder: '../media' } }, ...input.edge },
  };
  for (const { id, publicPem } of keys) {
    files[`public-keys/${id}.json`] = { PublicKey: { Id: id, PublicKeyConfig: { EncodedKey: publicPem } } };
  }
  for (const [id, config] of Object.entries(input.policies ?? {})) {
    files[`response-headers-policies/${id}.json`] = {
      ResponseHeadersPolicy: { Id: id, ResponseHeadersPolicyConfig: config },
    };
  }
  for (const [path, content] of Object.entries({ ...files, ...input.extra })) {
    if (content === null) continue;
    writeFile(
      join(folder, path),
      typeof content === 'string' || Buffer.isBuffer(content)
        ? content
        : JSON.stringify(content, undefined, 2),
    );
  }
  return { folder, media };
}

function writeFile(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** The distribution of a folder without mistakes. */
export function distributionOf(result: DistributionResult) {
  if ('problems' in result) {
    throw new Error(`the fixture has mistakes: ${JSON.stringify(result.problems, undefined, 2)}`);
  }
  return result.distribution;
}

export interface TestEdge {
  readonly port: number;
  readonly media: string;
  /** What the edge has printed so far. */
  readonly lines: readonly string[];
  /** Resolves with the first line that it prints, before or after the call. */
  readonly firstLine: Promise<string>;
  readonly clock: { nowEpochSeconds(): number; move(seconds: number): void };
  /** Sends one request over a socket of its own, the target exactly as written. */
  ask(target: string, request?: AskOptions): Promise<RawResponse>;
  /** What the control port would do. */
  invalidate(paths: readonly string[]): number;
  close(): Promise<void>;
}

export interface AskOptions {
  readonly method?: string;
  readonly host?: string;
  readonly cookies?: SignedValues | string;
  readonly headers?: readonly string[];
}

const running = new Set<EdgeServer>();

/** Starts an edge over plain HTTP on a free port, its clock standing at {@link NOW}. */
export async function startTestEdge(
  input: FolderInput = {},
  options: Partial<EdgeServerOptions> = {},
): Promise<TestEdge> {
  const { folder, media } = writeFolder(input);
  const lines: string[] = [];
  const { promise: firstLine, resolve: printed } = Promise.withResolvers<string>();
  let now = NOW;
  const clock = { nowEpochSeconds: () => now, move: (seconds: number) => (now += seconds) };
  const server = await startEdgeServer({
    distribution: distributionOf(readDistribution(folder)),
    host: '127.0.0.1',
    port: 0,
    plainHttp: true,
    clock,
    writeLine: (line) => {
      lines.push(line);
      printed(line);
    },
    ...options,
  });
  running.add(server);
  const ask = (target: string, request: AskOptions = {}) => {
    const { cookies } = request;
    const cookie = typeof cookies === 'object' ? cookieHeader(cookies) : cookies;
    const headers = [...(cookie === undefined ? [] : [`Cookie: ${cookie}`]), ...(request.headers ?? [])];
    return sendRaw({
      port: server.port,
      bytes: requestBytes(request.host ?? ALIAS, target, headers, request.method),
    });
  };
  return {
    port: server.port,
    media,
    lines,
    firstLine,
    clock,
    ask,
    invalidate: (paths) => server.invalidate(paths),
    close: () => server.close(),
  };
}

/** The value of a header in any case. */
export function header(response: RawResponse, name: string): string | undefined {
  return response.headers.find(([other]) => other.toLowerCase() === name.toLowerCase())?.[1];
}

afterAll(async () => {
  await Promise.all([...running].map((server) => server.close()));
});
