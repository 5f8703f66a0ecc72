import type { Application, Request } from 'express';
import { Problem } from './problem.js';

/** What is read of an Express router: its layers, those of routes knowing their methods. */
interface Layer {
  match(path: string): boolean;
  readonly route?: { readonly methods: Readonly<Record<string, boolean>> };
}

/**
 * Tells an address that does not exist (404) from one that does not take this method (405 with `Allow`);
 * Express itself answers 404 for both. `undefined` where a route takes the request.
 */
export function unknownRoute(request: Request): Problem | undefined {
  const methods = methodsOf(request.app, request.path);
  if (methods.length === 0) return new Problem('not_found');
  if (methods.includes(request.method)) return undefined;
  return new Problem('method_not_allowed', { headers: { Allow: methods.join(', ') } });
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
