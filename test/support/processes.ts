import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from '@jest/globals';
import { keepDataFolder, keepSettings, secretsIn } from './canaries/canaries.js';
import { COMPILED_FOLDER } from './compiled-threads.js';

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
  /** Added to an otherwise bare environment (PATH, HOME, TMPDIR, NODE_COMPILE_CACHE): a developer's settings never leak in. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Opens an IPC channel to the process. */
  readonly ipc?: boolean;
  /** A command that runs the rest of its line: `['strace', '-D']`. */
  readonly under?: readonly string[];
  /** Whom to run it as, where that is not who runs the tests. */
  readonly owner?: { readonly uid: number; readonly gid: number } | null;
}

const repository = fileURLToPath(new URL('../..', import.meta.url));
/** For what lies in a temporary folder: Node keeps compiled code by its path, and would keep some 1,000 files of each run. */
export const NOT_KEPT = { NODE_COMPILE_CACHE: undefined } as const;
/** For NODE_OPTIONS: packed-packages.ts */
export const packedPackages = `--import=${process.env['EDGEPASS_TEST_PACKED'] ?? ''}`;
const saySeconds = new URL('say-seconds.mjs', import.meta.url).href;
const running = new Set<RunningProcess>();
/** What processes of this spec file printed and may not: one line each. */
const printedSecrets: string[] = [];

/**
 * Starts `node dist/cli/edgepass.js …` as built by `npm run build`, with everything in its log that it ever says
 * (K13). Only `start` keeps its own level: what it tells a person is tested line by line. No balancer looks at
 * its readiness, so it does not wait for one when it stops; a test of that says for how long.
 */
export function startEdgepass(args: readonly string[], options: StartOptions = {}): RunningProcess {
  const level = args[0] === 'start' ? {} : { LOG_LEVEL: 'trace' };
  const drain = args[0] === 'api' ? { DRAIN_SECONDS: '0' } : {};
  const nodeOptions = `${packedPackages} ${options.environment?.['NODE_OPTIONS'] ?? ''}`.trim();
  const environment = { ...level, ...drain, ...options.environment, NODE_OPTIONS: nodeOptions };
  return startProcess(process.execPath, [`${repository}dist/cli/edgepass.js`, ...args], {
    ...options,
    environment,
  });
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

/**
 * The same; also gives the seconds that it took, without those in which other programs had the processors
 * (stopwatch.ts); NaN where a signal ended it.
 */
export async function runTimed(
  args: readonly string[],
  options: StartOptions = {},
): Promise<Awaited<ReturnType<typeof runEdgepass>> & { readonly seconds: number }> {
  const nodeOptions = `${options.environment?.['NODE_OPTIONS'] ?? ''} --import=${saySeconds}`;
  const environment = { ...options.environment, NODE_OPTIONS: nodeOptions };
  const { stderr, ...ended } = await runEdgepass(args, { ...options, environment });
  const [line = '', seconds] = /^taken (.+) s\n$/m.exec(stderr) ?? [];
  return { ...ended, stderr: stderr.replace(line, ''), seconds: Number(seconds) };
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
  const dataFolder = options.environment?.['DATA_DIR'] ?? join(options.cwd ?? repository, 'data');
  keepSettings(options.environment ?? {});
  const listeners = new Set<() => void>();
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<ExitStatus>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      keepDataFolder(dataFolder);
      for (const [stream, text] of Object.entries(output)) {
        for (const name of secretsIn(text)) {
          printedSecrets.push(`${stream} of ${[command, ...args].join(' ')}: ${name}`);
        }
      }
      resolve({ code, signal });
    });
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
          keepDataFolder(dataFolder);
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

/** What ended processes have printed and may not, one line each, and forgets it: any left fails the spec file. */
export function takePrintedSecrets(): readonly string[] {
  return printedSecrets.splice(0);
}

function findLine(text: string, pattern: RegExp | string): string | undefined {
  return text
    .split('\n')
    .find((line) => (typeof pattern === 'string' ? line.includes(pattern) : pattern.test(line)));
}

function bareEnvironment(additions: StartOptions['environment'] = {}): NodeJS.ProcessEnv {
  // Kept between processes and runs: an API starts with a third less of work.
  const environment: NodeJS.ProcessEnv = { NODE_COMPILE_CACHE: COMPILED_FOLDER };
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
  const found = takePrintedSecrets();
  if (found.length > 0)
    throw new Error(`expected processes that print no secret, found:\n${found.join('\n')}`);
});
