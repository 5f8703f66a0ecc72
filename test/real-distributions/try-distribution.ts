import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { formatFolderProblem } from '../../packages/edge/src/distribution/json-node.js';
import { readDistribution } from '../../packages/edge/src/distribution/read-distribution.js';
import { startEdgeServer } from '../../packages/edge/src/server.js';
import { header } from '../support/edge-fixture.js';
import { requestBytes, sendRaw, type RawResponse } from '../support/raw-request.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { startUpstream } from '../support/upstream.js';

const METHODS = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'];
const METHOD_PAGE = 'This distribution is not configured to allow the HTTP request method';

/** What came of a distribution. */
export interface Outcome {
  /** One line each; empty: it started. */
  readonly problems: readonly string[];
  /** What the edge says at start that it does not follow, one line each. */
  readonly unfollowed: readonly string[];
  readonly checks: number;
  /** Answers that are not as configured, one line each. */
  readonly differences: readonly string[];
}

/** A member of a JSON object, whatever it is. */
type Json = Readonly<Record<string, unknown>>;

/** A behavior as this test itself reads it. */
interface OwnBehavior {
  readonly pattern: string;
  readonly originId: string;
  readonly methods: readonly string[];
  readonly protocol: string;
  readonly isHostForwarded: boolean;
}

/**
 * Starts an edge with what lies on a disk, a folder behind each bucket and a server behind every other origin, and asks
 * each behavior by every method, over a protocol that it takes and one that it does not.
 *
 * @param bytes a distribution.json as it lies
 * @param config the same as this test reads it, to know what to expect
 */
export async function tryDistribution(bytes: Buffer, config: Json, policies: Json = {}): Promise<Outcome> {
  const root = temporaryFolder('distribution');
  const behaviors = ownBehaviors(config);
  const origins: Record<string, Json> = {};
  for (const origin of items(config['Origins'])) {
    const id = String(origin['Id']);
    const host = String(origin['DomainName']);
    if (/\.s3[.-]/.test(host)) {
      const path = String(origin['OriginPath']).replace('undefined', '');
      for (const behavior of behaviors.filter(({ originId }) => originId === id)) {
        write(join(root, 'origins', id, path, pathOf(behavior.pattern)), `from ${id}`);
      }
      mkdirSync(join(root, 'origins', id), { recursive: true });
      origins[id] = { folder: join(root, 'origins', id) };
    } else {
      // oxlint-disable-next-line no-await-in-loop -- a handful of servers
      const { url } = await startUpstream((message, response) => {
        message.resume();
        response.end(`from ${id}`);
      });
      origins[id] = { url };
    }
  }
  write(join(root, 'distribution.json'), bytes);
  write(join(root, 'edge.json'), JSON.stringify({ origins }));
  for (const [path, content] of Object.entries(policies)) write(join(root, path), JSON.stringify(content));
  const result = readDistribution(root);
  const { unfollowed } = result;
  if ('problems' in result) {
    return { problems: result.problems.map(formatFolderProblem), unfollowed, checks: 0, differences: [] };
  }
  const { distribution } = result;
  const options = {
    host: '127.0.0.1',
    port: 0,
    plainHttp: true,
    clock: { nowEpochSeconds: () => 1_795_860_000 },
    writeLine: () => undefined,
  };
  const open = distribution.behaviors.map((one) => ({ ...one, viewerProtocolPolicy: 'allow-all' as const }));
  const plain = await startEdgeServer({ ...options, distribution });
  const secure = await startEdgeServer({ ...options, distribution: { ...distribution, behaviors: open } });
  const found: (string | null)[] = [];
  try {
    for (const behavior of behaviors) {
      const path = `/${pathOf(behavior.pattern)}`;
      const decides = behaviors.find(({ pattern }) => covers(pattern, path)) ?? behavior;
      const ask = (port: number, method: string) =>
        sendRaw({ port, bytes: requestBytes(`localhost:${port}`, path, [], method) });
      for (const method of METHODS) {
        // oxlint-disable-next-line no-await-in-loop -- each answer belongs to one line
        found.push(judge(await ask(secure.port, method), method, path, decides, config));
      }
      // oxlint-disable-next-line no-await-in-loop -- each answer belongs to one line
      found.push(judgeProtocol(await ask(plain.port, 'GET'), path, decides));
    }
  } finally {
    await Promise.all([plain.close(), secure.close()]);
  }
  return { problems: [], unfollowed, checks: found.length, differences: found.filter((one) => one !== null) };
}

function judge(
  answer: RawResponse,
  method: string,
  path: string,
  behavior: OwnBehavior,
  config: Json,
): string | null {
  const isRefused = answer.status === 403 && answer.body.includes(METHOD_PAGE);
  const where = `${method} ${path} (${behavior.pattern})`;
  if (!behavior.methods.includes(method)) {
    // An error page of the distribution may stand in the place of the refusal (R60).
    const hasPage = items(config['CustomErrorResponses']).some(
      (one) =>
        one['ErrorCode'] === 403 && one['ResponsePagePath'] !== undefined && one['ResponsePagePath'] !== '',
    );
    const isRight = method === 'HEAD' ? answer.status === 403 : isRefused;
    return isRight || hasPage ? null : `${where}: ${answer.status} in the place of a refused method`;
  }
  if (isRefused) return `${where}: refused, and it is allowed`;
  if (method !== 'GET') return null;
  const isBucket = items(config['Origins']).some(
    (one) =>
      one['Id'] === behavior.originId &&
      /\.s3[.-]/.test(String(one['DomainName'])) &&
      one['CustomOriginConfig'] === undefined,
  );
  // R63: a bucket that gets the Host of the viewer answers 403.
  if (isBucket && behavior.isHostForwarded)
    return answer.status === 200 ? `${where}: 200 with a forwarded Host` : null;
  const text = answer.body.toString();
  return answer.status === 200 && text === `from ${behavior.originId}`
    ? null
    : `${where}: ${answer.status} ${text.slice(0, 60)}`;
}

function judgeProtocol(answer: RawResponse, path: string, { protocol, pattern }: OwnBehavior): string | null {
  const isRedirect = answer.status === 301 && header(answer, 'Location')?.startsWith('https://') === true;
  const isRight =
    protocol === 'redirect-to-https'
      ? isRedirect
      : protocol === 'https-only'
        ? answer.status === 403
        : !isRedirect;
  return isRight ? null : `plain HTTP ${path} (${pattern}): ${answer.status} under ${protocol}`;
}

/** The behaviors in their order, read by this test itself. */
function ownBehaviors(config: Json): readonly OwnBehavior[] {
  const fallback = config['DefaultCacheBehavior'] as Json | undefined;
  const listed = items(config['CacheBehaviors']);
  return [...listed, ...(fallback === undefined ? [] : [{ ...fallback, PathPattern: '*' }])].map(
    (node: Json) => {
      const methods = texts(node['AllowedMethods']);
      const forwarded = texts((node['ForwardedValues'] as Json | undefined)?.['Headers']).map((name) =>
        name.toLowerCase(),
      );
      return {
        pattern: String(node['PathPattern']),
        originId: String(node['TargetOriginId']),
        methods: methods.length === 0 ? ['GET', 'HEAD'] : methods,
        protocol: String(node['ViewerProtocolPolicy']),
        // AllViewer; ForwardedValues with Host or everything.
        isHostForwarded:
          node['OriginRequestPolicyId'] === '216adef6-5c7f-47e4-b989-5492eafa07d3' ||
          forwarded.includes('host') ||
          forwarded.includes('*'),
      };
    },
  );
}

/** A path that a pattern covers, without its first slash. */
function pathOf(pattern: string): string {
  const path = pattern.replace(/^\//, '').replaceAll('*', 'any').replaceAll('?', 'x');
  return path === '' || path.endsWith('/') ? `${path}any` : path;
}

function covers(pattern: string, path: string): boolean {
  const parts = pattern
    .replace(/^\//, '')
    .split('')
    .map((one) =>
      one === '*' ? '.*' : one === '?' ? '.' : `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`,
    );
  return new RegExp(`^/${parts.join('')}$`, 's').test(path);
}

function items(list: unknown): readonly Json[] {
  const found = (list as Json | undefined)?.['Items'];
  return Array.isArray(found) ? (found as Json[]) : [];
}

function texts(list: unknown): readonly string[] {
  return (items(list) as readonly unknown[]).map(String);
}

function write(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
