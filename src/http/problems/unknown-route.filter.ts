import { Catch, NotFoundException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Request } from 'express';
import { ProblemFilter } from './problem.filter.js';
import { Problem } from './problem.js';
import { unknownRoute } from './unknown-route.js';

/** Answers what no route took. */
@Catch(NotFoundException)
export class UnknownRouteFilter implements ExceptionFilter {
  readonly #problems = new ProblemFilter();

  catch(_error: NotFoundException, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    this.#problems.catch(unknownRoute(request) ?? new Problem('not_found'), host);
  }
}
