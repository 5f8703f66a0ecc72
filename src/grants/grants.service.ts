import { randomInt } from 'node:crypto';
import { uuidv7 as timeOrderedId } from 'uuidv7';
import type { Clock } from '../operation/clock.js';
import type { CloudFrontService, GrantSigning, UrlScope } from '../cloudfront/cloudfront.service.js';
import type { HeldGrant } from '../cloudfront/cookies/held-grants.js';
import { otherUnicodeForms, type Prefix } from '../cloudfront/prefix.js';
import type { CookieSet } from '../cloudfront/cookies/set-cookie.js';
import type { SignedUrl } from '../cloudfront/signed-url.js';
import { SignerOverloadedError } from '../cloudfront/signing/signer.js';
import { Problem } from '../http/problems/problem.js';
import type { Caller } from '../authentication/viewer.js';
import type { GrantLedger, RecordedGrant } from './grant-ledger.js';
import type { GrantRecord } from './ports.js';

/** How long a grant lives when nobody says, and at most. */
export interface GrantLimits {
  readonly ttlSeconds: number;
  readonly maxTtlSeconds: number;
}

/** The shortest lifetime a caller may ask for. What is left of a right may be less: `MINIMUM_LIFE_SECONDS`. */
export const MIN_TTL_SECONDS = 60;

/** A recorded grant, the cookies that carry it, and when to renew. */
export interface Granted {
  readonly record: GrantRecord;
  readonly renewAfterEpochSeconds: number;
  readonly cookies: CookieSet;
}

/** A recorded grant, and the signed URL that carries it. */
export interface GrantedUrl {
  readonly record: GrantRecord;
  readonly signed: SignedUrl;
}

/** The whole flow of a grant, in the order in which it happens. */
export class GrantsService {
  constructor(
    private readonly ledger: GrantLedger,
    private readonly cloudFront: CloudFrontService,
    private readonly clock: Clock,
    private readonly limits: GrantLimits,
  ) {}

  /** The longest lifetime that a caller may ask for. */
  get maxTtlSeconds(): number {
    return this.limits.maxTtlSeconds;
  }

  /**
   * Grants a caller a prefix: permitted and recorded durably, then signed.
   * @param ttlSeconds the wished lifetime; the setting's default when absent
   * @param wider the live grant of this browser that the prefix lies in, if any. Two grants that nest would
   *   send two cookies of one name, and which one CloudFront reads is unknown (R44): so the wider one is
   *   renewed instead, if the caller is still entitled to it
   * @throws {Problem} `ttl_out_of_range`, `not_entitled`, `overloaded`, and those of the ledger: `audit_unavailable`,
   *   `rate_limited`
   */
  async grant(
    caller: Caller,
    prefix: Prefix,
    ttlSeconds: number | undefined,
    wider: HeldGrant | null,
  ): Promise<Granted> {
    // One key from the record to the cookies, also when it is changed in between (K18).
    const signing = this.cloudFront.begin();
    try {
      const record = await this.permitted(caller, prefix, ttlSeconds, wider, signing);
      const cookies = await orOverloaded(signing.prepare(record.prefix, record.expiresAtEpochSeconds));
      return { record, cookies, renewAfterEpochSeconds: renewAfter(record) };
    } finally {
      signing.end();
    }
  }

  /**
   * Grants a caller one file, or a folder, by a URL that works for everybody who has it: permitted and recorded
   * durably, then signed. What is asked of the right, and recorded, is what the URL opens.
   * @param file of which the folder, where there is one, has been found to hold the path
   * @throws {Problem} as {@link grant}
   */
  async grantUrl(caller: Caller, file: UrlScope, ttlSeconds: number | undefined): Promise<GrantedUrl> {
    const signing = this.cloudFront.begin();
    try {
      const now = this.clock.nowEpochSeconds();
      const opened = file.prefix ?? file.path;
      const record = await this.ledger.permitAndRecord({
        ...this.proposed(caller, signing, now),
        prefix: opened,
        resource: this.cloudFront.resourceFor(file),
        issuedAs: 'url',
        expiresAtEpochSeconds: now + this.lifetime(ttlSeconds),
      });
      if (record === null) throw await this.notEntitled(caller, opened, now, file.prefix ? 'prefix' : 'path');
      return { record, signed: await orOverloaded(signing.signUrl(file, record.expiresAtEpochSeconds)) };
    } finally {
      signing.end();
    }
  }

  /** The caller's unexpired grants, newest first. @throws {Problem} `not_found` where nobody can list them */
  async unexpired(caller: Caller): Promise<readonly GrantRecord[]> {
    const records = await this.ledger.unexpired(caller, this.clock.nowEpochSeconds());
    if (records === null) throw new Problem('not_found');
    return records;
  }

  private async permitted(
    caller: Caller,
    prefix: Prefix,
    ttlSeconds: number | undefined,
    wider: HeldGrant | null,
    signing: GrantSigning,
  ): Promise<RecordedGrant> {
    const now = this.clock.nowEpochSeconds();
    const wished = now + this.lifetime(ttlSeconds);
    const recorded = (asked: Prefix, expiresAtEpochSeconds: number): Promise<RecordedGrant | null> =>
      this.ledger.permitAndRecord({
        ...this.proposed(caller, signing, now),
        prefix: asked,
        resource: this.cloudFront.resourceFor(asked),
        issuedAs: 'cookies',
        expiresAtEpochSeconds,
      });
    const record =
      (wider && (await recorded(wider.prefix, this.renewed(wider, wished, now)))) ??
      (await recorded(prefix, wished));
    if (record) return record;
    throw await this.notEntitled(caller, prefix, now, 'prefix');
  }

  /** What every grant has, however it leaves. */
  private proposed(caller: Caller, { keyPairId }: GrantSigning, nowEpochSeconds: number) {
    return { id: timeOrderedId(), caller, keyPairId, issuedAtEpochSeconds: nowEpochSeconds };
  }

  /** A name in another Unicode form looks the same on every screen, and is another folder. */
  private async notEntitled(
    caller: Caller,
    asked: Prefix,
    now: number,
    member: 'prefix' | 'path',
  ): Promise<Problem> {
    const [opened, named] = member === 'prefix' ? ['prefix', 'folder'] : ['file', 'file'];
    let detail = `Nothing entitles you to open this ${opened} now.`;
    for (const other of otherUnicodeForms(asked)) {
      // The answer is no in any case: a question that fails, or that a port answers by throwing, changes only its words.
      if (await this.ledger.wouldPermit(caller, other.prefix, now).catch(() => false)) {
        detail += ` You may open the ${named} that is written the same in another Unicode form: send ${member}.normalize('${other.form}').`;
        break;
      }
    }
    return new Problem('not_entitled', { detail });
  }

  private lifetime(ttlSeconds: number | undefined): number {
    const wished = ttlSeconds ?? this.limits.ttlSeconds;
    if (wished < MIN_TTL_SECONDS || wished > this.limits.maxTtlSeconds) {
      throw new Problem('ttl_out_of_range', {
        detail: `ttlSeconds must be ${MIN_TTL_SECONDS} to ${this.limits.maxTtlSeconds}.`,
      });
    }
    return wished;
  }

  /** Renewing a wider grant never shortens what the browser holds. */
  private renewed(wider: { readonly expiresAtEpochSeconds: number }, wished: number, now: number): number {
    return Math.min(Math.max(wished, wider.expiresAtEpochSeconds), now + this.limits.maxTtlSeconds);
  }
}

/** A signature that need not be waited for longer: nothing has left, and the row stands for what never came. */
async function orOverloaded<Signed>(signed: Promise<Signed>): Promise<Signed> {
  try {
    return await signed;
  } catch (error) {
    if (!(error instanceof SignerOverloadedError)) throw error;
    throw new Problem('overloaded', { reason: 'signing_queue_full', retryAfterSeconds: 1, cause: error });
  }
}

/** About 60 % of the life, spread evenly over a tenth of it: viewers who came together do not renew together. */
function renewAfter({ issuedAtEpochSeconds, expiresAtEpochSeconds }: GrantRecord): number {
  const life = expiresAtEpochSeconds - issuedAtEpochSeconds;
  return issuedAtEpochSeconds + Math.floor(life * 0.55) + randomInt(Math.ceil(life / 10));
}
