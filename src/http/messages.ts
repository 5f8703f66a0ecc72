import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * A reply of Fastify, as far as it is used here; this project does not depend on Fastify. Headers go through
 * the reply and not to Node's response behind it: Fastify writes its own over those at the end, so that a
 * `Set-Cookie` of the host would take the place of ours.
 */
export interface FastifyReply {
  readonly raw: ServerResponse;
  readonly request: { readonly raw: IncomingMessage };
  code(status: number): unknown;
  hasHeader(name: string): boolean;
  header(name: string, value: string | number | readonly string[]): unknown;
  send(body: Buffer): unknown;
}

/** Whether a response is a reply of Fastify and not Node's own, which Express's is. */
export function isFastifyReply(response: ServerResponse | FastifyReply): response is FastifyReply {
  return 'raw' in response && 'code' in response;
}

/** An answer that cookies are set on: Node's own, which Express's is, or a reply of Fastify. */
export type CookieResponse = ServerResponse | FastifyReply;

/** Adds `Set-Cookie` lines, one header line each: a browser reads a joined one as a single cookie. */
export function appendSetCookie(response: CookieResponse, lines: readonly string[]): void {
  if (isFastifyReply(response)) response.header('Set-Cookie', lines);
  else response.appendHeader('Set-Cookie', lines);
}

/** The request that is answered. */
export function requestOf(response: CookieResponse): IncomingMessage {
  return isFastifyReply(response) ? response.request.raw : response.req;
}

/** One cookie as a request carries it. */
export interface SentCookie {
  readonly name: string;
  readonly value: string;
}

/**
 * The cookies of a `Cookie` header whose name fits, in the order in which they were sent, several of one name
 * too: a parser that keeps one of them lets a page on another host below the same domain hide ours.
 * No decoding, because we write nothing that needs any.
 */
export function cookieValues(
  header: string | undefined,
  isAsked: (name: string) => boolean,
): readonly SentCookie[] {
  return (header ?? '').split(';').flatMap((pair) => {
    const separator = pair.indexOf('=');
    const name = pair.slice(0, separator).trim();
    return separator !== -1 && isAsked(name) ? { name, value: pair.slice(separator + 1).trim() } : [];
  });
}
