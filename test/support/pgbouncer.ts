import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { testServer } from './postgres.js';
import { startProcess, type RunningProcess } from './processes.js';
import { requireTool } from './required-tool.js';
import { temporaryFolder } from './temporary-folder.js';

export interface PgBouncer {
  /** As the address it was started for, with the pooler in place of the server. */
  readonly url: string;
  readonly port: number;
  readonly process: RunningProcess;
}

/**
 * Starts Debian's PgBouncer in front of a PostgreSQL, in transaction mode with fewer connections than an instance has
 * callers. It takes every user and password, and logs in as the user of the address.
 * @param settings of `[pgbouncer]`, and a `listen_port` where one is to be used again
 */
export async function startPgBouncer(
  serverUrl: string,
  settings: Readonly<Record<string, string | number>> = {},
): Promise<PgBouncer> {
  const { pid } = await testServer();
  const { uid, gid } = statSync(`/proc/${pid}`);
  const server = new URL(serverUrl);
  const port = Number(settings['listen_port'] ?? (await freePort()));
  const folder = temporaryFolder('pgbouncer');
  // It refuses root, and reads its file as the user of the tests' PostgreSQL.
  chmodSync(folder, 0o755);
  const file = join(folder, 'pgbouncer.ini');
  const account = `user=${decodeURIComponent(server.username)} password=${decodeURIComponent(server.password)}`;
  const all = {
    listen_addr: '127.0.0.1',
    unix_socket_dir: '',
    auth_type: 'any',
    pool_mode: 'transaction',
    default_pool_size: 4,
    max_client_conn: 200,
    // As docs/database.md says: how long it waits after a server that did not answer, and for one that does not.
    server_login_retry: 1,
    server_connect_timeout: 3,
    ...settings,
    listen_port: port,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`);
  const databases = `* = host=127.0.0.1 port=${server.port} ${server.password === '' ? account.split(' ')[0] : account}`;
  writeFileSync(file, ['[databases]', databases, '[pgbouncer]', ...lines, ''].join('\n'));
  const pooler = startProcess(requireTool('pgbouncer'), [file], {
    cwd: folder,
    owner: process.getuid?.() === 0 ? { uid, gid } : null,
  });
  await pooler.waitForLine('process up');
  const url = new URL(serverUrl);
  url.host = `127.0.0.1:${port}`;
  return { url: url.href, port, process: pooler };
}
