import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { hasBody, readInto } from './body/json-body.js';

/** Requests whose body their client holds back until it hears `100 Continue`. */
const awaiting = new WeakSet<IncomingMessage>();

/**
 * Marks a request with `Expect: 100-continue`. Its client may send the body also when it is refused, or not, so
 * that nobody knows where the next request begins: the connection ends with the answer (RFC 9110 10.1.1).
 */
export function markAwaiting(request: IncomingMessage, response: ServerResponse): void {
  if (!hasBody(request)) return;
  awaiting.add(request);
  response.setHeader('Connection', 'close');
}

/** Whether the client holds back the body of this request. */
export function isAwaiting(request: IncomingMessage): boolean {
  return awaiting.has(request);
}

/**
 * Lets a client that asked beforehand send its body, once the guards have let it pass: a client that is refused for
 * its token, or for the length that it announces, sends nothing in vain.
 */
export class AwaitedBody implements NestInterceptor {
  intercept(
    context: ExecutionContext,
    next: CallHandler,
  ): Observable<unknown> | Promise<Observable<unknown>> {
    const http = context.switchToHttp();
    const request = http.getRequest<IncomingMessage>();
    if (!awaiting.has(request)) return next.handle();
    return receive(request, http.getResponse<ServerResponse>()).then(() => next.handle());
  }
}

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  awaiting.delete(request);
  response.writeContinue();
  await readInto(request);
}
