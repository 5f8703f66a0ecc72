import { match, type MatchFunction } from 'path-to-regexp';
import { Problem } from './problems/problem.js';

interface Route {
  readonly matches: MatchFunction<object>;
  readonly methods: Set<string>;
}

/**
 * What addresses exist, with which methods: filled from the routes that Nest registers, once at start. A path
 * has one spelling here (case and a slash at the end count), so that no second one slips past a guard.
 */
export class RouteTable {
  /** Paths without parameters, by their text. */
  readonly #fixed = new Map<string, Set<string>>();
  readonly #withParameters = new Map<string, Route>();
  readonly #folders: string[] = [];

  /** @param path as Express takes it: `/admin/entitlements/:id` */
  add(method: string, path: string): void {
    const methods = /[:*{]/.test(path) ? this.#parameterised(path) : this.#atFixed(path);
    methods.add(method);
    // Express serves HEAD by the route of GET.
    if (method === 'GET') methods.add('HEAD');
  }

  /** Files below a path, which are read only. */
  addFolder(path: string): void {
    this.#folders.push(`${path}/`);
  }

  /**
   * Why no route takes the request: `not_found`, `method_not_allowed` with `Allow`, or `request_malformed` where
   * a parameter cannot be decoded. `undefined` where one does.
   * @param path without the query
   */
  refusal(method: string, path: string): Problem | undefined {
    let methods: Set<string>;
    try {
      methods = this.#methodsAt(path);
    } catch (error) {
      return new Problem('request_malformed', { reason: 'path_undecodable', cause: error });
    }
    if (methods.has(method)) return undefined;
    if (methods.size === 0) return new Problem('not_found');
    return new Problem('method_not_allowed', { headers: { Allow: [...methods].toSorted().join(', ') } });
  }

  /** Every route, as `METHOD /path`. */
  list(): readonly string[] {
    const routes = [
      ...this.#fixed,
      ...[...this.#withParameters].map(([path, { methods }]) => [path, methods] as const),
    ];
    return routes.flatMap(([path, methods]) => [...methods].map((method) => `${method} ${path}`));
  }

  /** @throws {URIError} where a parameter cannot be decoded */
  #methodsAt(path: string): Set<string> {
    const fixed = this.#fixed.get(path);
    if (fixed !== undefined) return fixed;
    const found = new Set<string>();
    for (const { matches, methods } of this.#withParameters.values()) {
      if (matches(path) !== false) for (const method of methods) found.add(method);
    }
    if (found.size === 0 && this.#folders.some((folder) => path.startsWith(folder))) return READ_ONLY;
    return found;
  }

  #atFixed(path: string): Set<string> {
    const methods = this.#fixed.get(path) ?? new Set();
    this.#fixed.set(path, methods);
    return methods;
  }

  #parameterised(path: string): Set<string> {
    const known = this.#withParameters.get(path);
    if (known !== undefined) return known.methods;
    const route = { matches: match(path, { sensitive: true, trailing: false }), methods: new Set<string>() };
    this.#withParameters.set(path, route);
    return route.methods;
  }
}

const READ_ONLY = new Set(['GET', 'HEAD']);
