import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A PostgreSQL of this run's own that waits for the disk. */
export interface DurablePostgres {
  readonly url: string;
  /** The server and every process that it has started so far. */
  processes(): readonly number[];
  stop(): Promise<void>;
}

type Message =
  | { readonly type: 'ready'; readonly url: string; readonly pid: number }
  | { readonly type: 'failed'; readonly reason: string };

/**
 * Starts it; its folder is removed with it. Rejects with what PostgreSQL wrote.
 * @param settings of the server that are not the defaults of the tests
 */
export async function startDurablePostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<DurablePostgres> {
  const script = fileURLToPath(new URL('../../../test/support/postgres-process.ts', import.meta.url));
  const more = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  const child = fork(script, ['--durable', ...more], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [],
  });
  const [message] = (await once(child, 'message')) as [Message];
  if (message.type === 'failed') throw new Error(`PostgreSQL did not start: ${message.reason}`);
  return {
    url: message.url,
    processes: () => [message.pid, ...childrenOf(message.pid)],
    stop: async () => {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}

/** Linux only; elsewhere none is known. */
function childrenOf(pid: number): readonly number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === pid)
    .map(Number);
}

/** proc(5): after the command in parentheses come the state and the parent. */
function parentOf(pid: string): number | null {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1]);
  } catch {
    // It has ended in the meantime.
    return null;
  }
}
