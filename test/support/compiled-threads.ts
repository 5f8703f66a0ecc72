/**
 * A thread of ours that a spec file starts loads TypeScript, whose types Node strips anew for each: more than half of what
 * an API costs to start in a test. Node keeps what it has stripped and compiled where NODE_COMPILE_CACHE says
 * (https://nodejs.org/api/module.html#module-compile-cache), and a thread reads it of its own environment.
 * Node runs this file as it is.
 */
import type * as nodeThreads from 'node:worker_threads';
import { fileURLToPath } from 'node:url';

/** Where the threads and the processes of the tests keep it (processes.ts). */
export const COMPILED_FOLDER = fileURLToPath(new URL('../../node_modules/.cache/compiled', import.meta.url));

/**
 * Makes the threads of this process keep what Node has compiled for them. Only those do that run a file of ours.
 * @param threads what is changed: `node:worker_threads` itself
 */
export function keepCompiled(threads: { Worker: typeof nodeThreads.Worker }): void {
  threads.Worker = class extends threads.Worker {
    constructor(file: string | URL, options: nodeThreads.WorkerOptions = {}) {
      const { env = process.env } = options;
      const isOurs = file instanceof URL && typeof env === 'object';
      super(file, isOurs ? { ...options, env: { ...env, NODE_COMPILE_CACHE: COMPILED_FOLDER } } : options);
    }
  };
}
