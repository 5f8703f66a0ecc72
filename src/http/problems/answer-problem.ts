import type { IncomingMessage, ServerResponse } from 'node:http';
import { isFastifyReply, type FastifyReply } from '../messages.js';
import { requestIdOf } from '../request-id.js';
import { problemDocument, problemHeaders } from './problem-document.js';
import type { Problem } from './problem.js';

/** On the request itself, as in `request-id.ts`. */
const ANSWERED = Symbol('edgepass.problem-answered');

const LISTENER = Symbol('edgepass.problem-listener');

/** Hears of the problem that a request is answered with. */
export type ProblemListener = (request: IncomingMessage, problem: Problem) => void;

/** Has somebody hear of the problem of this request, if it gets one. */
export function listenForProblem(request: IncomingMessage, listener: ProblemListener): void {
  (request as { [LISTENER]?: ProblemListener })[LISTENER] = listener;
}

/** How a problem is answered, beside what it says itself. */
export interface ProblemAnswer {
  /** Hears of the problem, with the id under which its answer names the request. */
  readonly log: (problem: Problem, requestId: string) => void;
  /** They replace what the response has. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The same answer, made beforehand. Not for Fastify. */
  readonly ready?: ReadyAnswer;
}

/** The one place where a problem becomes HTTP: remembers it, has it logged, and writes the whole answer. */
export function answerProblem(
  request: IncomingMessage,
  response: ServerResponse | FastifyReply,
  problem: Problem,
  { log, headers = {}, ready }: ProblemAnswer,
): void {
  const requestId = requestIdOf(request);
  (request as { [ANSWERED]?: Problem })[ANSWERED] = problem;
  log(problem, requestId);
  (request as { readonly [LISTENER]?: ProblemListener })[LISTENER]?.(request, problem);
  const raw = isFastifyReply(response) ? response.raw : response;
  // Half an answer is out: the caller must see that it broke off, not a whole one.
  if (raw.headersSent) raw.destroy();
  else if (isFastifyReply(response)) sendProblem(response, problem, requestId);
  else if (ready !== undefined) ready.write(response, requestId);
  else writeProblem(response, problem, requestId, headers);
}

/** The problem that a request was answered with, for what counts answers after they have left; `null` = none. */
export function problemAnswered(request: object): Problem | null {
  return (request as { readonly [ANSWERED]?: Problem })[ANSWERED] ?? null;
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

/** As long as every id of a request. */
const NO_REQUEST_ID = '00000000-0000-0000-0000-000000000000';

/**
 * The answer to a problem that comes thousands of times a second, byte for byte that of {@link writeProblem}: all of
 * it but the id of the request is made once.
 */
export class ReadyAnswer {
  readonly #status: number;
  readonly #headers: string[];
  readonly #beforeId: string;
  readonly #afterId: string;

  constructor(problem: Problem, headers: Readonly<Record<string, string>>) {
    const body = problemBody(problem, NO_REQUEST_ID);
    const [beforeId = '', afterId = ''] = body.split(NO_REQUEST_ID);
    const all = {
      ...headers,
      ...problemHeaders(problem),
      'content-length': String(Buffer.byteLength(body)),
    };
    this.#status = problem.status;
    this.#headers = Object.entries(all).flat();
    this.#beforeId = beforeId;
    this.#afterId = afterId;
  }

  write(response: ServerResponse, requestId: string): void {
    response.writeHead(this.#status, this.#headers);
    response.end(this.#beforeId + requestId + this.#afterId);
  }
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
