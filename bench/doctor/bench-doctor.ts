import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Stage } from '../edge/stage.js';
import { machineLine } from '../machine.js';
import { spread } from '../statistics.js';

const PAIRS = 7;
const HAR_BYTES = 50 * 1024 * 1024;
const DOCTOR = fileURLToPath(new URL('../../../packages/doctor/dist/edgepass-doctor.js', import.meta.url));

/**
 * The doctor as somebody starts it: a recording of 50 MB against a Node that does nothing but JSON.parse it, and a live
 * address against the same five requests by curl, one after the other. Throws when a finding was wrong.
 */
export async function benchDoctor(): Promise<void> {
  console.log(`The doctor, whole processes, ${PAIRS} pairs\n${machineLine()}`);
  const folder = mkdtempSync(join(tmpdir(), 'edgepass-bench-doctor-'));
  try {
    benchRecording(join(folder, 'large.har'));
    await benchLive(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function benchRecording(file: string): void {
  writeFileSync(file, largeHar());
  const parse = `JSON.parse(require('node:fs').readFileSync(${JSON.stringify(file)}, 'utf8'))`;
  report('a HAR of 50 MB', () => timed(process.execPath, [DOCTOR, '--har', file], 1), [
    'JSON.parse of it',
    () => timed(process.execPath, ['-e', parse], 0),
  ]);
}

async function benchLive(folder: string): Promise<void> {
  const stage = new Stage();
  stage.file('16k.bin', 16 * 1024);
  const server = await stage.startEdge('16k.bin');
  try {
    const url = `http://cdn.edgepass.localhost:${server.port}/16k.bin`;
    const page = 'https://app.edgepass.localhost:3000';
    const cookies = stage.cookiesForAnyAddress();
    const jar = join(folder, 'cookies.txt');
    writeFileSync(
      jar,
      cookies
        .map(([name, value]) => `cdn.edgepass.localhost\tFALSE\t/\tFALSE\t0\t${name}\t${value}\n`)
        .join(''),
    );
    const header = ['-H', `Cookie: ${cookies.map(([name, value]) => `${name}=${value}`).join('; ')}`];
    const origin = ['-H', `Origin: ${page}`];
    const range = ['-r', '0-0'];
    const probes = [
      [...header, ...origin, ...range],
      [...origin, ...range],
      ['-X', 'OPTIONS', ...origin, '-H', 'Access-Control-Request-Method: GET'],
      [...header, ...range],
      [...header, '-H', 'Origin: https://edgepass-doctor.example', ...range],
    ];
    const curl = (): number =>
      probes.reduce(
        (sum, probe) => sum + timed('curl', ['-s', '-o', '/dev/null', '--compressed', ...probe, url], 0),
        0,
      );
    report(
      'a live address',
      () => timed(process.execPath, [DOCTOR, url, '--app', page, '--cookies', jar], 0),
      ['the same five requests by curl', curl],
    );
  } finally {
    await server.stop();
    stage.remove();
  }
}

function report(what: string, own: () => number, [peerName, peer]: readonly [string, () => number]): void {
  own();
  peer();
  const pairs = Array.from({ length: PAIRS }, () => ({ own: own(), peer: peer() }));
  console.log(`\n${what}`);
  console.log(`  edgepass doctor        ${spread(pairs.map((pair) => pair.own))} ms`);
  console.log(`  ${peerName.padEnd(22)} ${spread(pairs.map((pair) => pair.peer))} ms`);
  console.log(
    `  ratio per pair         ${spread(
      pairs.map((pair) => pair.own / pair.peer),
      2,
    )}`,
  );
}

/** Milliseconds of a whole process. */
function timed(command: string, args: readonly string[], code: number): number {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  const milliseconds = performance.now() - started;
  if (status !== code)
    throw new Error(`${command} ended with ${status}: ${stdout.slice(0, 500)}${stderr.slice(0, 500)}`);
  return milliseconds;
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
