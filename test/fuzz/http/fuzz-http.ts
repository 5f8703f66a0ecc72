import { KeepAliveClient, type RawAnswer } from '../keep-alive-client.js';
import type { Promises } from '../../hostile/harmless.js';
import { credentialsOf, LASTING_GROUP } from './credentials.js';
import { judgeOf, type JudgeAnswer } from './judge-answer.js';
import { operationsAt, operationsOf, type OpenApiDocument, type Operation } from '../../support/open-api.js';
import { describeRequest, fuzzRequest, type FuzzRequest, type RequestParts } from './requests.js';

const CLIENTS = 16;
const PATIENCE_MS = 10_000;
const MAX_FAILURES = 20;
const MOST_IDS = 50;

/** The API that is asked, and how its callers sign in. */
export interface ApiUnderTest {
  readonly port: number;
  readonly issuer: {
    readonly secret: string;
    readonly issuer: string;
    readonly audience: string;
    readonly adminGroup: string;
  };
  readonly nowEpochSeconds: number;
  readonly promises: Promises;
  /** Null while the same process runs; else what became of it. */
  ended(): string | null;
}

/** Which requests to send. */
export interface HttpRun {
  readonly seed: number;
  readonly count: number;
  /** Begins at this place of the sequence. */
  readonly from?: number;
  readonly onProgress?: (sent: number) => void;
}

/** What a run found. */
export interface HttpReport {
  readonly sent: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** The statuses that each operation of the document gave. */
  readonly byOperation: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly failures: readonly string[];
}

/** Sends requests made from the document to a running API and judges every answer. */
export async function fuzzHttp(
  document: OpenApiDocument,
  api: ApiUnderTest,
  run: HttpRun,
): Promise<HttpReport> {
  const operations = operationsOf(document);
  const ids: string[] = [];
  const credentials = credentialsOf(api.issuer, api.nowEpochSeconds);
  const parts: RequestParts = { operations, credentials, appOrigin: api.promises.appOrigins[0] ?? '', ids };
  const judge = judgeOf(document, operations, api.promises);
  await giveLastingRight(api, parts);
  const tally = new StatusTally(operations);
  const failures: string[] = [];
  const from = run.from ?? 0;
  let sent = 0;
  const work = async (): Promise<void> => {
    const client = new KeepAliveClient(api.port, PATIENCE_MS);
    while (sent < run.count && failures.length < MAX_FAILURES) {
      const index = from + sent;
      sent += 1;
      if (sent % 10_000 === 0) run.onProgress?.(sent);
      const request = fuzzRequest(parts, run.seed, index);
      // oxlint-disable-next-line no-await-in-loop -- one request at a time on a connection
      const { answer, faults } = await asked(client, judge, request);
      if (answer !== null) {
        tally.count(request, answer.status);
        remember(ids, request, answer);
      }
      if (faults.length > 0) {
        failures.push(
          [
            `seed ${run.seed} index ${index}: ${faults.join('; ')}`,
            `request: ${describeRequest(request)}`,
            `again: npm run fuzz:http -- --seed ${run.seed} --index ${index}`,
          ].join('\n'),
        );
      }
    }
    client.close();
  };
  await Promise.all(Array.from({ length: CLIENTS }, work));
  failures.push(...(await afterwards(api, parts)));
  return { sent, ...tally.totals, failures };
}

async function asked(
  client: KeepAliveClient,
  judge: JudgeAnswer,
  request: FuzzRequest,
): Promise<{ readonly answer: RawAnswer | null; readonly faults: readonly string[] }> {
  try {
    const answer = await client.ask(request.bytes, request.method === 'HEAD');
    return { answer, faults: judge(request, answer) };
  } catch (error) {
    return { answer: null, faults: [(error as Error).message] };
  }
}

/** Ids of entitlements, to be deleted by other requests. */
function remember(ids: string[], request: FuzzRequest, { status, body }: RawAnswer): void {
  if (request.method !== 'PUT' || (status !== 200 && status !== 201)) return;
  ids.push((JSON.parse(body.toString()) as { id: string }).id);
  if (ids.length > MOST_IDS) ids.shift();
}

/** A right that no request of the run takes away, so that grants are met as well as refusals. */
async function giveLastingRight(api: ApiUnderTest, parts: RequestParts): Promise<void> {
  const answer = await put(api, parts, { subject: `group:${LASTING_GROUP}`, prefix: 'open' });
  if (answer.status !== 201 && answer.status !== 200)
    throw new Error(`no right could be given: ${answer.head}`);
}

/** The same process still grants. */
async function afterwards(api: ApiUnderTest, parts: RequestParts): Promise<string[]> {
  try {
    await put(api, parts, { subject: 'everyone', prefix: 'afterwards' });
    const token = parts.credentials.viewers[0] ?? '';
    const { status } = await call(api, 'POST', '/grants', token, { prefix: 'afterwards' });
    if (status !== 201) return [`afterwards: ${status} for an ordinary grant`];
  } catch (error) {
    return [`afterwards: ${(error as Error).message}`];
  }
  const ended = api.ended();
  return ended === null ? [] : [`afterwards: ${ended}`];
}

function put(api: ApiUnderTest, parts: RequestParts, right: object): Promise<RawAnswer> {
  return call(api, 'PUT', '/admin/entitlements', parts.credentials.admin, right);
}

async function call(
  api: ApiUnderTest,
  method: string,
  path: string,
  token: string,
  body: object,
): Promise<RawAnswer> {
  const client = new KeepAliveClient(api.port, PATIENCE_MS);
  const text = JSON.stringify(body);
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'Host: api.media.example.com',
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    `Content-Length: ${text.length}`,
  ];
  try {
    return await client.ask(`${lines.join('\r\n')}\r\n\r\n${text}`);
  } finally {
    client.close();
  }
}

class StatusTally {
  readonly #statuses: Record<string, number> = {};
  readonly #byOperation: Record<string, Record<string, number>>;

  constructor(private readonly operations: readonly Operation[]) {
    this.#byOperation = Object.fromEntries(operations.map(({ name }) => [name, {}]));
  }

  count({ method, target }: FuzzRequest, status: number): void {
    add(this.#statuses, status);
    const here = operationsAt(this.operations, target.split(/[?#]/)[0] ?? '');
    const name = here.find((operation) => operation.method === method)?.name;
    if (name !== undefined) add(this.#byOperation[name] ?? {}, status);
  }

  get totals() {
    return { statuses: this.#statuses, byOperation: this.#byOperation };
  }
}

function add(counts: Record<string, number>, status: number): void {
  counts[status] = (counts[status] ?? 0) + 1;
}
