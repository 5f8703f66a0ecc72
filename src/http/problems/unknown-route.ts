import type { Application, Request } from 'express';
import { problemFrom } from './problem-from-error.js';
import { Problem } from './problem.js';

/** What is read of an Express router: its layers, those of routes knowing their methods. */
interface Layer {
  /** @throws {URIError} where a parameter in the path cannot be decoded, with the status 400 */
  match(path: string): boolean;
  readonly route?: { readonly methods: Readonly<Record<string, boolean>> };
}

/**
 * Tells an address that does not exist (404) from one that does not take this method (405 with `Allow`);
 * Express itself answers 404 for both. A path that cannot be decoded is `request_malformed`. `undefined` where
 * a route takes the request. Never throws: it is asked where nobody would catch it.
 */
export function unknownRoute(request: Request): Problem | undefined {
  let methods: readonly string[];
  try {
    methods = methodsOf(request.app, request.path);
  } catch (error) {
    return problemFrom(error);
  }
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
