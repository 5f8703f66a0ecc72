import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { isAwaiting } from './members.js';
import { Ongoing } from '../operation/ongoing.js';
import { Problem } from './problems/problem.js';
import type { Next, Step } from './step.js';

/** How much is worked on at once, and how long the rest may wait for it. */
export interface AdmissionLimits {
  /**
   * Requests that are worked on at the same time while the event loop is busy. Few, so that an iteration of the
   * loop stays short, because in each Node accepts one connection a socket. While the loop has time to spare,
   * because they wait for a database or an issuer, more are let in, up to `unanswered`.
   */
  readonly atOnce: number;
  /** Requests whose body is in and whose answer is not out, those that wait included. */
  readonly unanswered: number;
  /** Of one connection: browsers and balancers send one at a time, and who pipelines must not crowd out others. */
  readonly unansweredOnConnection: number;
  /**
   * While so many wait and the first of them has waited so long, a new request is refused: more come than can be
   * served. A few wait their time also where the machine is slow.
   */
  readonly crowd: number;
  readonly crowdedMilliseconds: number;
  /**
   * Where somebody has waited all the time for longer than the first of these, the second stands in for
   * `crowdedMilliseconds`: that is no burst that passes but a standing queue (RFC 8289), and a long one serves nobody
   * more than a short one. It costs more: what waits fills the old generation of the garbage collector.
   */
  readonly standingMilliseconds: number;
  readonly crowdedWhileStandingMilliseconds: number;
  /** Who has waited this long is refused, unless the service stops: then everyone who has come is served. */
  readonly longestWaitMilliseconds: number;
}

/** What it goes by. */
export interface AdmissionSources {
  /** A clock that no operator sets. */
  readonly nowMilliseconds: () => number;
  /** How much of the time since it was asked last the event loop was busy: 0 to 1. */
  readonly busyShare: () => number;
  readonly isStopping: () => boolean;
}

const LIMITS: AdmissionLimits = {
  atOnce: 32,
  unanswered: 1_000,
  unansweredOnConnection: 100,
  crowd: 256,
  crowdedMilliseconds: 200,
  standingMilliseconds: 500,
  crowdedWhileStandingMilliseconds: 50,
  longestWaitMilliseconds: 900,
};

const RETRY_AFTER_SECONDS = 1;
/** How often it is looked who has waited too long and whether the loop is busy, while anybody waits. */
const LOOK_MILLISECONDS = 50;
/** Above this share of the time the loop is busy, below that it has time to spare. */
const BUSY = 0.95;
const SPARE = 0.85;
const STEP = 1.5;

// Made once: an error with its trace costs as much as everything else that is spent on a refused request.
const PIPELINED = overloaded('too_many_requests_pipelined');
const CROWDED = overloaded('too_many_requests_waiting');
const UNDER_WAY = overloaded('too_many_requests_in_flight');
const WAITED = overloaded('waited_too_long');

/** What it refuses with. */
export const SURPLUS_PROBLEMS: readonly Problem[] = [PIPELINED, CROWDED, UNDER_WAY, WAITED];

function overloaded(reason: string): Problem {
  return new Problem('overloaded', { reason, retryAfterSeconds: RETRY_AFTER_SECONDS });
}

interface Waiting {
  readonly response: ServerResponse;
  readonly next: Next;
  readonly sinceMilliseconds: number;
}

/**
 * Which requests are worked on. Those over what the service can do wait in a queue, in the order in which they
 * came, and are refused with 503 `overloaded` when it stands too long: at once and before anything is spent on
 * them, so that the others are served as fast as without them.
 */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #nowMilliseconds: () => number;
  readonly #busyShare: () => number;
  readonly #isStopping: () => boolean;
  readonly #onConnection = new WeakMap<Socket, number>();
  /** Worked on; among them those whose answer is ready and which their client does not read. */
  readonly #started = new Ongoing<ServerResponse>();
  readonly #queue: Waiting[] = [];
  /** So many may be started at present. */
  #places: number;
  #admitted = 0;
  /** Since when somebody has waited all the time. */
  #standingSinceMilliseconds = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(limits: Partial<AdmissionLimits> = {}, sources: Partial<AdmissionSources> = {}) {
    this.#limits = { ...LIMITS, ...limits };
    this.#nowMilliseconds = sources.nowMilliseconds ?? (() => performance.now());
    this.#busyShare = sources.busyShare ?? loopUtilization();
    this.#isStopping = sources.isStopping ?? (() => false);
    this.#places = this.#limits.atOnce;
  }

  /** Step, before anything is spent on a request: refuses it where it could not be served in time. */
  readonly refuseSurplus: Step = (request, response, next) => {
    const { socket } = request;
    const onConnection = this.#onConnection.get(socket) ?? 0;
    if (onConnection >= this.#limits.unansweredOnConnection) {
      next(PIPELINED);
      return;
    }
    if (this.#isCrowded()) {
      next(CROWDED);
      return;
    }
    // Refused requests are not counted: they hold nothing while their answers wait behind others.
    this.#onConnection.set(socket, onConnection + 1);
    response.on('close', () => this.#onConnection.set(socket, (this.#onConnection.get(socket) ?? 1) - 1));
    next();
  };

  /** Step, once the body is in, so that a slow client holds no place: hands on when there is one. */
  readonly waitForPlace: Step = (request, response, next) => {
    if (this.#admitted >= this.#limits.unanswered) {
      next(UNDER_WAY);
      return;
    }
    this.#admitted += 1;
    response.on('close', () => {
      this.#admitted -= 1;
      this.#started.delete(response);
      this.#startWaiting();
    });
    // Its body comes later, as slowly as its client likes: it holds no place.
    if (isAwaiting(request)) next();
    else if (this.#started.size < this.#places) this.#start(response, next);
    else this.#wait(response, next);
  };

  #isCrowded(): boolean {
    const limits = this.#limits;
    if (this.#admitted >= limits.unanswered) return true;
    const [first] = this.#queue;
    if (first === undefined || this.#queue.length < limits.crowd || this.#isStopping()) return false;
    const now = this.#nowMilliseconds();
    const isStanding = now - this.#standingSinceMilliseconds > limits.standingMilliseconds;
    const patience = isStanding ? limits.crowdedWhileStandingMilliseconds : limits.crowdedMilliseconds;
    return now - first.sinceMilliseconds > patience;
  }

  /** Who has waited since before then is refused. */
  #earliest(): number {
    return this.#isStopping() ? -Infinity : this.#nowMilliseconds() - this.#limits.longestWaitMilliseconds;
  }

  #start(response: ServerResponse, next: Next): void {
    this.#started.add(response);
    next();
  }

  #wait(response: ServerResponse, next: Next): void {
    const now = this.#nowMilliseconds();
    if (this.#queue.length === 0) this.#standingSinceMilliseconds = now;
    this.#queue.push({ response, next, sinceMilliseconds: now });
    if (this.#timer !== null) return;
    // From here on it is measured.
    this.#busyShare();
    this.#timer = setInterval(() => this.#look(), LOOK_MILLISECONDS).unref();
  }

  #startWaiting(): void {
    const earliest = this.#earliest();
    while (this.#started.size < this.#places) {
      const waiting = this.#queue.shift();
      if (waiting === undefined) return;
      const { response, next, sinceMilliseconds } = waiting;
      if (response.destroyed) continue;
      if (sinceMilliseconds < earliest) next(WAITED);
      else this.#start(response, next);
    }
  }

  /** What no answer sets off: waiting too long, and answers that are ready but that their clients do not read. */
  #look(): void {
    const busy = this.#busyShare();
    const { atOnce, unanswered } = this.#limits;
    if (busy < SPARE) this.#places = Math.min(unanswered, Math.ceil(this.#places * STEP));
    else if (busy > BUSY) this.#places = Math.max(atOnce, Math.floor(this.#places / STEP));
    for (const response of this.#started.copy()) if (response.writableEnded) this.#started.delete(response);
    const earliest = this.#earliest();
    while ((this.#queue[0]?.sinceMilliseconds ?? Infinity) < earliest) {
      this.#queue.shift()?.next(WAITED);
    }
    this.#startWaiting();
    if (this.#queue.length === 0 && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
    }
  }
}

function loopUtilization(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}
