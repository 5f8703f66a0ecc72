import type { IncomingMessage, ServerResponse } from 'node:http';
import { isFastifyReply, type FastifyReply } from '../response.js';
import { requestIdOf } from '../request-id.js';
import { problemDocument, problemHeaders } from './problem-document.js';
import type { Problem } from './problem.js';

const answered = new WeakMap<object, Problem>();

/** How a problem is answered, beside what it says itself. */
export interface ProblemAnswer {
  /** Hears of the problem, with the id under which its answer names the request. */
  readonly log: (problem: Problem, requestId: string) => void;
  /** They replace what the response has. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The one place where a problem becomes HTTP: remembers it, has it logged, and writes the whole answer. */
export function answerProblem(
  request: IncomingMessage,
  response: ServerResponse | FastifyReply,
  problem: Problem,
  { log, headers = {} }: ProblemAnswer,
): void {
  const requestId = requestIdOf(request);
  answered.set(request, problem);
  log(problem, requestId);
  const raw = isFastifyReply(response) ? response.raw : response;
  // Half an answer is out: the caller must see that it broke off, not a whole one.
  if (raw.headersSent) raw.destroy();
  else if (isFastifyReply(response)) sendProblem(response, problem, requestId);
  else writeProblem(response, problem, requestId, headers);
}

/** The problem that a request was answered with, for what counts answers after they have left; `null` = none. */
export function problemAnswered(request: object): Problem | null {
  return answered.get(request) ?? null;
}

/** Writes the whole answer. A `Retry-After` that a limiter has already set stays. */
export function writeProblem(
  response: ServerResponse,
  problem: Problem,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = problemBody(problem, requestId);
  const own = headersToSet(problem, (name) => response.hasHeader(name));
  // At once and not one by one: what is refused under load must cost little.
  response.writeHead(problem.status, { ...headers, ...own, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

/** As {@link writeProblem}, on Fastify. */
function sendProblem(reply: FastifyReply, problem: Problem, requestId: string): void {
  reply.code(problem.status);
  for (const [name, value] of Object.entries(headersToSet(problem, (name) => reply.hasHeader(name)))) {
    reply.header(name, value);
  }
  reply.send(Buffer.from(problemBody(problem, requestId)));
}

function problemBody(problem: Problem, requestId: string): string {
  return JSON.stringify(problemDocument(problem, requestId));
}

/** The headers of a problem, without the default `Retry-After` where the answer has one. */
function headersToSet(
  problem: Problem,
  has: (name: string) => boolean,
): Readonly<Record<string, string | number>> {
  const { 'retry-after': retryAfter, ...headers } = problemHeaders(problem);
  const isDefault = problem.retryAfterSeconds === undefined;
  return retryAfter === undefined || (isDefault && has('retry-after'))
    ? headers
    : { ...headers, 'retry-after': retryAfter };
}
