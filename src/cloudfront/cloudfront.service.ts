import type { IncomingMessage } from 'node:http';
import { Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { systemClock, type Clock } from '../operation/clock.js';
import { describeCloudFront, type CloudFrontDescription } from './cloudfront-description.js';
import {
  checkOptions,
  inTheWordsOfOptions,
  type CheckedOptions,
  type CloudFrontOptions,
} from './cloudfront-options.js';
import { readCookie } from './cookies/cookie-header.js';
import { appendSetCookie, requestOf, type CookieResponse } from './cookies/cookie-response.js';
import { assertEpochSeconds, buildPolicy, resourceFor } from './policy.js';
import { covers, pathOf, readPrefix, type Prefix } from './prefix.js';
import {
  addScope,
  formatScopesCookie,
  heldBy,
  parseScopesCookie,
  withoutScopes,
  type HeldScope,
  type HeldScopes,
  type ScopesRecord,
} from './cookies/scopes-cookie.js';
import { formatSetCookie } from './cookies/set-cookie.js';
import { clearLines, cookiePathOf, issueLines, type CookieSet } from './cookies/signed-cookies.js';
import { createSigner, missingWorkerWarning } from './signing/signer.js';
import { SigningDesk, type SigningTurn } from './signing/signing-desk.js';
import type { SigningKey } from './keys/signing-key.js';

export type { CookieResponse } from './cookies/cookie-response.js';
export type { CloudFrontDescription } from './cloudfront-description.js';
export { CloudFrontOptionsError, type CloudFrontOptions } from './cloudfront-options.js';

/** Whose grants: only the id is needed. */
export interface CookieViewer {
  readonly id: string;
}

/** The cookies of one grant, under one key from its record to its signature. */
export interface GrantSigning {
  readonly keyPairId: string;
  /** As {@link CloudFrontService.prepare}. */
  prepare(prefix: string, expiresAt: Date | number): Promise<CookieSet>;
  end(): void;
}

/**
 * Makes the cookies of a grant, writes them, and takes them away again. Usable with Nest and without; without,
 * call {@link close} at the end.
 * @example
 * const set = await cloudFront.prepare('courses/algebra', new Date(Date.now() + 900_000));
 * cloudFront.write(response, set); // on Fastify: the reply itself
 */
export class CloudFrontService implements OnModuleInit, OnApplicationShutdown {
  /** What works but deserves a line in the log at start, in the names of the options. */
  readonly warnings: readonly string[];
  readonly #options: CheckedOptions;
  readonly #desk: SigningDesk;
  readonly #clock: Clock;
  readonly #onWarning: (warning: string) => void;
  /** What an answer has already written, so that two grants in one answer know of each other. */
  readonly #written = new WeakMap<CookieResponse, ScopesRecord>();

  /** Throws Error listing everything in the options that cannot work. */
  constructor(options: CloudFrontOptions) {
    this.#options = checkOptions(options);
    this.#clock = options.clock ?? systemClock;
    this.#onWarning = options.onWarning ?? ((warning) => new Logger(CloudFrontService.name).warn(warning));
    const { key, hashAlgorithm } = this.#options;
    const threads = options.signingThreads === undefined ? {} : { workers: options.signingThreads };
    this.#desk = new SigningDesk(key, (newest) => createSigner({ key: newest, hashAlgorithm, ...threads }));
    const missingWorker = missingWorkerWarning(key, options.signingThreads);
    const warnings = this.#options.warnings.map(inTheWordsOfOptions);
    this.warnings = missingWorker === null ? warnings : [...warnings, missingWorker];
  }

  /** The id of the public key in CloudFront that the cookies name from now on. */
  get keyPairId(): string {
    return this.#desk.key.keyPairId;
  }

  /** How many signatures wait for a thread. */
  get signaturesWaiting(): number {
    return this.#desk.waiting;
  }

  /** Resolves when signing is known to work: a start that cannot sign must not look healthy. */
  async onModuleInit(): Promise<void> {
    for (const warning of this.warnings) this.#onWarning(warning);
    await this.#desk.ready();
  }

  /** After the server has answered its last request: those still need signatures. */
  onApplicationShutdown(): Promise<void> {
    return this.close();
  }

  /** Ends the signing threads. */
  close(): Promise<void> {
    return this.#desk.close();
  }

  /** The key and the kind of cookies, for a line in the log or a page for operators; nothing of it is secret. */
  describe(): CloudFrontDescription {
    return describeCloudFront({ ...this.#options, key: this.#desk.key });
  }

  /**
   * Puts another key in force for every grant that begins from now on; those under way end with the key
   * they began with. Rejects when this machine cannot sign with it, and the old one stays.
   */
  replaceKey(key: SigningKey): Promise<void> {
    return this.#desk.replace(key);
  }

  /** One grant, whose record and cookies name one key. Call `end` when it is done, however it ended. */
  begin(): GrantSigning {
    const turn = this.#desk.begin();
    return {
      keyPairId: turn.key.keyPairId,
      prepare: (prefix, expiresAt) => this.#prepare(turn, prefix, expiresAt),
      end: () => turn.end(),
    };
  }

  /** The Resource of the policy for a prefix. Throws TypeError when the prefix is not canonical. */
  resourceFor(prefix: string): string {
    return resourceFor(this.#options.cloudFrontUrl, canonical(prefix));
  }

  /**
   * Policy and signature of one grant. Takes a canonical prefix and the end, a Date or epoch seconds.
   * Rejects with TypeError for another form or milliseconds, RangeError for an end that is past,
   * SignerOverloadedError when too many signatures wait.
   */
  async prepare(prefix: string, expiresAt: Date | number): Promise<CookieSet> {
    const turn = this.#desk.begin();
    try {
      return await this.#prepare(turn, prefix, expiresAt);
    } finally {
      turn.end();
    }
  }

  async #prepare(turn: SigningTurn, prefix: string, expiresAt: Date | number): Promise<CookieSet> {
    const { cloudFrontUrl, scope, hashAlgorithm } = this.#options;
    const asked = canonical(prefix);
    const expiresAtEpochSeconds =
      expiresAt instanceof Date ? Math.floor(expiresAt.getTime() / 1000) : expiresAt;
    assertEpochSeconds(expiresAtEpochSeconds);
    if (expiresAtEpochSeconds <= this.#clock.nowEpochSeconds()) {
      throw new RangeError('expected an end in the future: CloudFront refuses the cookies of a past one');
    }
    const { text, resource } = buildPolicy({ cloudFrontUrl, prefix: asked, expiresAtEpochSeconds });
    return {
      prefix: asked,
      path: cookiePathOf(scope, asked),
      resource,
      expiresAtEpochSeconds,
      keyPairId: turn.key.keyPairId,
      hashAlgorithm,
      policyText: text,
      signature: await turn.sign(text),
    };
  }

  /**
   * Appends the lines of one grant, the scopes cookie, and the clears of what nests with it, of what
   * another viewer left, and of what is over the limits. Reads what the browser holds from the request.
   */
  write(response: CookieResponse, set: CookieSet, viewer?: CookieViewer): void {
    const { scope } = this.#options;
    const added = {
      prefix: scope.pathMode === 'root' ? canonical('/') : set.prefix,
      expiresAtEpochSeconds: set.expiresAtEpochSeconds,
    };
    const { record, cleared } = addScope(this.#recordOf(response), added, viewer);
    const secondsLeft = set.expiresAtEpochSeconds - this.#clock.nowEpochSeconds();
    this.#append(response, issueLines(set, scope, secondsLeft), record, cleared);
  }

  /** The unexpired scopes of this browser; those of another viewer apart. */
  held(request: IncomingMessage, viewer?: CookieViewer): HeldScopes {
    return heldBy(this.#readRecord(request), viewer);
  }

  /**
   * The wider live scope of this viewer that the prefix lies in, or null: answer such a grant with the
   * wider one, renewed. Always null with COOKIE_PATH=root, where the scope says nothing of the prefix.
   */
  widerHeld(request: IncomingMessage, prefix: string, viewer?: CookieViewer): HeldScope | null {
    const asked = canonical(prefix);
    if (this.#options.scope.pathMode === 'root') return null;
    const wider = this.held(request, viewer).scopes.find(
      (scope) => scope.prefix !== asked && covers(scope.prefix, asked),
    );
    return wider ?? null;
  }

  /** Clears everything this browser holds, or only these prefixes; no token is needed for that. */
  clear(response: CookieResponse, scopes?: readonly string[]): void {
    const record = this.#recordOf(response);
    const held = record.scopes.map((scope) => scope.prefix);
    const asked = scopes?.map(canonical) ?? held;
    // With COOKIE_PATH=root every grant lives at `/`, whichever prefix it was for.
    const gone = this.#options.scope.pathMode === 'root' ? [canonical('/'), ...(scopes ? [] : held)] : asked;
    const prefixes = [...new Set(gone)];
    this.#append(response, [], withoutScopes(record, prefixes), prefixes);
  }

  /** Clears what another viewer held in this browser, if anything. */
  clearForeign(response: CookieResponse, viewer: CookieViewer): void {
    const record = this.#recordOf(response);
    const foreign = heldBy(record, viewer).foreign.map((scope) => scope.prefix);
    if (foreign.length > 0) this.#append(response, [], withoutScopes(record, foreign), foreign);
  }

  #append(
    response: CookieResponse,
    issued: readonly string[],
    record: ScopesRecord,
    cleared: readonly Prefix[],
  ): void {
    const { scope } = this.#options;
    this.#written.set(response, record);
    const lines = [
      ...issued,
      this.#scopesLine(record),
      ...cleared.flatMap((prefix) => clearLines(scope, pathOf(prefix))),
    ];
    appendSetCookie(response, lines);
  }

  #scopesLine(record: ScopesRecord): string {
    const { scope } = this.#options;
    const { name, path } = scope.scopesCookie;
    const ends = record.scopes.map((held) => held.expiresAtEpochSeconds);
    const maxAgeSeconds = Math.max(0, Math.max(0, ...ends) - this.#clock.nowEpochSeconds());
    return formatSetCookie({
      ...scope,
      name,
      path,
      domain: null,
      value: formatScopesCookie(record),
      maxAgeSeconds,
    });
  }

  #recordOf(response: CookieResponse): ScopesRecord {
    return this.#written.get(response) ?? this.#readRecord(requestOf(response));
  }

  #readRecord(request: IncomingMessage): ScopesRecord {
    const value = readCookie(request.headers.cookie, this.#options.scope.scopesCookie.name);
    return parseScopesCookie(value, this.#clock.nowEpochSeconds());
  }
}

function canonical(prefix: string): Prefix {
  const read = readPrefix(prefix);
  if ('prefix' in read) return read.prefix;
  throw new TypeError(`expected the name of a folder, such as courses/algebra, or /. ${read.detail}`);
}
