/** Jest's globalSetup: PostgreSQL for the whole run, started when the first suite asks for it. */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PostgresMessage } from './postgres-process.js';

export default async function setUp(config: { readonly rootDir: string }): Promise<void> {
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
  globalThis.stopTestPostgres = async () => {
    broker.close();
    rmSync(folder, { recursive: true, force: true });
    await Promise.all(processes.map(endOf));
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
