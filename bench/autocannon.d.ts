/** The part of autocannon 9 that the benchmarks use; the package carries no types. */
declare module 'autocannon' {
  import type { EventEmitter } from 'node:events';

  namespace autocannon {
    interface Request {
      readonly method: string;
      readonly path: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
    /** One connection. With `pipelining: 1` the request in flight is `requestIterator.currentRequest`. */
    interface Client extends EventEmitter {
      readonly requestIterator: { readonly currentRequest: Request };
      setRequests(requests: readonly Request[]): void;
      on(
        event: 'headers',
        listener: (head: { readonly statusCode: number; readonly headers: readonly string[] }) => void,
      ): this;
    }
    interface Options {
      readonly url: string;
      readonly connections: number;
      readonly duration: number;
      readonly timeout: number;
      readonly setupClient: (client: Client) => void;
    }
    interface Result {
      /** Seconds. */
      readonly duration: number;
      readonly errors: number;
      readonly timeouts: number;
      readonly requests: { readonly total: number };
      /** Milliseconds. */
      readonly latency: { readonly p50: number; readonly p99: number };
    }
  }

  function autocannon(options: autocannon.Options): Promise<autocannon.Result>;
  export default autocannon;
}
