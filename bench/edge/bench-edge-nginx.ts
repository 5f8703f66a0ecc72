import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { machineLine, processorTime, shareOfOthers, usedBy } from '../machine.js';
import type { ServerProcess } from '../server-process.js';
import { median, spread } from '../statistics.js';
import { undisturbedRound } from '../undisturbed.js';
import { DownloadConnection } from './download-connection.js';
import { startNginxOrigin, startNginxProxy } from './nginx-peer.js';
import { Stage, VIEWERS, type ServedFile } from './stage.js';

const PAIRS = 7;
const ROUND_SECONDS = 2;
const WARM_UP_SECONDS = 2;
const CONNECTIONS = 16;
const KIBIBYTE = 1024;
const BEHAVIORS = 1_000;

interface Peer {
  readonly name: string;
  readonly server: ServerProcess;
  /** A server that runs beside it and is ours: its processor time is not that of others. */
  readonly beside: ServerProcess;
}

interface Round {
  readonly answersPerSecond: number;
  readonly p99Milliseconds: number;
  readonly microsecondsPerAnswer: number;
  readonly shareOfOthers: number;
}

interface Case {
  readonly title: string;
  readonly file: ServedFile;
  readonly requests: readonly string[];
  /** At least this much of what the second peer does; null: only measured. */
  readonly goal: number | null;
  readonly isCached: boolean;
  /** What else is measured in each round, to be held against the second peer too. */
  readonly bare?: Peer;
}

/**
 * GET through the edge, cookies verified, against an nginx of one worker process that verifies nothing, with `proxy_cache`
 * and without, and beside both for small files a bare `http.createServer` without any logic; two processes of the edge on
 * one port; then the edge alone with one behavior and with a thousand. Needs Debian's `nginx-light` and `wrk`.
 * Throws when an answer was wrong.
 */
export async function benchEdgeNginx(): Promise<void> {
  const missing = ['nginx', 'wrk'].filter((name) => spawnSync(name, ['-v']).error !== undefined);
  if (missing.length > 0)
    throw new Error(`edge-nginx needs ${missing.join(' and ')}: apt install nginx-light wrk`);
  const stage = new Stage();
  const small = stage.file('files/16k.bin', 16 * KIBIBYTE);
  const large = stage.file('files/1m.bin', KIBIBYTE * KIBIBYTE);
  const passed = stage.file('passed/16k.bin', 16 * KIBIBYTE);
  const running: ServerProcess[] = [];
  const started = async (starting: Promise<ServerProcess>): Promise<ServerProcess> => {
    const server = await starting;
    running.push(server);
    return server;
  };
  try {
    console.log(
      'GET per second: edgepass edge (cookies verified) against nginx (one worker, nothing verified)',
    );
    console.log(machineLine());
    console.log(
      `${CONNECTIONS} connections, ${VIEWERS} viewers, ${PAIRS} pairs of rounds of ${ROUND_SECONDS} s, wrk`,
    );
    const origin = await started(startNginxOrigin(stage.root, stage.media, `/${small.name}`));
    const nginx = await started(startNginxProxy(stage.root, origin, `/${small.name}`));
    // The edge takes what lies at the top for files of the bucket, so the folder that is passed on has another name.
    const folder = await stage.distribution(origin);
    onlyFiles(folder);
    const edge = await started(stage.startEdgeOn(folder, small.name));
    const peers = [
      { name: 'edgepass edge', server: edge, beside: origin },
      { name: 'nginx', server: nginx, beside: origin },
    ] as const;
    const bareCached = await startBare(stage, edge, small, null, origin, started);
    const barePassed = await startBare(stage, edge, passed, origin, origin, started);
    const cases: readonly Case[] = [
      {
        title: 'cached, 16 KB',
        file: small,
        requests: stage.requests(small.name),
        goal: 0.6,
        isCached: true,
        bare: bareCached,
      },
      { title: 'cached, 1 MB', file: large, requests: stage.requests(large.name), goal: 1, isCached: true },
      {
        title: 'from the server, 16 KB',
        file: passed,
        requests: stage.requests(passed.name),
        goal: 0.5,
        isCached: false,
        bare: barePassed,
      },
    ];
    for (const each of cases) await compare(stage, each, peers);
    await compareProcesses(stage, folder, small, peers[1], started);
    await compareBehaviors(stage, folder, edge, small, started);
  } finally {
    await Promise.all(running.map((server) => server.stop()));
    stage.remove();
  }
}

/** Leaves the signed files one behavior, `/files/*`; the rest of the paths is the server's. */
function onlyFiles(folder: string): void {
  changeBehaviors(folder, (behaviors) => behaviors.filter(({ PathPattern }) => PathPattern === '/files/*'));
}

/** A bare server whose answer has the headers of the edge's own. */
async function startBare(
  stage: Stage,
  edge: ServerProcess,
  file: ServedFile,
  server: ServerProcess | null,
  origin: ServerProcess,
  started: (starting: Promise<ServerProcess>) => Promise<ServerProcess>,
): Promise<Peer> {
  const connection = await DownloadConnection.open(edge.host, edge.port);
  const [request = ''] = stage.requests(file.name);
  await connection.ask(request, false);
  // The first answer was a miss, which has no Age.
  const { head } = await connection.ask(request, false);
  connection.close();
  const headers = head.split('\r\n').flatMap((line) => {
    const [, name, value] = /^([^:]+): (.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return [];
    return ['Date', 'Connection', 'Keep-Alive'].includes(name) ? [] : [name, value];
  });
  return { name: 'bare Node', server: await started(stage.startBare(file, headers, server)), beside: origin };
}

/** Two processes of the edge on one port, with copies of their own, against one worker of nginx. */
async function compareProcesses(
  stage: Stage,
  folder: string,
  file: ServedFile,
  nginx: Peer,
  started: (starting: Promise<ServerProcess>) => Promise<ServerProcess>,
): Promise<void> {
  const server = await started(stage.startEdgeOn(folder, file.name, null, [], { WORKERS: '2' }));
  const title = 'cached, 16 KB, two processes that share nothing but the port';
  const both = { name: 'two edges', server, beside: nginx.beside };
  await compare(stage, { title, file, requests: stage.requests(file.name), goal: null, isCached: true }, [
    both,
    nginx,
  ]);
}

type BehaviorJson = Readonly<Record<string, unknown>> & { readonly PathPattern: string };

function changeBehaviors(
  folder: string,
  change: (behaviors: readonly BehaviorJson[]) => readonly BehaviorJson[],
): void {
  const path = join(folder, 'distribution.json');
  const answer = JSON.parse(readFileSync(path, 'utf8')) as {
    DistributionConfig: { CacheBehaviors: { Quantity: number; Items: readonly BehaviorJson[] } };
  };
  const items = change(answer.DistributionConfig.CacheBehaviors.Items);
  answer.DistributionConfig.CacheBehaviors = { Quantity: items.length, Items: items };
  writeFileSync(path, JSON.stringify(answer));
}

/** What a thousand behaviors before the one that decides cost: half of them begin with a folder, half with a wildcard. */
async function compareBehaviors(
  stage: Stage,
  folder: string,
  one: ServerProcess,
  file: ServedFile,
  started: (starting: Promise<ServerProcess>) => Promise<ServerProcess>,
): Promise<void> {
  changeBehaviors(folder, ([files, ...rest]) => {
    if (files === undefined) throw new Error('expected the behavior /files/*');
    const others = Array.from({ length: BEHAVIORS }, (_, index) => ({
      ...files,
      PathPattern: index % 2 === 0 ? `/course-${index}/*` : `*/lesson-${index}.mp4`,
    }));
    return [...others, files, ...rest];
  });
  const many = await started(stage.startEdgeOn(folder, file.name));
  await compare(
    stage,
    {
      title: `${BEHAVIORS} behaviors before the one that decides, cached, 16 KB`,
      file,
      requests: stage.requests(file.name),
      goal: 0.95,
      isCached: true,
    },
    [
      { name: `${BEHAVIORS} behaviors`, server: many, beside: one },
      { name: 'one behavior', server: one, beside: many },
    ],
  );
}

async function compare(stage: Stage, each: Case, [ours, theirs]: readonly [Peer, Peer]): Promise<void> {
  console.log(`\n${each.title}`);
  const script = join(stage.root, 'wrk.lua');
  writeFileSync(script, luaScript(each.requests));
  const measure = (peer: Peer, seconds: number) => round(peer, each, script, seconds);
  const { bare } = each;
  const all = bare === undefined ? [ours, theirs] : [ours, theirs, bare];
  for (const peer of all) {
    await measure(peer, WARM_UP_SECONDS);
    await check(peer, each);
  }
  const pairs: { readonly our: Round; readonly their: Round }[] = [];
  const bares: Round[] = [];
  while (pairs.length < PAIRS) {
    // One after the other is the method.
    const our = await undisturbedRound(() => measure(ours, ROUND_SECONDS));
    pairs.push({ our, their: await undisturbedRound(() => measure(theirs, ROUND_SECONDS)) });
    if (bare !== undefined) bares.push(await undisturbedRound(() => measure(bare, ROUND_SECONDS)));
  }
  for (const peer of all) await check(peer, each);
  print(
    ours,
    pairs.map(({ our }) => our),
  );
  print(
    theirs,
    pairs.map(({ their }) => their),
  );
  const ratios = pairs.map(({ our, their }) => our.answersPerSecond / their.answersPerSecond);
  const goal =
    each.goal === null ? '' : `, goal ${each.goal}: ${median(ratios) >= each.goal ? 'reached' : 'missed'}`;
  console.log(`  ratio per pair  ${spread(ratios, 2)}${goal}`);
  if (bare !== undefined) {
    print(bare, bares);
    const of = (one: Round | undefined) => one?.answersPerSecond ?? Number.NaN;
    const against = pairs.map(({ their }, index) => of(bares[index]) / of(their));
    console.log(`  ratio of ${bare.name} against ${theirs.name}  ${spread(against, 2)}`);
  }
  const rounds = [...pairs.flatMap(({ our, their }) => [our, their]), ...bares];
  const others = rounds.map((one) => 100 * one.shareOfOthers);
  console.log(`  other processes ${spread(others)} % of the processors in the rounds that count`);
}

/** The whole answer once: the bytes of the file, and from the edge's cache where it is to come from there. */
async function check({ name, server }: Peer, { file, requests, isCached }: Case): Promise<void> {
  const connection = await DownloadConnection.open(server.host, server.port);
  const { isOk, isHit, sha256 } = await connection.ask(requests[0] ?? '', true);
  connection.close();
  if (!isOk || sha256 !== file.sha256) throw new Error(`${name}: expected the bytes of ${file.name}`);
  if (!['nginx', 'bare Node'].includes(name) && isHit !== isCached)
    throw new Error(`${name}: expected ${isCached ? 'a Hit' : 'no Hit'} for ${file.name}`);
}

function luaScript(requests: readonly string[]): string {
  // What JSON escapes in these lines, Lua reads alike.
  return `local requests = { ${requests.map((request) => JSON.stringify(request)).join(', ')} }
local next = 0
request = function()
  next = next % #requests + 1
  return requests[next]
end
done = function(summary, latency)
  local errors = summary.errors
  print(string.format('RESULT {"answers":%d,"bytes":%d,"microseconds":%d,"p99Microseconds":%d,"errors":%d}',
    summary.requests, summary.bytes, summary.duration, latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
`;
}

interface WrkResult {
  readonly answers: number;
  readonly bytes: number;
  readonly microseconds: number;
  readonly p99Microseconds: number;
  readonly errors: number;
}

async function round(
  { name, server, beside }: Peer,
  { file }: Case,
  script: string,
  seconds: number,
): Promise<Round> {
  const wrk = spawn('wrk', ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '-s', script, server.url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const own = withWorkers(server.pid);
  const pids = [...own, ...withWorkers(beside.pid), process.pid];
  const before = processorTime(pids);
  const ended = once(wrk, 'exit');
  const said = await text(wrk.stdout);
  await ended;
  const after = processorTime(pids);
  if (before === null || after === null) throw new Error('edge-nginx reads /proc, so it needs Linux');
  const result = JSON.parse(/RESULT (\{.*\})/.exec(said)?.[1] ?? '{}') as Partial<WrkResult>;
  const { answers = 0, bytes = 0, microseconds = 1, p99Microseconds = 0, errors = 1 } = result;
  if (errors > 0 || answers === 0) throw new Error(`${name}: ${errors} wrong answers\n${said}`);
  if (bytes < answers * file.byteLength) throw new Error(`${name}: answers were shorter than ${file.name}`);
  const used = own.reduce((sum, _, index) => sum + usedBy(index, before, after), 0);
  return {
    answersPerSecond: (answers * 1e6) / microseconds,
    p99Milliseconds: p99Microseconds / 1_000,
    microsecondsPerAnswer: used / answers,
    // `wrk` counts to this process, whose child it was.
    shareOfOthers: shareOfOthers(before, after, seconds),
  };
}

/** A process and its children, which are the workers of nginx. */
function withWorkers(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return [pid, ...(children === '' ? [] : children.split(' ').map(Number))];
}

function print({ name }: Peer, rounds: readonly Round[]): void {
  const parts = [
    `${spread(rounds.map(({ answersPerSecond }) => answersPerSecond))} requests/s`,
    `p99 ${median(rounds.map(({ p99Milliseconds }) => p99Milliseconds)).toFixed(2)} ms`,
    `${median(rounds.map(({ microsecondsPerAnswer }) => microsecondsPerAnswer)).toFixed(0)} µs processor time an answer`,
  ];
  console.log(`  ${name.padEnd(14)}  ${parts.join(', ')}, no errors`);
}
