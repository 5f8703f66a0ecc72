import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { ServerProcess } from '../server-process.js';
import type { Case } from './cases.js';
import type { Deployment } from './deployment.js';
import type { Effort, LoadJob, LoadResult } from './load.js';

/** The process that makes the load. */
export class LoadProcess {
  readonly #child: ChildProcess = fork(new URL('./load.js', import.meta.url));

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Asks a server for the grants of a case, as hard and as long as asked; answers with fewer Set-Cookie lines count as wrong. */
  async run(
    { host, port }: ServerProcess,
    { callers }: Case,
    { appOrigin: origin }: Deployment,
    effort: Effort & { readonly cookieLines: number },
  ): Promise<LoadResult> {
    const job: LoadJob = { host, port, origin, callers, ...effort };
    const answered = once(this.#child, 'message') as Promise<[LoadResult]>;
    this.#child.send(job);
    const [result] = await answered;
    return result;
  }

  stop(): void {
    this.#child.disconnect();
  }
}
