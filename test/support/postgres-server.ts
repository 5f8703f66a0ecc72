/** Jest's globalSetup: a folder and a key for the run, and PostgreSQL, started when the first suite asks for it. */
import { fork, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PostgresMessage } from './postgres-process.js';

const MEMORY = '/dev/shm';
const NAME = /^edgepass-tests-(\d+)-/;
/** Profiles of browsers, databases, and twice the packages of the image. */
const LEAST_FREE_BYTES = 2e9;

/** Jest gives the `globals` of a configuration to the project alone, and calls with both (jest.io, globalSetup). */
export default async function setUp(
  config: { readonly rootDir: string },
  project: { readonly globals?: { readonly onDisk?: boolean } },
): Promise<void> {
  // Where TMPDIR is set, somebody means it.
  const keepsPlace = process.env['TMPDIR'] !== undefined || project.globals?.onDisk === true;
  const memory = keepsPlace ? null : makeMemoryFolder();
  if (memory !== null) process.env['TMPDIR'] = memory;
  const folder = mkdtempSync(join(tmpdir(), 'edgepass-jest-'));
  const socketPath = join(folder, 'postgres.sock');
  const processes: ChildProcess[] = [];
  let started: Promise<PostgresMessage> | null = null;
  const broker: Server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    started ??= startProcess(join(config.rootDir, 'test', 'support', 'postgres-process.ts'), processes);
    void started.then((message) => socket.end(JSON.stringify(message)));
  });
  await new Promise<void>((resolve) => broker.listen(socketPath, resolve));
  broker.unref();
  // Workers inherit the environment, and nothing else of this process.
  process.env['EDGEPASS_TEST_POSTGRES'] = socketPath;
  process.env['EDGEPASS_TEST_KEY_FILE'] = join(folder, 'key.pem');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(join(folder, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), {
    mode: 0o600,
  });
  globalThis.stopTestPostgres = async () => {
    broker.close();
    rmSync(folder, { recursive: true, force: true });
    await Promise.all(processes.map(endOf));
    if (memory !== null) rmSync(memory, { recursive: true, force: true, maxRetries: 3 });
  };
}

declare global {
  // oxlint-disable-next-line no-var -- the only form that declares a global
  var stopTestPostgres: (() => Promise<void>) | undefined;
}

function startProcess(script: string, processes: ChildProcess[]): Promise<PostgresMessage> {
  // Detached: Ctrl-C must leave it alive to clean up after itself; it ends when its channel closes.
  const child = fork(script, [], {
    detached: true,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  processes.push(child);
  return new Promise((resolve) => {
    child.once('message', (message) => resolve(message as PostgresMessage));
    child.once('error', (error) => resolve({ type: 'failed', reason: String(error) }));
    child.once('exit', (code) => resolve({ type: 'failed', reason: `its process ended with ${code}` }));
  });
}

function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    if (child.connected) child.disconnect();
  });
}

/**
 * Makes a folder in memory for everything that the tests write to `os.tmpdir()`, and removes what runs that
 * were killed have left. Its owner alone may list it; the user of PostgreSQL may pass through.
 * @returns the folder; `null` where memory is no file system of this machine, is small (a container has 64 MB
 *   by default) or runs no programs
 */
function makeMemoryFolder(): string | null {
  try {
    const mount = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
      .find(([, place]) => place === MEMORY);
    if (mount?.[2] !== 'tmpfs' || mount[3]?.split(',').includes('noexec') !== false) return null;
    removeLeft();
    const { bavail, bsize } = statfsSync(MEMORY);
    if (bavail * bsize < LEAST_FREE_BYTES) return null;
    const folder = mkdtempSync(join(MEMORY, `edgepass-tests-${process.pid}-`));
    chmodSync(folder, 0o711);
    return folder;
  } catch {
    return null;
  }
}

function removeLeft(): void {
  for (const name of readdirSync(MEMORY)) {
    const pid = NAME.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) {
      rmSync(join(MEMORY, name), { recursive: true, force: true });
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
