import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Readable } from 'node:stream';
import { createInterface } from 'node:readline';
import { LocalProblem } from './local-problem.js';

export interface EdgeInput {
  /** DATA_DIR/distribution. */
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  readonly isHttps: boolean;
  /** Where it takes invalidations; 0 takes a free port, null leaves it to the edge. */
  readonly controlPort: number | null;
}

export interface RunningEdge {
  /** Where it takes invalidations; null when its port was taken. */
  readonly controlUrl: string | null;
  /** Resolves with one line if the edge ends by itself. */
  readonly died: Promise<string>;
  stop(): Promise<void>;
}

/**
 * Its first and last line are in our own welcome, and what it does not follow in a folder is for people who
 * wrote the folder. The reasons of its refusals are shown.
 */
const SAID_BY_US = /^edge (ready|control|stopped|not followed)/;

/** An edge that has not said that it listens by then has a problem that it did not report. */
const READY_TIMEOUT_MILLISECONDS = 15_000;
const STOP_TIMEOUT_MILLISECONDS = 2_000;

/**
 * Starts `edgepass edge` as a process of its own, as CloudFront is one: it shares nothing with the API but
 * the folder. It ends with this process, however that ends, because its IPC channel then closes.
 * @throws LocalProblem when it does not come up; what it said about that stands in the message
 */
export async function startEdge(input: EdgeInput, entry = builtEntry()): Promise<RunningEdge> {
  const args = [
    ['edge', '--distribution', input.folder, '--host', input.host],
    ['--port', String(input.port)],
    input.controlPort === null ? [] : ['--control-port', String(input.controlPort)],
    input.isHttps ? [] : ['--http'],
  ].flat();
  const child = fork(entry, args, {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A process group of its own: Ctrl-C reaches us alone, and we stop it when the rest has stopped.
    detached: true,
  });
  const said: string[] = [];
  relay(child.stdout, (line) => {
    if (!SAID_BY_US.test(line)) process.stdout.write(`${line}\n`);
  });
  relay(child.stderr, (line) => {
    said.push(line);
    process.stderr.write(`edge: ${line}\n`);
  });
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
    child.once('error', (error) => resolve(error.message));
  });
  const stop = (): Promise<void> => stopChild(child, ended);
  const outcome = await Promise.race([ready(child), ended.then((how) => `it ended with ${how}`)]);
  if (typeof outcome === 'string') {
    await stop();
    throw new LocalProblem(
      `the local edge did not start: ${outcome}${said.length > 0 ? ' (see above)' : ''}`,
    );
  }
  const { controlUrl } = outcome;
  return {
    controlUrl,
    died: ended.then((how) => `the local edge has ended (${how}), so everything stops`),
    stop,
  };
}

/** The compiled command line: a child process runs JavaScript, whatever runs us. */
function builtEntry(): string {
  return fileURLToPath(new URL('../cli/edgepass.js', import.meta.url));
}

/** The edge's word that it listens, or why it never came. */
function ready(child: ChildProcess): Promise<{ readonly controlUrl: string | null } | string> {
  return new Promise((resolve) => {
    const timer = setTimeout(
      () => resolve(`it said nothing for ${READY_TIMEOUT_MILLISECONDS / 1000} s`),
      READY_TIMEOUT_MILLISECONDS,
    );
    child.on('message', (message) => {
      const { type, controlUrl } = message as { type?: unknown; controlUrl?: unknown };
      if (type !== 'ready') return;
      clearTimeout(timer);
      resolve({ controlUrl: typeof controlUrl === 'string' ? controlUrl : null });
    });
    child.once('exit', () => clearTimeout(timer));
  });
}

async function stopChild(child: ChildProcess, ended: Promise<string>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MILLISECONDS);
  await ended;
  clearTimeout(timer);
}

function relay(stream: Readable | null, onLine: (line: string) => void): void {
  if (stream !== null) createInterface({ input: stream }).on('line', onLine);
}
