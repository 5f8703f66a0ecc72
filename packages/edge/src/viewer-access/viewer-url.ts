/**
 * The address as the viewer asked for it, cut into the four sections that a policy speaks about.
 * Every text is the raw bytes of the request, one character a byte: nothing is decoded (R26).
 */
export interface ViewerUrl {
  readonly protocol: 'http' | 'https';
  /** The `Host` header with its port, or the public host that `publicHosts` puts in its place (R24). */
  readonly host: string;
  readonly path: string;
  /** Without the leading `?`; null when the target has none. */
  readonly query: string | null;
}

/** The text of the address, as a canned policy names it (R9). */
export function urlText(url: ViewerUrl): string {
  return `${url.protocol}://${url.host}${url.path}${url.query === null ? '' : `?${url.query}`}`;
}

/** Cuts a raw request target in origin form at its first `?`. */
export function splitTarget(target: string): { readonly path: string; readonly query: string | null } {
  const questionMark = target.indexOf('?');
  return questionMark === -1
    ? { path: target, query: null }
    : { path: target.slice(0, questionMark), query: target.slice(questionMark + 1) };
}
