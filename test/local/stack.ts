import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../support/free-port.js';
import { send, type ClientRequest, type ClientResponse } from '../support/https-client.js';
import { until } from '../support/operated-api.js';
import { startEdgepass, type ExitStatus, type RunningProcess } from '../support/processes.js';

/** A place for one local stack: its own folder and ports, so that several can run beside each other. */
export interface Place {
  readonly folder: string;
  readonly dataDir: string;
  readonly app: string;
  readonly api: string;
  readonly cdn: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Sends a request to one of its addresses, trusting its authority. */
  get(url: string, options?: ClientRequest): Promise<ClientResponse>;
  start(args?: readonly string[], environment?: Readonly<Record<string, string>>): RunningProcess;
  remove(): void;
}

/** The line that stands in the output when everything runs. */
export const RUNNING = 'edgepass is running. Ctrl-C stops all of it.';

/** @param domain the parent of the three hosts */
export async function makePlace(domain = 'edgepass.localhost'): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'edgepass-stack-'));
  const dataDir = join(folder, 'data');
  const [app, api, cdn] = (await freePorts(3)).map(
    (port, index) => `https://${['app', 'api', 'cdn'][index]}.${domain}:${port}`,
  );
  if (app === undefined || api === undefined || cdn === undefined) throw new Error('expected three ports');
  const environment = { APP_ORIGINS: app, PUBLIC_URL: api, CLOUDFRONT_DOMAIN: cdn };
  return {
    folder,
    dataDir,
    app,
    api,
    cdn,
    environment,
    get: (url, options = {}) => send(url, { ...options, ca: readFileSync(join(dataDir, 'tls/ca.pem')) }),
    start: (args = [], more = {}) =>
      startEdgepass(['start', ...args], { cwd: folder, environment: { ...environment, ...more } }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The process id of one of the stack's two children, by the command that it runs. */
export function pidOf(stack: RunningProcess, command: 'api' | 'edge'): number {
  const children = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(stack.pid)])
    .toString()
    .split('\n')
    .filter((line) => line.includes('edgepass.js'));
  if (children.length !== 2) throw new Error(`expected two children, found ${children.length}`);
  const line = children.find((child) => child.includes(`edgepass.js ${command}`)) ?? '';
  return Number(line.trim().split(' ')[0]);
}

/** Looks until the process has gone: a process that is not our child sends no event. */
export function gone(pid: number): Promise<boolean> {
  return until(async () => hasEnded(pid), 5_000).then(
    () => true,
    () => false,
  );
}

function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // An orphan whose end nobody has asked for yet, as in a container without an init, is a zombie (Z).
    return process.platform === 'linux' && readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return true;
  }
}

/** What came of a signal to a stack that runs, and of a browser that keeps a connection open meanwhile. */
interface StoppedStack {
  readonly status: ExitStatus;
  readonly isGone: boolean;
  readonly isClosed: boolean;
  readonly isLocked: boolean;
  readonly stderr: string;
}

/** What {@link stopBy} gives where nothing is left of the stack, and nothing was wrong. */
export const ALL_STOPPED: StoppedStack = {
  status: { code: 0, signal: null },
  isGone: true,
  isClosed: true,
  isLocked: false,
  stderr: '',
};

export async function stopBy(
  signal: NodeJS.Signals,
  stack: RunningProcess,
  place: Place,
): Promise<StoppedStack> {
  const pids = [pidOf(stack, 'api'), pidOf(stack, 'edge')];
  await place.get(place.app, { headers: { Connection: 'keep-alive' } });
  stack.child.kill(signal);
  return {
    status: await stack.ended,
    isGone: (await Promise.all(pids.map(gone))).every(Boolean),
    isClosed: await allClosed(place),
    isLocked: readdirSync(place.dataDir).includes('edgepass.lock'),
    stderr: stack.stderr(),
  };
}

/** Gives whether every one of its ports refuses a connection. */
export async function allClosed(place: Place): Promise<boolean> {
  const ports = [place.app, place.api, place.cdn].map((url) => Number(new URL(url).port));
  const refusals = await Promise.all(ports.map(isClosed));
  return refusals.every(Boolean);
}

function isClosed(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(true));
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
  });
}
