import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { Problem } from '../http/problems/problem.js';
import type { RemoteKeySet } from './remote-key-set.js';

/** How often it is looked whether the keys have to be fetched, in milliseconds. */
const LOOK_MILLISECONDS = 1_000;

/**
 * Has the issuer's keys fetched before a caller needs them, and tells the operator when that begins to fail
 * and when it works again. Where access tokens are verified with a fixed key it has nothing to do.
 */
@Injectable()
export class KeySetKeeper implements OnApplicationShutdown {
  readonly #logger = new Logger(KeySetKeeper.name);
  #keySet: RemoteKeySet | null = null;
  #isHeld = false;
  #timer: NodeJS.Timeout | undefined;

  keep(keySet: RemoteKeySet): void {
    this.#keySet = keySet;
    keySet.onChange((failure) => this.#tell(failure));
    const look = (): void => {
      void keySet.refreshWhenDue();
      this.#notice(keySet.problem === null);
    };
    look();
    this.#timer = setInterval(look, LOOK_MILLISECONDS).unref();
  }

  /** Why no access token can be verified now; `null` while some can. */
  get problem(): Problem | null {
    return this.#keySet?.problem ?? null;
  }

  onApplicationShutdown(): void {
    clearInterval(this.#timer);
  }

  /** The age at which keys end comes without an event of its own. */
  #notice(isHeld: boolean): void {
    if (this.#isHeld && !isHeld) {
      this.#logger.warn({
        msg: 'the keys of access tokens are too old to use; not ready',
        reason: 'jwks_expired',
      });
    }
    this.#isHeld = isHeld;
  }

  #tell(failure: string | null): void {
    if (failure === null) this.#logger.log({ msg: 'the keys of access tokens are there' });
    else {
      const msg = 'the keys of access tokens cannot be fetched; trying again';
      this.#logger.warn({ msg, reason: failure });
    }
  }
}
