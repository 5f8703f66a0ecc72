import { on } from 'node:events';
import { startProcess, type RunningProcess } from '../support/processes.js';

/** What the preload counts, since the process started. */
export interface KeyWork {
  readonly keysParsed: number;
  readonly privateKeysParsed: number;
  readonly filesOpened: number;
  /** How often the file that COUNTED_FILE names was opened. */
  readonly countedFileOpened: number;
  readonly signatures: number;
}

/** A process whose work on keys and files is counted on all of its threads. */
export interface CountedProcess {
  readonly process: RunningProcess;
  counts(): Promise<KeyWork>;
  /** Sends a message of the test's own and resolves with the answer. */
  ask(message: string): Promise<unknown>;
}

const PRELOAD = new URL('./count-key-work.mjs', import.meta.url).href;

/** Starts `node <args>` and resolves when it listens (or says that it is done); rejects when it ends first. */
export async function startCounted(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<CountedProcess> {
  const started = startProcess(process.execPath, ['--import', PRELOAD, ...args], { environment, ipc: true });
  const endedFirst = started.ended.then(() => {
    throw new Error(`it ended before it listened: ${started.stderr()}`);
  });
  await Promise.race([answerOf(started), endedFirst]);
  const ask = async (message: string): Promise<unknown> => {
    const answered = answerOf(started);
    started.child.send(message);
    return answered;
  };
  return { process: started, ask, counts: () => ask('counts') as Promise<KeyWork> };
}

/** The next message of the preload: `edgepass api` says on the same channel that it is ready. */
async function answerOf({ child }: RunningProcess): Promise<unknown> {
  for await (const [message] of on(child, 'message') as AsyncIterable<[unknown]>) {
    const isOfService = typeof message === 'object' && message !== null && 'type' in message;
    if (!isOfService) return message;
  }
  return undefined;
}
