import type { NextFunction, Request, Response } from 'express';
import { Problem } from '../problems/problem.js';

/** Health is asked when the service is full above all, and answers without waiting. */
const HEALTH = '/health/';
const RETRY_AFTER_SECONDS = 1;

/**
 * The requests without a whole answer: a bound that sheds what is over it, and the list of those whose
 * connections end with the process.
 */
export class RequestsInFlight {
  readonly #responses = new Set<Response>();
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

  /** Middleware. Over the bound: 503 `overloaded`, at once and before a token is verified. */
  readonly shed = (request: Request, _response: Response, next: NextFunction): void => {
    const isFull = this.#responses.size > this.most && !request.url.startsWith(HEALTH);
    next(
      isFull
        ? new Problem('overloaded', {
            reason: 'too_many_requests_in_flight',
            retryAfterSeconds: RETRY_AFTER_SECONDS,
          })
        : undefined,
    );
  };

  /** From now on every answer, also to what is under way, tells its caller to take another connection. */
  closeConnections(): void {
    this.#isClosing = true;
    for (const response of this.#responses) {
      if (!response.headersSent) response.setHeader('Connection', 'close');
    }
  }
}
