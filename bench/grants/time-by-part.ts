/** The part of V8's `.cpuprofile` that is read. Times in microseconds of the monotonic clock. */
export interface CpuProfile {
  readonly startTime: number;
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const IDLE = 'idle';

/** Which part of a grant a function belongs to; the first that matches. */
const PARTS: readonly (readonly [part: string, test: RegExp])[] = [
  [IDLE, /^\(idle\)/],
  ['garbage collection', /^\(garbage collector\)/],
  [
    'entitlement check and audit row (SQL, commit, flush)',
    /\/(kysely|better-sqlite3|database)\/|grant-ledger|\/entitlements\//,
  ],
  [
    'token',
    /\/jose\/|\/authentication\/(?!forgery)|internal\/crypto\/(webcrypto|mac|webidl|keys)|jobPromise/,
  ],
  ['reading the members of the body', /\/http\/members/],
  ['reading the body', /json-body/],
  ['handing policies to the signing thread', /\/signing\/|worker_threads|MessagePort/],
  ['policy, cookies, scopes', /\/cloudfront\//],
  [
    'CORS, helmet, other headers',
    /\/(helmet|cors|cookie-parser|vary)\/|\/http\/(front|cross-origin|request-head|admission)/,
  ],
  ['writing the answer', /express\/lib\/response|express-adapter|node:_http_outgoing/],
  ['routing (Nest, Express)', /\/(@nestjs|express|router|path-to-regexp|rxjs|iterare)\//],
  ['HTTP and sockets (Node)', /node:(_http|net|internal\/(stream|http|streams)|stream|events|buffer)/],
];

/**
 * Sums the samples between two moments by part of a grant, in microseconds, idle time left out. A function
 * that belongs to no part, such as one of V8, counts to the part that called it.
 */
export function timeByPart(
  profile: CpuProfile,
  fromMicroseconds: number,
  toMicroseconds: number,
): ReadonlyMap<string, number> {
  const partOfNode = partsOf(profile);
  const sums = new Map<string, number>();
  let now = profile.startTime;
  profile.samples.forEach((node, index) => {
    const delta = profile.timeDeltas[index] ?? 0;
    now += delta;
    const part = partOfNode.get(node) ?? 'other';
    if (part === IDLE || now < fromMicroseconds || now > toMicroseconds) return;
    sums.set(part, (sums.get(part) ?? 0) + delta);
  });
  return sums;
}

function partsOf({ nodes }: CpuProfile): ReadonlyMap<number, string> {
  const parents = new Map<number, number>();
  for (const { id, children } of nodes) for (const child of children ?? []) parents.set(child, id);
  const parts = new Map<number, string>();
  // A node comes after its parent in the file, so that the parent's part is known.
  for (const { id, callFrame } of nodes) {
    const name = `${callFrame.functionName} ${callFrame.url}`;
    const own = PARTS.find(([, test]) => test.test(name))?.[0];
    parts.set(id, own ?? parts.get(parents.get(id) ?? -1) ?? 'other');
  }
  return parts;
}
