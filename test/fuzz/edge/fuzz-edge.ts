import type { readDistribution } from '../../../packages/edge/src/distribution/read-distribution.js';
import type { startEdgeServer } from '../../../packages/edge/src/server.js';
import { HOST, LEAK, PUBLIC_FILES, writeFuzzFolder } from './fuzz-folder.js';
import { KeepAliveClient, type RawAnswer } from '../keep-alive-client.js';
import { rawTarget } from './raw-targets.js';

const VIEWERS = 16;
const PATIENCE_MS = 10_000;
const MAX_FAILURES = 20;
/** What CloudFront and S3 answer to such targets; 5xx would be a fault of the edge. */
const STATUSES = [200, 400, 403, 414, 494];

/** Which targets to send. */
export interface FuzzRun {
  readonly seed: number;
  readonly count: number;
  /** An empty folder for the distribution and its files. */
  readonly root: string;
  /** Further targets, sent first. */
  readonly kept?: readonly string[];
  readonly onProgress?: (sent: number) => void;
}

/** What a run found. */
export interface FuzzReport {
  readonly sent: number;
  /** Answers by status. */
  readonly statuses: Readonly<Record<number, number>>;
  /** One line each, with what sends the target again. */
  readonly failures: readonly string[];
}

/** The edge under test, handed in so that the command can fuzz what was compiled and a spec the source. */
export interface EdgeUnderTest {
  readonly readDistribution: typeof readDistribution;
  readonly startEdgeServer: typeof startEdgeServer;
}

/**
 * Sends raw targets to a listening edge and checks each answer: no byte of what is not public, no content
 * that is not a public file's, no failure, no crash (E17–E31).
 */
export async function fuzzEdge(edge: EdgeUnderTest, run: FuzzRun): Promise<FuzzReport> {
  const result = edge.readDistribution(writeFuzzFolder(run.root));
  if ('problems' in result) throw new Error(`the folder has mistakes: ${JSON.stringify(result.problems)}`);
  const failures: string[] = [];
  const server = await edge.startEdgeServer({
    distribution: result.distribution,
    host: '127.0.0.1',
    port: 0,
    plainHttp: true,
    clock: { nowEpochSeconds: () => 1_795_000_000 },
    writeLine: (line) => {
      if (line.startsWith('edge failed')) failures.push(line);
    },
  });
  const statuses: Record<number, number> = {};
  const kept = run.kept ?? [];
  const total = kept.length + run.count;
  let sent = 0;
  const work = async (): Promise<void> => {
    const viewer = new KeepAliveClient(server.port, PATIENCE_MS);
    while (sent < total && failures.length < MAX_FAILURES) {
      const index = sent - kept.length;
      sent += 1;
      if (sent % 10_000 === 0) run.onProgress?.(sent);
      const target = kept[index + kept.length] ?? rawTarget(run.seed, index);
      const name = index < 0 ? 'kept' : `seed ${run.seed} index ${index}`;
      // oxlint-disable-next-line no-await-in-loop -- one request at a time on a connection
      const failure = await judge(viewer, target, statuses);
      if (failure !== null) failures.push(`${name} ${JSON.stringify(target)}: ${failure}`);
    }
    viewer.close();
  };
  await Promise.all(Array.from({ length: VIEWERS }, work));
  failures.push(...(await afterwards(server.port)));
  await server.close();
  return { sent, statuses, failures };
}

async function judge(
  viewer: KeepAliveClient,
  target: string,
  statuses: Record<number, number>,
): Promise<string | null> {
  let answer: RawAnswer;
  try {
    answer = await viewer.ask(getOf(target));
  } catch (error) {
    return (error as Error).message;
  }
  const { status, body } = answer;
  statuses[status] = (statuses[status] ?? 0) + 1;
  if (body.includes(LEAK)) return `${status} with bytes that are not public`;
  if (!STATUSES.includes(status)) return `status ${status}`;
  if (status === 200 && !PUBLIC_CONTENTS.has(body.toString())) return '200 with something that is no file';
  return null;
}

/** A GET of exactly this target. */
function getOf(target: string): string {
  return `GET ${target} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
}

const PUBLIC_CONTENTS = new Set(Object.values(PUBLIC_FILES));

/** The edge still serves, which also proves that the run did not only meet refusals. */
async function afterwards(port: number): Promise<string[]> {
  const viewer = new KeepAliveClient(port, PATIENCE_MS);
  const { status, body } = await viewer.ask(getOf('/public/hello.txt'));
  viewer.close();
  return status === 200 && body.toString() === 'hello' ? [] : [`afterwards: ${status} for a public file`];
}
