import type { Socket } from 'node:net';
import type { NextFunction, Request, Response } from 'express';
import { Problem } from '../problems/problem.js';

/** Health is asked when the service is full above all, and answers without waiting. */
const HEALTH = '/health/';
const RETRY_AFTER_SECONDS = 1;

/** Browsers and balancers send one at a time; whoever pipelines must not take the room of all others (D06). */
const MOST_ON_A_CONNECTION = 100;

/**
 * The requests without a whole answer: bounds that shed what is over them, and the list of those whose
 * connections end with the process.
 */
export class RequestsInFlight {
  readonly #responses = new Set<Response>();
  readonly #admittedOn = new WeakMap<Socket, number>();
  #admitted = 0;
  #isClosing = false;

  constructor(private readonly most: number) {}

  get count(): number {
    return this.#responses.size;
  }

  /** Middleware, the first of all. */
  readonly track = (_request: Request, response: Response, next: NextFunction): void => {
    if (this.#isClosing) response.setHeader('Connection', 'close');
    this.#responses.add(response);
    response.once('close', () => this.#responses.delete(response));
    next();
  };

  /** Middleware. Over the bounds: 503 `overloaded`, at once and before a token is verified. */
  readonly shed = (request: Request, response: Response, next: NextFunction): void => {
    if (request.url.startsWith(HEALTH)) {
      next();
      return;
    }
    const onConnection = this.#admittedOn.get(request.socket) ?? 0;
    if (this.#admitted >= this.most) next(overloaded('too_many_requests_in_flight'));
    else if (onConnection >= MOST_ON_A_CONNECTION) next(overloaded('too_many_requests_pipelined'));
    else {
      this.#admit(request.socket, 1);
      response.once('close', () => this.#admit(request.socket, -1));
      next();
    }
  };

  /** From now on every answer, also to what is under way, tells its caller to take another connection. */
  closeConnections(): void {
    this.#isClosing = true;
    for (const response of this.#responses) {
      if (!response.headersSent) response.setHeader('Connection', 'close');
    }
  }

  /** A refusal that waits behind others on its connection costs nothing and takes nobody's room. */
  #admit(socket: Socket, change: 1 | -1): void {
    this.#admitted += change;
    this.#admittedOn.set(socket, (this.#admittedOn.get(socket) ?? 0) + change);
  }
}

function overloaded(reason: string): Problem {
  return new Problem('overloaded', { reason, retryAfterSeconds: RETRY_AFTER_SECONDS });
}
