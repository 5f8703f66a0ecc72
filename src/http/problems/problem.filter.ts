import type { IncomingMessage, ServerResponse } from 'node:http';
import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from '../messages.js';
import { answerProblem } from './answer-problem.js';
import { problemFrom } from './problem-from-error.js';
import { logProblem } from './problem-log.js';
import { Problem } from './problem.js';

/**
 * Answers whatever is thrown as a problem document. Works for the whole application and, in a host application,
 * with `@UseFilters(ProblemFilter)` on our controllers alone: it needs no provider.
 * @example app.useGlobalFilters(new ProblemFilter())
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger = new Logger(ProblemFilter.name);

  catch(error: unknown, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw error;
    const http = host.switchToHttp();
    answerProblem(
      http.getRequest<IncomingMessage>(),
      http.getResponse<ServerResponse | FastifyReply>(),
      problemFrom(error),
      { log: (problem, requestId) => logProblem(this.#logger, problem, requestId) },
    );
  }
}

/**
 * Answers what we refuse ourselves. Everything else, a host's guard above all, goes on to the filters of the
 * application: in a host application to the host's own, in the stand-alone service to {@link ProblemFilter}.
 */
@Catch(Problem)
export class OwnProblemFilter extends ProblemFilter {}
