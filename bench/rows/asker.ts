import { Agent, request } from 'node:http';
import type { ServerProcess } from '../server-process.js';

/** What is asked of a server, and what is wrong with an answer; `null` for nothing. */
export interface Question {
  readonly path: string;
  readonly token: string;
  readonly faultOf: (answer: unknown) => string | null;
}

/** One connection that is kept and waits for each answer. */
export class Asker {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(private readonly server: ServerProcess) {}

  /** The milliseconds until the whole answer was there. @throws Error when it was wrong */
  ask({ path, token, faultOf }: Question): Promise<number> {
    return new Promise((resolve, reject) => {
      const begin = performance.now();
      const { host, port } = this.server;
      const headers = { authorization: `Bearer ${token}` };
      request({ host, port, path, headers, agent: this.#agent }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.once('end', () => {
          const milliseconds = performance.now() - begin;
          const fault =
            response.statusCode === 200 ? faultOf(JSON.parse(text)) : `status ${response.statusCode}`;
          if (fault === null) resolve(milliseconds);
          else reject(new Error(`GET ${path}: ${fault}: ${text.slice(0, 300)}`));
        });
      })
        .once('error', reject)
        .end();
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
