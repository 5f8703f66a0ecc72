import type { NextFunction, Request, Response } from 'express';
import { problemAnswered } from '../../http/problems/answered-problem.js';
import type { Metrics } from './metrics.js';

/** Times every request and counts its answer under the route that took it. */
export function observeRequests(metrics: Metrics) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const begin = performance.now();
    // `close` comes once, also for a caller who went away before the answer.
    response.once('close', () => {
      metrics.requestAnswered({
        method: request.method,
        route: routeOf(request),
        status: response.writableFinished ? response.statusCode : CALLER_LEFT,
        seconds: (performance.now() - begin) / 1000,
        problem: response.writableFinished ? problemAnswered(request) : null,
      });
    });
    next();
  };
}

/** nginx's word for it; never sent. */
const CALLER_LEFT = 499;

/** Express names the route that matched; its type leaves it open. */
function routeOf(request: Request): string {
  const path: unknown = (request.route as { path?: unknown } | undefined)?.path;
  return typeof path === 'string' ? path : 'unmatched';
}
