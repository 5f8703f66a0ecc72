import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

const START_LIMIT_MILLISECONDS = 20_000;

/** A server in a process of its own. */
export interface ServerProcess {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  /** Puts a question to what the process has loaded, which answers with `{ answer }`; for servers with an IPC channel. */
  ask(question: string): Promise<unknown>;
  stop(): Promise<void>;
}

/**
 * Starts `node <args>` with exactly this environment and PORT, and resolves when `readyPath` answers.
 * Rejects with what the process wrote when it ends first.
 */
export function startServer(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  readyPath: string,
  options: {
    readonly ipc?: boolean;
    readonly authorityFile?: string | null;
    readonly pollMilliseconds?: number;
  } = {},
): Promise<ServerProcess> {
  const start = (port: number): ChildProcess =>
    spawn(process.execPath, args, {
      env: { ...environment, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe', ...(options.ipc === true ? (['ipc'] as const) : [])],
    });
  const name = `node ${args.join(' ')}`;
  return startProgram(name, start, readyPath, options.authorityFile ?? null, options.pollMilliseconds);
}

/**
 * The same for any program; `start` gives it the port to listen on.
 * @param authorityFile whose certificate it has; null: plain HTTP
 */
export async function startProgram(
  name: string,
  start: (port: number) => ChildProcess,
  readyPath: string,
  authorityFile: string | null = null,
  pollMilliseconds = 50,
): Promise<ServerProcess> {
  const port = await freePort();
  const child = start(port);
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  child.once('exit', () => process.off('exit', endWithUs));
  let written = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (written = (written + text).slice(-10_000)));
  }
  const host = '127.0.0.1';
  const url = `${authorityFile === null ? 'http' : 'https'}://${host}:${port}`;
  const deadline = performance.now() + START_LIMIT_MILLISECONDS;
  while (!(await answers(url + readyPath, authorityFile))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`${name} did not start:\n${written}`);
    }
    await wait(pollMilliseconds);
  }
  return {
    host,
    port,
    url,
    pid: child.pid ?? 0,
    ask: (question) => ask(child, question),
    stop: () => stop(child),
  };
}

/** Whether the address is served; one with an authority under the name of the benchmark's certificate. */
async function answers(url: string, authorityFile: string | null): Promise<boolean> {
  if (authorityFile !== null) return answersOverTls(url, authorityFile);
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

function answersOverTls(url: string, authorityFile: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const name = 'cdn.edgepass.localhost';
  const options = { ca: readFileSync(authorityFile), servername: name, headers: { host: name } };
  get(url, options, (response) => {
    response.resume();
    resolve(response.statusCode === 200);
  }).once('error', () => resolve(false));
  return promise;
}

async function ask(child: ChildProcess, question: string): Promise<unknown> {
  const answered = new Promise<unknown>((resolve) => {
    const listen = (message: unknown): void => {
      // The service has messages of its own for its parent, such as that it is ready.
      if (typeof message !== 'object' || message === null || !('answer' in message)) return;
      child.off('message', listen);
      resolve(message.answer);
    };
    child.on('message', listen);
  });
  child.send(question);
  return answered;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

/** A port of this machine that nothing listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
