import type { IncomingMessage, ServerResponse } from 'node:http';

/** Hands the request on, or says why it is refused. */
export type Next = (error?: unknown) => void;

/** One thing that a request meets: Connect's form, so that well-kept middleware is a step as it stands. */
export type Step = (request: IncomingMessage, response: ServerResponse, next: Next) => void;
