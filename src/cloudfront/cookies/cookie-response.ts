import type { IncomingMessage, ServerResponse } from 'node:http';
import { isFastifyReply, type FastifyReply } from '../../http/fastify-reply.js';

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
