import { fork, type ChildProcess } from 'node:child_process';
import { url as inspectorUrl } from 'node:inspector';
import { createInterface } from 'node:readline';
import { LocalProblem } from './problem.js';
import { readable } from './readable-log.js';

/** A process that serves one part of the stack. */
export interface RunningProcess {
  /** Resolves with one line if it ends by itself. */
  readonly died: Promise<string>;
  stop(): Promise<void>;
}

export interface EdgeInput {
  /** DATA_DIR/distribution. */
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  readonly isHttps: boolean;
  /** Where it takes invalidations; 0 takes a free port, null leaves it to the edge. */
  readonly controlPort: number | null;
  /** Where the control port listens; null leaves it to the edge, which takes the loopback. */
  readonly controlHost: string | null;
}

export interface RunningEdge extends RunningProcess {
  /** Where it takes invalidations; null when its port was taken. */
  readonly controlUrl: string | null;
}

export interface ApiInput {
  readonly isContainer: boolean;
  /** Speaks plain HTTP also where a certificate is set: the edge in front of it has the certificate. */
  readonly isPlainHttp: boolean;
  /** Every setting of the API. */
  readonly environment: NodeJS.ProcessEnv;
  /** Lines that the terminal has shown already: the API reads the same settings and finds the same in them. */
  readonly alreadySaid: readonly string[];
}

/** A process that has not said that it listens by then has a problem that it did not report. */
const READY_TIMEOUT_MILLISECONDS = 15_000;
/** How long requests under way may take once the stack is asked to stop. */
const GRACE_MILLISECONDS = 500;
const STOP_TIMEOUT_MILLISECONDS = 2_000;

/**
 * The edge's first and last line are in our own welcome, and what it does not follow in a folder is for people
 * who wrote the folder. The reasons of its refusals are shown.
 */
const SAID_BY_US = /^edge (ready|control|stopped|not followed)/;

/**
 * Starts `edgepass edge`, as CloudFront is a service of its own: it shares nothing with the API but the folder.
 * @param command the file of the `edgepass` command
 * @throws LocalProblem when it does not come up
 */
export async function startEdge(command: string, input: EdgeInput): Promise<RunningEdge> {
  const { message, ...running } = await start('the local edge', command, {
    args: [
      ['edge', '--distribution', input.folder, '--host', input.host, '--port', String(input.port)],
      input.controlPort === null ? [] : ['--control-port', String(input.controlPort)],
      input.controlHost === null ? [] : ['--control-host', input.controlHost],
      input.isHttps ? [] : ['--http'],
    ].flat(),
    onOutput: (line) => {
      if (!SAID_BY_US.test(line)) process.stdout.write(`${line}\n`);
    },
    onError: (line) => process.stderr.write(`edge: ${line}\n`),
  });
  const { controlUrl } = message;
  return { ...running, controlUrl: typeof controlUrl === 'string' ? controlUrl : null };
}

/**
 * Starts `edgepass api`. Its log is shown as plain text, warnings on stderr.
 * @param command the file of the `edgepass` command
 * @throws LocalProblem when it does not come up
 */
export async function startApi(command: string, input: ApiInput): Promise<RunningProcess> {
  const { message: _, ...running } = await start('the API', command, {
    args: ['api', ...(input.isContainer ? ['--container'] : []), ...(input.isPlainHttp ? ['--http'] : [])],
    environment: input.environment,
    onOutput: (line) => {
      const { text, isWarning } = readable(line);
      (isWarning ? process.stderr : process.stdout).write(`${text}\n`);
    },
    onError: (line) => {
      if (!input.alreadySaid.includes(line)) process.stderr.write(`${line}\n`);
    },
  });
  return running;
}

interface Start {
  readonly args: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
  readonly onOutput: (line: string) => void;
  readonly onError: (line: string) => void;
}

/** What a process sends over its IPC channel when it listens. */
type ReadyMessage = Readonly<Record<string, unknown>>;

/**
 * Runs a command as a process of its own. It is asked to stop over its IPC channel, which signals cannot do on
 * Windows, and it ends with this process, however that ends, because the channel then closes.
 */
async function start(
  name: string,
  command: string,
  { args, environment = process.env, onOutput, onError }: Start,
): Promise<RunningProcess & { readonly message: ReadyMessage }> {
  const child = fork(command, args, {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: environment,
    // A process group of its own: Ctrl-C reaches us alone, and we stop it when the rest has stopped.
    detached: true,
    // Two processes cannot open one inspector.
    execArgv: process.execArgv.filter((argument) => !argument.startsWith('--inspect')),
  });
  let isReported = false;
  const output = [
    relay(child.stdout, onOutput),
    relay(child.stderr, (line) => {
      isReported = true;
      onError(line);
    }),
  ];
  // Not its `close` event, which does not come on Node 24 where a channel was closed from this side.
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
    child.once('error', (error) => resolve(error.message));
  });
  const ended = exited.then(async (how) => {
    await Promise.all(output);
    return how;
  });
  const stop = (): Promise<void> => stopChild(child, ended);
  const outcome = await Promise.race([ready(child), ended.then((how) => `it ended with ${how}`)]);
  if (typeof outcome === 'string') {
    await stop();
    throw new LocalProblem(`${name} did not start: ${outcome}${isReported ? ' (see above)' : ''}`);
  }
  return {
    message: outcome,
    died: ended.then((how) => `${name} has ended (${how}), so everything stops`),
    stop,
  };
}

/** What the process says when it listens, or why that never came. */
function ready(child: ChildProcess): Promise<ReadyMessage | string> {
  return new Promise((resolve) => {
    const isDebugged = inspectorUrl() !== undefined;
    const timer = setTimeout(() => {
      // One that stands at a breakpoint says nothing either.
      if (!isDebugged) resolve(`it said nothing for ${READY_TIMEOUT_MILLISECONDS / 1000} s`);
    }, READY_TIMEOUT_MILLISECONDS);
    child.on('message', (message) => {
      if (typeof message !== 'object' || !('type' in message) || message.type !== 'ready') return;
      clearTimeout(timer);
      resolve(message);
    });
    child.once('exit', () => clearTimeout(timer));
  });
}

async function stopChild(child: ChildProcess, ended: Promise<string>): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  // A channel that has just closed is a process that is ending by itself.
  if (child.connected) child.send({ type: 'stop', graceMilliseconds: GRACE_MILLISECONDS }, () => undefined);
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MILLISECONDS);
  await ended;
  clearTimeout(timer);
}

/** Hands on each line. Resolves when there are no more. */
async function relay(stream: ChildProcess['stdout'], onLine: (line: string) => void): Promise<void> {
  if (stream === null) return;
  const lines = createInterface({ input: stream });
  lines.on('line', onLine);
  await new Promise((resolve) => lines.once('close', resolve));
}
