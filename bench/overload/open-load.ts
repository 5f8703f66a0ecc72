// The load, in a process of its own. Open loop: requests begin evenly spread however long answers take, and a
// connection is opened when all of them wait, up to a bound. Closed loop, to find what the service can do: so
// many connections that always wait for an answer. Sockets and ready-made bytes, no HTTP client: what the load
// costs is taken from the service that it measures.
import { connect, type Socket } from 'node:net';
import { doJobs } from '../job-process.js';
import { quantile } from '../statistics.js';

/** One run. */
export interface LoadJob {
  readonly host: string;
  readonly port: number;
  readonly requests: readonly string[];
  readonly seconds: number;
  /** Requests that begin in a second; `null` = closed loop. */
  readonly perSecond: number | null;
  /** Open loop: opened at most. Closed loop: opened at once. */
  readonly connections: number;
}

/** What one run gave. Latencies count from the moment a request was due. */
export interface LoadResult {
  readonly seconds: number;
  readonly begun: number;
  readonly served: number;
  readonly servedMilliseconds: Quantiles;
  readonly shed: number;
  readonly shedMilliseconds: Quantiles;
  /** Of these, answers without `Retry-After`. */
  readonly shedWithoutRetryAfter: number;
  /** Answers with any other status. */
  readonly others: Readonly<Record<string, number>>;
  readonly connectionsOpened: number;
  /** Connections that were refused or ended, or that waited longer than the limit, with a request on them. */
  readonly connectionsWithoutAnswer: number;
  /** Requests that no connection was left for, when the time was over. */
  readonly neverSent: number;
  /** How late the generator itself looked at its clock, at most. */
  readonly generatorLateMilliseconds: number;
}

/** Of a number of latencies. */
export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
  readonly highest: number;
}

/** What is still without an answer this long after the end never gets one. */
const ANSWER_LIMIT_MILLISECONDS = 10_000;
const TICK_MILLISECONDS = 1;
const END_OF_HEAD = '\r\n\r\n';
const CONTENT_LENGTH = /\r\ncontent-length: (\d+)/i;
const RETRY_AFTER = /\r\nretry-after: \d/i;

/** A request that has begun. */
interface Begun {
  readonly bytes: string;
  readonly due: number;
}

/** One keep-alive connection and the request on it. */
interface Connection {
  readonly socket: Socket;
  pending: Begun | null;
  received: string;
}

class Load {
  readonly #job: LoadJob;
  readonly #start = performance.now();
  readonly #open = new Set<Connection>();
  readonly #free: Connection[] = [];
  readonly #backlog: Begun[] = [];
  readonly #served: number[] = [];
  readonly #shed: number[] = [];
  readonly #others: Record<string, number> = {};
  #shedWithoutRetryAfter = 0;
  #begun = 0;
  #opened = 0;
  #withoutAnswer = 0;
  #isOver = false;
  #late = 0;
  #settled: (() => void) | null = null;

  constructor(job: LoadJob) {
    this.#job = job;
  }

  async run(): Promise<LoadResult> {
    const { seconds, perSecond, connections } = this.#job;
    const end = this.#start + seconds * 1_000;
    if (perSecond === null) {
      for (let count = 0; count < connections; count += 1) this.#connect(this.#next(performance.now()));
    }
    await new Promise<void>((resolve) => {
      let expected = performance.now();
      const timer = setInterval(() => {
        const now = performance.now();
        this.#late = Math.max(this.#late, now - expected - TICK_MILLISECONDS);
        expected = now;
        if (now >= end) {
          clearInterval(timer);
          resolve();
        } else if (perSecond !== null) {
          const due = Math.floor(((now - this.#start) * perSecond) / 1_000);
          while (this.#begun < due) this.#begin(this.#next(this.#start + (this.#begun * 1_000) / perSecond));
        }
      }, TICK_MILLISECONDS);
    });
    this.#isOver = true;
    const neverSent = this.#backlog.length;
    await this.#answersOrLimit();
    for (const { socket, pending } of this.#open) {
      if (pending !== null) this.#withoutAnswer += 1;
      socket.removeAllListeners('close').destroy();
    }
    return {
      seconds,
      begun: this.#begun,
      served: this.#served.length,
      servedMilliseconds: quantiles(this.#served),
      shed: this.#shed.length,
      shedMilliseconds: quantiles(this.#shed),
      shedWithoutRetryAfter: this.#shedWithoutRetryAfter,
      others: this.#others,
      connectionsOpened: this.#opened,
      connectionsWithoutAnswer: this.#withoutAnswer,
      neverSent,
      generatorLateMilliseconds: this.#late,
    };
  }

  #next(due: number): Begun {
    const { requests } = this.#job;
    const bytes = requests[this.#begun % requests.length] ?? '';
    this.#begun += 1;
    return { bytes, due };
  }

  #begin(request: Begun): void {
    const connection = this.#free.pop();
    if (connection !== undefined) this.#send(connection, request);
    else if (this.#open.size < this.#job.connections) this.#connect(request);
    else this.#backlog.push(request);
  }

  #connect(request: Begun): void {
    const socket = connect(this.#job.port, this.#job.host);
    const connection: Connection = { socket, pending: null, received: '' };
    this.#open.add(connection);
    this.#opened += 1;
    socket.setNoDelay(true).setEncoding('latin1');
    socket.on('data', (text: string) => this.#receive(connection, text));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#closed(connection));
    this.#send(connection, request);
  }

  #send(connection: Connection, request: Begun): void {
    connection.pending = request;
    connection.received = '';
    connection.socket.write(request.bytes);
  }

  #closed(connection: Connection): void {
    this.#open.delete(connection);
    const at = this.#free.indexOf(connection);
    if (at >= 0) this.#free.splice(at, 1);
    if (connection.pending !== null) this.#withoutAnswer += 1;
    this.#settleWhenDone();
  }

  #receive(connection: Connection, text: string): void {
    connection.received += text;
    const { received, pending } = connection;
    const headLength = received.indexOf(END_OF_HEAD);
    if (headLength < 0 || pending === null) return;
    const length = Number(CONTENT_LENGTH.exec(received)?.[1] ?? 0);
    if (received.length < headLength + END_OF_HEAD.length + length) return;
    connection.pending = null;
    this.#note(received, performance.now() - pending.due);
    if (this.#isOver) {
      connection.socket.end();
      return;
    }
    const waiting = this.#job.perSecond === null ? this.#next(performance.now()) : this.#backlog.shift();
    if (waiting === undefined) this.#free.push(connection);
    else this.#send(connection, waiting);
  }

  #note(answer: string, milliseconds: number): void {
    const status = answer.slice(9, 12);
    if (status === '201') this.#served.push(milliseconds);
    else if (status === '503' && answer.includes('"code":"overloaded"')) {
      this.#shed.push(milliseconds);
      if (!RETRY_AFTER.test(answer)) this.#shedWithoutRetryAfter += 1;
    } else this.#others[status] = (this.#others[status] ?? 0) + 1;
  }

  #answersOrLimit(): Promise<void> {
    return new Promise((resolve) => {
      const limit = setTimeout(resolve, ANSWER_LIMIT_MILLISECONDS);
      this.#settled = () => {
        clearTimeout(limit);
        resolve();
      };
      for (const { socket, pending } of this.#open) if (pending === null) socket.end();
      this.#settleWhenDone();
    });
  }

  #settleWhenDone(): void {
    if (this.#settled !== null && this.#open.size === 0) this.#settled();
  }
}

function quantiles(latencies: readonly number[]): Quantiles {
  const [p50 = 0, p99 = 0, highest = 0] =
    latencies.length === 0 ? [] : [0.5, 0.99, 1].map((share) => quantile(latencies, share));
  return { p50, p99, highest };
}

doJobs((job: LoadJob) => new Load(job).run());
