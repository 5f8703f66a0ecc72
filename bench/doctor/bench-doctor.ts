import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Stage } from '../edge/stage.js';
import { machineLine, processorTime, shareOfOthers } from '../machine.js';
import { median, spread } from '../statistics.js';
import { undisturbedRound } from '../undisturbed.js';

const PAIRS = 7;
const HAR_BYTES = 50 * 1024 * 1024;
const DOCTOR = fileURLToPath(
  new URL('../../../packages/doctor/dist/bundle/edgepass-doctor.js', import.meta.url),
);
const PAGE = 'https://app.edgepass.localhost:3000';

/** A process, and what it must answer for its time to count. */
interface Run {
  readonly command: string;
  readonly args: readonly string[];
  readonly code: number;
  /** How its output begins. */
  readonly output: string;
}

/** What two ways take in one pair. */
interface Pair {
  readonly own: number;
  readonly peer: number;
  readonly shareOfOthers: number;
}

/**
 * The doctor as somebody starts it: a recording of 50 MB against a Node that does nothing but JSON.parse it, and a live
 * address over HTTPS against the same five requests by curl, one after the other. Throws when an answer was wrong.
 */
export async function benchDoctor(): Promise<void> {
  console.log(`The doctor, whole processes, ${PAIRS} pairs\n${machineLine()}`);
  const folder = mkdtempSync(join(tmpdir(), 'edgepass-bench-doctor-'));
  try {
    await benchRecording(join(folder, 'large.har'));
    await benchLive(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function benchRecording(file: string): Promise<void> {
  writeFileSync(file, largeHar());
  const doctor = ofDoctor(['--har', file], 1, 'The CDN answers Access-Control-Allow-Origin: *');
  const parse = `const { log } = JSON.parse(require('node:fs').readFileSync(process.argv[1], 'utf8')); console.log(log.version)`;
  const peer: Run = { command: process.execPath, args: ['-e', parse, file], code: 0, output: '1.2' };
  await compare('a HAR of 50 MB; at most 3', [doctor], ['JSON.parse of it', [peer]], null);
}

async function benchLive(folder: string): Promise<void> {
  const stage = new Stage();
  stage.file('16k.bin', 16 * 1024);
  const tls = await stage.certificate();
  const server = await stage.startEdge('16k.bin', tls);
  try {
    const url = `https://cdn.edgepass.localhost:${server.port}/16k.bin`;
    const cookies = stage.cookiesForAnyAddress();
    const jar = join(folder, 'cookies.txt');
    writeFileSync(
      jar,
      cookies
        .map(([name, value]) => `cdn.edgepass.localhost\tFALSE\t/\tTRUE\t0\t${name}\t${value}\n`)
        .join(''),
    );
    const doctor = ofDoctor(
      [url, '--app', PAGE, '--cookies', jar, '--ca', tls.authorityFile],
      0,
      'Nothing wrong was found',
    );
    const header = ['-H', `Cookie: ${cookies.map(([name, value]) => `${name}=${value}`).join('; ')}`];
    const origin = ['-H', `Origin: ${PAGE}`];
    const range = ['-r', '0-0'];
    const curl = (status: string, ...probe: readonly string[]): Run => ({
      command: 'curl',
      args: [
        '-s',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
        '--compressed',
        '--cacert',
        tls.authorityFile,
        ...probe,
        url,
      ],
      code: 0,
      output: status,
    });
    const probes = [
      curl('206', ...header, ...origin, ...range),
      curl('403', ...origin, ...range),
      curl('403', '-X', 'OPTIONS', ...origin, '-H', 'Access-Control-Request-Method: GET'),
      curl('206', ...header, ...range),
      curl('206', ...header, '-H', 'Origin: https://edgepass-doctor.example', ...range),
    ];
    const peer = ['the same five requests by curl', probes] as const;
    await compare('a live address over HTTPS; at most 1.5', [doctor], peer, server.pid);
  } finally {
    await server.stop();
    stage.remove();
  }
}

function ofDoctor(args: readonly string[], code: number, output: string): Run {
  return { command: process.execPath, args: [DOCTOR, ...args], code, output };
}

/** @param serverPid a process that both ask; null: none */
async function compare(
  what: string,
  own: readonly Run[],
  [peerName, peer]: readonly [string, readonly Run[]],
  serverPid: number | null,
): Promise<void> {
  timed(own);
  timed(peer);
  // What is timed counts to this process, whose children they were.
  const pids = [process.pid, ...(serverPid === null ? [] : [serverPid])];
  const measure = (): Promise<Pair> => {
    const before = processorTime(pids);
    const started = performance.now();
    const pair = { own: timed(own), peer: timed(peer) };
    const seconds = (performance.now() - started) / 1000;
    const after = processorTime(pids);
    const share = before === null || after === null ? 0 : shareOfOthers(before, after, seconds);
    return Promise.resolve({ ...pair, shareOfOthers: share });
  };
  const pairs: Pair[] = [];
  // oxlint-disable-next-line no-await-in-loop -- one after the other is the method
  while (pairs.length < PAIRS) pairs.push(await undisturbedRound(measure));
  const others = median(pairs.map(({ shareOfOthers }) => 100 * shareOfOthers));
  const ratios = pairs.map((pair) => pair.own / pair.peer);
  console.log(`\n${what}`);
  console.log(`  edgepass doctor        ${spread(pairs.map((pair) => pair.own))} ms`);
  console.log(`  ${peerName.padEnd(22)} ${spread(pairs.map((pair) => pair.peer))} ms`);
  console.log(`  ratio per pair         ${spread(ratios, 2)}`);
  console.log(`  other processes        ${others.toFixed(0)} % of the processors (median)`);
}

/** Milliseconds of whole processes, one after the other. */
function timed(runs: readonly Run[]): number {
  return runs.reduce((sum, { command, args, code, output }) => {
    const started = performance.now();
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
    const milliseconds = performance.now() - started;
    if (status !== code || !stdout.startsWith(output)) {
      throw new Error(
        `${command} ${args[0] ?? ''}: expected exit code ${code} and ${JSON.stringify(output)}, found ${status}: ${stdout.slice(0, 500)}${stderr.slice(0, 500)}`,
      );
    }
    return sum + milliseconds;
  }, 0);
}

/** Requests as a browser records them, none of them refused but the last. */
function largeHar(): string {
  const headers = Array.from({ length: 20 }, (_, index) => ({
    name: `x-header-${index}`,
    value: `${index}`.repeat(60),
  }));
  const entry = (url: string, status: number) => ({
    startedDateTime: '2026-01-13T02:00:00.000Z',
    _resourceType: 'fetch',
    request: {
      method: 'GET',
      url,
      headers: [
        { name: 'Origin', value: 'https://app.example.com' },
        { name: 'Sec-Fetch-Mode', value: 'cors' },
        { name: 'Cookie', value: 'session=0123456789abcdef' },
        ...headers,
      ],
      cookies: [],
    },
    response: {
      status,
      headers: [
        { name: 'Access-Control-Allow-Origin', value: status === 200 ? 'https://app.example.com' : '*' },
        { name: 'Access-Control-Allow-Credentials', value: 'true' },
        { name: 'X-Cache', value: 'Miss from cloudfront' },
        ...headers,
      ],
      content: { text: 'b'.repeat(1000) },
    },
  });
  const one = JSON.stringify(entry('https://cdn.example.com/courses/algebra/segment-00000.ts', 200));
  const many = Array.from({ length: Math.floor(HAR_BYTES / (one.length + 1)) }, () => one);
  const last = JSON.stringify({ ...entry('https://cdn.example.com/courses/algebra/last.ts', 206) });
  return `{"log":{"version":"1.2","creator":{"name":"WebInspector"},"pages":[],"entries":[${many.join(',')},${last}]}}`;
}
