import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Express } from 'express';
import { writeProblem } from './problems/problem.filter.js';
import { problemFrom } from './problems/problem-from-error.js';
import { Problem } from './problems/problem.js';
import { requestIdOf } from './request-id.js';
import { corsHeaders } from './cross-origin.js';

/** What the types of Express leave out: `leave` is called with what nobody has answered. */
interface Handler {
  handle(request: IncomingMessage, response: ServerResponse, leave?: (error?: unknown) => void): void;
}

/**
 * Answers in our form what Express leaves to its own HTML page: above all a target that it cannot parse, such
 * as `http://[`, with which it passes over every middleware of ours.
 */
export function answerLeftRequests(
  application: Express,
  appOrigins: readonly string[],
  onRefused: (problem: Problem, requestId: string) => void,
): void {
  const handler = application as unknown as Handler;
  const handle = handler.handle.bind(application);
  handler.handle = (request, response) =>
    handle(request, response, (error) => {
      const problem = problemFrom(error ?? unreadable());
      const requestId = requestIdOf(request);
      onRefused(problem, requestId);
      if (response.headersSent) {
        response.destroy();
        return;
      }
      response.setHeaders(
        new Map(Object.entries({ ...corsHeaders(request.headers.origin, appOrigins), ...OF_EVERY_REFUSAL })),
      );
      writeProblem(response, problem, requestId);
    });
}

/** Who sends such a target is not believed about where the request ends. */
const OF_EVERY_REFUSAL = { 'x-content-type-options': 'nosniff', connection: 'close' };

function unreadable(): Problem {
  return new Problem('request_malformed', { reason: 'target_unreadable' });
}
