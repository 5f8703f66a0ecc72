import type { IncomingMessage, ServerResponse } from 'node:http';
import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { rememberProblem } from './answered-problem.js';
import { problemDocument, problemHeaders } from './problem-document.js';
import { problemFrom } from './problem-from-error.js';
import { problemLogEntry } from './problem-log.js';
import type { Problem } from './problem.js';
import { requestIdOf } from '../request-id.js';

/**
 * The one place where a problem becomes HTTP. Works for the whole application and, in a host application,
 * with `@UseFilters(ProblemFilter)` on our controllers alone: it needs no provider.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger = new Logger(ProblemFilter.name);

  catch(error: unknown, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw error;
    const request = host.switchToHttp().getRequest<IncomingMessage>();
    const response = host.switchToHttp().getResponse<ServerResponse>();
    const problem = problemFrom(error);
    const requestId = requestIdOf(request);
    rememberProblem(request, problem);
    this.#log(problem, requestId);
    if (response.headersSent) {
      // Half an answer is out: the caller must see that it broke off, not a whole one.
      response.destroy();
      return;
    }
    writeProblem(response, problem, requestId);
  }

  #log(problem: Problem, requestId: string): void {
    const entry = problemLogEntry(problem, requestId);
    if (problem.isTold) this.#logger.debug(entry);
    else if (problem.status < 500) this.#logger.log(entry);
    else if (problem.status === 503) this.#logger.warn(entry);
    else this.#logger.error(entry);
  }
}

/** Writes the whole answer. A `Retry-After` that a limiter has already set stays. */
export function writeProblem(response: ServerResponse, problem: Problem, requestId: string): void {
  const body = Buffer.from(JSON.stringify(problemDocument(problem, requestId)));
  response.statusCode = problem.status;
  for (const [name, value] of Object.entries(problemHeaders(problem))) {
    const isDefault = name === 'retry-after' && problem.retryAfterSeconds === undefined;
    if (!isDefault || !response.hasHeader(name)) response.setHeader(name, value);
  }
  response.setHeader('content-length', body.byteLength);
  response.end(body);
}
