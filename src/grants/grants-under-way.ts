import type { ServerResponse } from 'node:http';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { type CookieResponse, isFastifyReply } from '../http/messages.js';
import { Ongoing } from '../operation/ongoing.js';

/** One call that is not answered yet. */
class Call {
  #viewerId: string | null = null;
  #hasEnded = false;
  #changed: (() => void)[] = [];

  /** Says whose it is, once the guards have let it pass. */
  belongsTo(viewerId: string): void {
    this.#viewerId = viewerId;
    this.#tell();
  }

  end(): void {
    this.#hasEnded = true;
    this.#tell();
  }

  /** Resolves when it has ended, or is found to be somebody else's. */
  async endedOrNotOf(viewerId: string): Promise<void> {
    while (!this.#hasEnded && (this.#viewerId ?? viewerId) === viewerId) {
      // oxlint-disable-next-line no-await-in-loop -- until it changes
      await new Promise<void>((resolve) => this.#changed.push(resolve));
    }
  }

  #tell(): void {
    const changed = this.#changed;
    this.#changed = [];
    for (const resolve of changed) resolve();
  }
}

/**
 * The calls of `POST /grants` that this process has not answered yet. A sign-out waits for those of its
 * viewer: an answer that is written after its own would set cookies again that it has just cleared.
 * Stands before the other guards of the route, so that a call counts before it is known whose it is.
 */
export class GrantsUnderWay implements CanActivate {
  readonly #calls = new Ongoing<Call>();
  /** Where a response has its call: of this instance, because a host may mount several. */
  readonly #call = Symbol('edgepass.call');

  canActivate(context: ExecutionContext): true {
    const http = context.switchToHttp();
    if (http.getRequest<{ method: string }>().method === 'POST') this.#begin(rawOf(http.getResponse()));
    return true;
  }

  /** Says whose the call is that this response answers. */
  belongsTo(response: CookieResponse, viewerId: string): void {
    (rawOf(response) as CallHolder)[this.#call]?.belongsTo(viewerId);
  }

  /** Resolves when every call that this viewer has under way now is answered, or its client is gone. */
  async answered(viewerId: string): Promise<void> {
    await Promise.all([...this.#calls].map((call) => call.endedOrNotOf(viewerId)));
  }

  #begin(response: ServerResponse): void {
    const call = new Call();
    this.#calls.add(call);
    (response as CallHolder)[this.#call] = call;
    response.on('close', () => {
      this.#calls.delete(call);
      call.end();
    });
  }
}

type CallHolder = ServerResponse & Record<symbol, Call | undefined>;

function rawOf(response: CookieResponse): ServerResponse {
  return isFastifyReply(response) ? response.raw : response;
}
