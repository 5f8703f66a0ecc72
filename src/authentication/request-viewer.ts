import type { Viewer } from './viewer.js';

/** Beside the request and not on it: no body parser, query or header can put a viewer there. */
const viewers = new WeakMap<object, Viewer>();

/** Notes who sent this request. Called by the guard alone, once the token has been verified. */
export function rememberViewer(request: object, viewer: Viewer): void {
  viewers.set(request, viewer);
}

/** Who sent this request, or `null` when no guard has established it. Fits the port `ReadViewer`. */
export function viewerOrNull(request: unknown): Viewer | null {
  return typeof request === 'object' && request !== null ? (viewers.get(request) ?? null) : null;
}

/** Who sent this request. Throws an Error (a fault of the program) on a route without `ViewerGuard`. */
export function viewerOf(request: unknown): Viewer {
  const viewer = viewerOrNull(request);
  if (viewer === null)
    throw new Error('Expected a viewer on this request, found none: add ViewerGuard to the route.');
  return viewer;
}
