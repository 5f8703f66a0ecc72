import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll } from '@jest/globals';

export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RunningProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Resolves with the first line of either stream that matches, printed before or after the call; rejects at the deadline or when the process ends without it. */
  waitForLine(pattern: RegExp | string, deadlineMilliseconds?: number): Promise<string>;
  /** Resolves when the process has ended and its output is complete. */
  readonly ended: Promise<ExitStatus>;
  /** Sends the signal (default SIGTERM; SIGKILL after ten seconds) and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<ExitStatus>;
}

export interface StartOptions {
  readonly cwd?: string;
  /** Added to an otherwise bare environment (PATH, HOME, TMPDIR): a developer's settings never leak in. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Opens an IPC channel to the process. */
  readonly ipc?: boolean;
  /** A command that runs the rest of its line: `['strace', '-D']`. */
  readonly under?: readonly string[];
  /** Whom to run it as, where that is not who runs the tests. */
  readonly owner?: { readonly uid: number; readonly gid: number } | null;
}

const repository = fileURLToPath(new URL('../..', import.meta.url));
const running = new Set<RunningProcess>();

/** Starts `node dist/cli/edgepass.js …` as built by `npm run build`. */
export function startEdgepass(args: readonly string[], options: StartOptions = {}): RunningProcess {
  return startProcess(process.execPath, [`${repository}dist/cli/edgepass.js`, ...args], options);
}

/** Runs `edgepass …` to its end; gives exit status and output. */
export async function runEdgepass(
  args: readonly string[],
  options: StartOptions = {},
): Promise<ExitStatus & { stdout: string; stderr: string }> {
  const started = startEdgepass(args, options);
  const status = await started.ended;
  return { ...status, stdout: started.stdout(), stderr: started.stderr() };
}

/** Starts any command with a bare environment. What still runs when the spec file has finished is stopped. */
export function startProcess(
  command: string,
  args: readonly string[],
  options: StartOptions = {},
): RunningProcess {
  const [first = command, ...rest] = [...(options.under ?? []), command, ...args];
  const child = spawn(first, rest, {
    ...options.owner,
    cwd: options.cwd ?? repository,
    env: bareEnvironment(options.environment),
    stdio: options.ipc === true ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<ExitStatus>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  ended.catch(() => undefined);

  const started: RunningProcess = {
    pid: child.pid ?? -1,
    child,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    ended,
    waitForLine: (pattern, deadlineMilliseconds = 15_000) =>
      new Promise((resolve, reject) => {
        const settle = (finish: () => void): void => {
          clearTimeout(timer);
          listeners.delete(look);
          finish();
        };
        const look = (): void => {
          const line = findLine(output.stdout, pattern) ?? findLine(output.stderr, pattern);
          if (line !== undefined) settle(() => resolve(line));
        };
        const give = (why: string): Error =>
          new Error(
            `expected ${[command, ...args].join(' ')} to print ${String(pattern)}, but ${why}; it printed:\n${output.stdout}${output.stderr}`,
          );
        const timer = setTimeout(
          () => settle(() => reject(give(`${deadlineMilliseconds} ms passed`))),
          deadlineMilliseconds,
        );
        listeners.add(look);
        look();
        ended.then(
          ({ code, signal }) => {
            look();
            settle(() => reject(give(`it ended with ${signal ?? `exit code ${code}`}`)));
          },
          (error: unknown) => settle(() => reject(give(`it could not start (${String(error)})`))),
        );
      }),
    stop: async (signal = 'SIGTERM') => {
      if (child.exitCode !== null || child.signalCode !== null) return ended;
      child.kill(signal);
      const last = setTimeout(() => child.kill('SIGKILL'), 10_000);
      try {
        return await ended;
      } finally {
        clearTimeout(last);
      }
    },
  };
  running.add(started);
  ended.then(
    () => running.delete(started),
    () => running.delete(started),
  );
  return started;
}

function findLine(text: string, pattern: RegExp | string): string | undefined {
  return text
    .split('\n')
    .find((line) => (typeof pattern === 'string' ? line.includes(pattern) : pattern.test(line)));
}

function bareEnvironment(additions: StartOptions['environment'] = {}): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {};
  for (const name of ['PATH', 'HOME', 'TMPDIR']) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  for (const [name, value] of Object.entries(additions)) {
    if (value === undefined) delete environment[name];
    else environment[name] = value;
  }
  return environment;
}

afterAll(async () => {
  await Promise.allSettled([...running].map((process) => process.stop()));
});
