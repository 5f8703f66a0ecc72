import { Logger } from '@nestjs/common';
import type { CloudFrontService } from '../cloudfront/cloudfront.service.js';
import type { CookieResponse } from '../http/messages.js';
import { asManyAsHeld } from '../cloudfront/cookies/held-grants.js';
import { readPrefix, type Prefix } from '../cloudfront/prefix.js';
import type { Clock } from '../operation/clock.js';
import type { Caller } from '../authentication/viewer.js';
import type { GrantLedger } from './grant-ledger.js';
import type { GrantsUnderWay } from './grants-under-way.js';
import { askPort } from './ports.js';

/** How long a sign-out waits for grants under way and for the audit log, before it goes without. */
const LONGEST_WAIT_MILLISECONDS = 5_000;

/**
 * Takes back what a browser holds. Our own cookies say what that is; of a known caller the audit log says it
 * too, so that a grant whose answer meets this one on its way is cleared as well.
 */
export class ClearGrantsService {
  readonly #logger = new Logger('ClearGrants');

  constructor(
    private readonly cloudFront: CloudFrontService,
    private readonly underWay: GrantsUnderWay,
    private readonly ledger: Pick<GrantLedger, 'unexpired'>,
    private readonly clock: Clock,
  ) {}

  /** Clears everything. @param caller `null` where nobody knows who asks. Never rejects: leaving always works */
  async everything(response: CookieResponse, caller: Caller | null): Promise<void> {
    const onRecord = caller === null ? [] : await this.#onRecord(caller);
    this.cloudFront.clear(response);
    if (onRecord.length > 0) this.cloudFront.clear(response, onRecord);
  }

  /** Clears one prefix, and what must not stay beside the others. Never rejects. */
  async one(response: CookieResponse, prefix: Prefix, caller: Caller | null): Promise<void> {
    if (caller !== null) await this.#inTime(() => this.underWay.answered(caller.id));
    this.cloudFront.clear(response, [prefix]);
    this.cloudFront.tidy(response, caller ?? undefined);
  }

  /**
   * For a viewer who has just signed in: nothing of anybody else stays in this browser.
   * @param previous who was signed in when the call was made, `null` where nobody knows
   */
  async afterSignIn(
    response: CookieResponse,
    viewer: { readonly id: string },
    previous: Caller | null,
  ): Promise<void> {
    if (previous !== null && previous.id !== viewer.id) await this.everything(response, previous);
    else this.cloudFront.tidy(response, viewer);
  }

  /** The prefixes that the caller was granted lately and that still live, once no grant is under way. */
  async #onRecord(caller: Caller): Promise<readonly Prefix[]> {
    const records = await this.#inTime(async () => {
      await this.underWay.answered(caller.id);
      return this.ledger.unexpired(caller, this.clock.nowEpochSeconds(), 'cookies');
    });
    const prefixes = (records ?? []).flatMap(({ prefix }) => {
      const read = readPrefix(prefix);
      return 'prefix' in read ? [read.prefix] : [];
    });
    // No browser holds more, and a proxy that refuses a longer head would leave everything in the browser.
    return asManyAsHeld([...new Set(prefixes)]);
  }

  async #inTime<Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> {
    try {
      return await askPort('what is on record', LONGEST_WAIT_MILLISECONDS, ask);
    } catch (error) {
      this.#logger.warn(`a sign-out cleared only what the browser said that it holds: ${String(error)}`);
      return undefined;
    }
  }
}
