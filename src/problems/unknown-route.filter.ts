import { Catch, NotFoundException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Application, Request } from 'express';
import { ProblemFilter } from './problem.filter.js';
import { Problem } from './problem.js';

/** What this filter reads of an Express router: its layers, those of routes knowing their methods. */
interface Layer {
  match(path: string): boolean;
  readonly route?: { readonly methods: Readonly<Record<string, boolean>> };
}

/**
 * Tells an address that does not exist from one that does not take this method: 404, or 405 with `Allow`.
 * Express itself answers 404 for both.
 */
@Catch(NotFoundException)
export class UnknownRouteFilter implements ExceptionFilter {
  readonly #problems = new ProblemFilter();

  catch(_error: NotFoundException, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const methods = methodsOf(request.app, request.path);
    this.#problems.catch(
      methods.length === 0
        ? new Problem('not_found')
        : new Problem('method_not_allowed', { headers: { Allow: methods.join(', ') } }),
      host,
    );
  }
}

/** The methods that some route takes at this path, in upper case; HEAD stands beside GET as Express serves it. */
function methodsOf(app: Application, path: string): readonly string[] {
  const layers = (app as unknown as { router: { stack: readonly Layer[] } }).router.stack;
  const methods = layers.flatMap((layer) =>
    layer.route && layer.match(path) ? Object.keys(layer.route.methods) : [],
  );
  const names = new Set(methods.filter((method) => method !== '_all').map((method) => method.toUpperCase()));
  if (names.has('GET')) names.add('HEAD');
  return [...names].toSorted();
}
