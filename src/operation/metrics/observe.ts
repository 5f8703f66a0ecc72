import type { IncomingMessage } from 'node:http';
import type { GrantLedger } from '../../grants/grant-ledger.js';
import { problemAnswered } from '../../http/problems/answer-problem.js';
import type { Step } from '../../http/step.js';
import type { Metrics } from './metrics.js';

/** Step: times every request and counts its answer under the route that took it. */
export function observeRequests(metrics: Metrics): Step {
  return (request, response, next) => {
    const begin = performance.now();
    // `close` comes once, also for a caller who went away before the answer.
    response.once('close', () => {
      metrics.requestAnswered({
        method: request.method ?? '',
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

/** Express names the route that matched in `request.route`. */
function routeOf(request: IncomingMessage & { readonly route?: unknown }): string {
  const path: unknown = (request.route as { path?: unknown } | undefined)?.path;
  return typeof path === 'string' ? path : 'unmatched';
}

/** The same ledger; each grant's wait for its commit is counted. */
export function timedLedger(ledger: GrantLedger, metrics: Metrics | null): GrantLedger {
  if (metrics === null) return ledger;
  return {
    async permitAndRecord(proposed) {
      const begin = performance.now();
      let outcome: 'ok' | 'failed' = 'failed';
      try {
        const record = await ledger.permitAndRecord(proposed);
        outcome = 'ok';
        return record;
      } finally {
        metrics.databaseAnswered('grant', outcome, (performance.now() - begin) / 1000);
      }
    },
    wouldPermit: (...asked) => ledger.wouldPermit(...asked),
    unexpired: (...asked) => ledger.unexpired(...asked),
  };
}
