import { chownSync, readlinkSync, statSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../support/free-port.js';
import { startPgBouncer } from '../support/pgbouncer.js';
import { testServer } from '../support/postgres.js';
import { startProcess, type RunningProcess } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { isThroughPooler } from './postgres-behind-relay.js';

const run = promisify(execFile);
const USER = 'edgepass';
const LONGEST_START_MILLISECONDS = 60_000;

/** A PostgreSQL of a test's own, to kill, restart and lose power with: loopback only, no password, waits for its disk. */
export interface OwnPostgres {
  /** Everything of it; removed when the spec file has finished. */
  readonly folder: string;
  readonly data: string;
  readonly url: string;
  /** Starts it and resolves when it accepts connections; rejects when it ends instead. */
  start(options?: {
    readonly settings?: Readonly<Record<string, string>>;
    readonly under?: readonly string[];
    /** A standby says with other words that it can be asked. */
    readonly isStandby?: boolean;
  }): Promise<RunningProcess>;
  /** The same server on another folder, which is handed to its user. */
  at(data: string): Promise<OwnPostgres>;
}

/** Makes an empty cluster, from the files and as the user of the tests' server. Linux alone. */
export async function makeOwnPostgres(): Promise<OwnPostgres> {
  const { pid } = await testServer();
  const binaries = dirname(readlinkSync(`/proc/${pid}/exe`));
  const { uid, gid } = statSync(`/proc/${pid}`);
  const owner = process.getuid?.() === 0 ? { uid, gid } : null;
  const folder = temporaryFolder('own-postgres');
  if (owner !== null) chownSync(folder, uid, gid);
  const data = join(folder, 'data');
  const flags = [`--username=${USER}`, '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
  await run(join(binaries, 'initdb'), [`--pgdata=${data}`, ...flags], {
    ...owner,
    cwd: folder,
    env: { LC_ALL: 'C' },
  });
  const serverAt = async (where: string): Promise<OwnPostgres> => {
    const port = await freePort();
    const url = `postgres://${USER}@127.0.0.1:${port}/postgres`;
    return {
      folder,
      data: where,
      url: isThroughPooler ? (await startPgBouncer(url)).url : url,
      start: async ({ settings = {}, under = [], isStandby = false } = {}) => {
        const all = {
          listen_addresses: '127.0.0.1',
          unix_socket_directories: '',
          io_method: 'sync',
          ...settings,
        };
        const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
        const server = startProcess(join(binaries, 'postgres'), ['-D', where, '-p', String(port), ...args], {
          cwd: folder,
          environment: { LC_ALL: 'C' },
          owner,
          under,
        });
        const words = isStandby ? 'ready to accept read-only connections' : 'ready to accept connections';
        await server.waitForLine(words, LONGEST_START_MILLISECONDS);
        return server;
      },
      at: async (other) => {
        if (owner !== null) await run('chown', ['-R', `${uid}:${gid}`, other]);
        await run('chmod', ['700', other]);
        return serverAt(other);
      },
    };
  };
  return serverAt(data);
}
