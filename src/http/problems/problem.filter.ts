import type { IncomingMessage, ServerResponse } from 'node:http';
import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { isFastifyReply, type FastifyReply } from '../fastify-reply.js';
import { rememberProblem } from './answered-problem.js';
import { problemDocument, problemHeaders } from './problem-document.js';
import { problemFrom } from './problem-from-error.js';
import { problemLogEntry } from './problem-log.js';
import type { Problem } from './problem.js';
import { requestIdOf } from '../request-id.js';

/**
 * The one place where a problem becomes HTTP. Works for the whole application and, in a host application,
 * with `@UseFilters(ProblemFilter)` on our controllers alone: it needs no provider.
 * @example app.useGlobalFilters(new ProblemFilter())
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger = new Logger(ProblemFilter.name);

  catch(error: unknown, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw error;
    const request = host.switchToHttp().getRequest<IncomingMessage>();
    const response = host.switchToHttp().getResponse<ServerResponse | FastifyReply>();
    const problem = problemFrom(error);
    const requestId = requestIdOf(request);
    rememberProblem(request, problem);
    this.#log(problem, requestId);
    const raw = isFastifyReply(response) ? response.raw : response;
    // Half an answer is out: the caller must see that it broke off, not a whole one.
    if (raw.headersSent) raw.destroy();
    else if (isFastifyReply(response)) sendProblem(response, problem, requestId);
    else writeProblem(response, problem, requestId);
  }

  #log(problem: Problem, requestId: string): void {
    const entry = problemLogEntry(problem, requestId);
    if (problem.isTold) this.#logger.debug(entry);
    else if (problem.status < 500) this.#logger.log(entry);
    else if (problem.status === 503) this.#logger.warn(entry);
    else this.#logger.error(entry);
  }
}

/** As {@link writeProblem}, on Fastify. */
function sendProblem(reply: FastifyReply, problem: Problem, requestId: string): void {
  reply.code(problem.status);
  for (const [name, value] of Object.entries(headersToSet(problem, (name) => reply.hasHeader(name)))) {
    reply.header(name, value);
  }
  reply.send(problemBody(problem, requestId));
}

/** Writes the whole answer. A `Retry-After` that a limiter has already set stays. */
export function writeProblem(response: ServerResponse, problem: Problem, requestId: string): void {
  const body = problemBody(problem, requestId);
  response.statusCode = problem.status;
  for (const [name, value] of Object.entries(headersToSet(problem, (name) => response.hasHeader(name)))) {
    response.setHeader(name, value);
  }
  response.setHeader('content-length', body.byteLength);
  response.end(body);
}

function problemBody(problem: Problem, requestId: string): Buffer {
  return Buffer.from(JSON.stringify(problemDocument(problem, requestId)));
}

/** The headers of a problem, without the default `Retry-After` where the answer has one. */
function headersToSet(
  problem: Problem,
  has: (name: string) => boolean,
): Readonly<Record<string, string | number>> {
  const { 'retry-after': retryAfter, ...headers } = problemHeaders(problem);
  const isDefault = problem.retryAfterSeconds === undefined;
  return retryAfter === undefined || (isDefault && has('retry-after'))
    ? headers
    : { ...headers, 'retry-after': retryAfter };
}
