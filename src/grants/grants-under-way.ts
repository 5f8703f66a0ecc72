import type { ServerResponse } from 'node:http';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { type CookieResponse, isFastifyReply } from '../http/response.js';

interface Call {
  /** Whose grant it is, once the guards have said so; `null` when it ended without. */
  readonly viewerId: Promise<string | null>;
  readonly identify: (viewerId: string | null) => void;
  readonly ended: Promise<void>;
}

/**
 * The calls of `POST /grants` that this process has not answered yet. A sign-out waits for those of its
 * viewer: an answer that is written after its own would set cookies again that it has just cleared.
 * Stands before the other guards of the route, so that a call counts before it is known whose it is.
 */
export class GrantsUnderWay implements CanActivate {
  readonly #calls = new Map<ServerResponse, Call>();

  canActivate(context: ExecutionContext): true {
    const http = context.switchToHttp();
    if (http.getRequest<{ method: string }>().method === 'POST') this.#begin(rawOf(http.getResponse()));
    return true;
  }

  /** Says whose the call is that this response answers. */
  identify(response: CookieResponse, viewerId: string): void {
    this.#calls.get(rawOf(response))?.identify(viewerId);
  }

  /** Resolves when every call that this viewer has under way now is answered, or its client is gone. */
  async answered(viewerId: string): Promise<void> {
    await Promise.all(
      [...this.#calls.values()].map(async (call) => {
        if ((await call.viewerId) === viewerId) await call.ended;
      }),
    );
  }

  #begin(response: ServerResponse): void {
    const { promise: viewerId, resolve: identify } = Promise.withResolvers<string | null>();
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    this.#calls.set(response, { viewerId, identify, ended });
    response.once('close', () => {
      this.#calls.delete(response);
      identify(null);
      end();
    });
  }
}

function rawOf(response: CookieResponse): ServerResponse {
  return isFastifyReply(response) ? response.raw : response;
}
