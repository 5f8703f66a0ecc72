import type { IncomingMessage } from 'node:http';
import { Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { systemClock, type Clock } from '../operation/clock.js';
import { assertModuleRunsOn } from '../operation/node-version.js';
import {
  describeCloudFront,
  type CloudFrontDescription,
  checkOptions,
  type CheckedOptions,
  type CloudFrontOptions,
} from './cloudfront-options.js';
import { appendSetCookie, requestOf, type CookieResponse } from '../http/messages.js';
import { assertEpochSeconds, buildFilePolicy, buildPolicy, fileUrl, resourceFor } from './policy.js';
import {
  covers,
  liesIn,
  pathOf,
  readFilePath,
  readPrefix,
  WHOLE_DISTRIBUTION,
  type Prefix,
} from './prefix.js';
import { signedQuery, type SignedUrl } from './signed-url.js';
import {
  hasOldForm,
  isForeign,
  isSamePlace,
  readHeldCookies,
  settleHeld,
  viewerTagOf,
  type CookiePlace,
  type HeldGrant,
  type HeldGrants,
  type HeldRecord,
  type Settled,
} from './cookies/held-grants.js';
import {
  clearHeldLine,
  clearLines,
  clearOldFormLine,
  cookiePathOf,
  heldLine,
  issueLines,
  type CookieSet,
} from './cookies/set-cookie.js';
import { createSigner, missingWorkerWarning, CurrentSigner, type SigningLease } from './signing/signer.js';
import type { SigningKey } from './keys/signing-key.js';

export type { CookieResponse } from '../http/messages.js';
export type { CloudFrontDescription } from './cloudfront-options.js';
export { CloudFrontOptionsError, type CloudFrontOptions } from './cloudfront-options.js';

/** Whose grants: only the id is needed. */
export interface CookieViewer {
  readonly id: string;
}

/** The file that a signed URL addresses, and the folder whose files its query opens too; `null` = the file alone. */
export interface UrlScope {
  readonly path: Prefix;
  readonly prefix: Prefix | null;
}

/** The cookies or the URL of one grant, under one key from its record to its signature. */
export interface GrantSigning {
  readonly keyPairId: string;
  /** As {@link CloudFrontService.prepare}, of a prefix that has been read, until epoch seconds. */
  prepare(prefix: Prefix, expiresAtEpochSeconds: number): Promise<CookieSet>;
  /** As {@link CloudFrontService.signUrl}, of a path that has been read, until epoch seconds. */
  signUrl(file: UrlScope, expiresAtEpochSeconds: number): Promise<SignedUrl>;
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
  /** What works but deserves a line in the log at start. */
  readonly warnings: readonly string[];
  readonly #options: CheckedOptions;
  readonly #signer: CurrentSigner;
  readonly #clock: Clock;
  readonly #onWarning: (warning: string) => void;
  /** What a request says that its browser holds: on the request, because an entry of a WeakMap costs much more. */
  readonly #beforeAnswer = Symbol('edgepass.before-answer');
  /** What a browser holds once it has read what its answer says so far: several grants may go in one answer. */
  readonly #afterAnswer = Symbol('edgepass.after-answer');

  /**
   * Takes the options of a host, or options that have been checked before.
   * @throws {CloudFrontOptionsError} listing everything in the options that cannot work
   * @throws {Error} on a Node that is older than edgepass needs
   */
  constructor(options: CloudFrontOptions | CheckedOptions) {
    // Both modules make the service at start.
    assertModuleRunsOn(process.versions.node);
    this.#options = 'attributes' in options ? options : checkOptions(options);
    const { key, hashAlgorithm, signingThreads, warnings } = this.#options;
    this.#clock = options.clock ?? systemClock;
    this.#onWarning = options.onWarning ?? ((warning) => new Logger(CloudFrontService.name).warn(warning));
    const threads = signingThreads === undefined ? {} : { workers: signingThreads };
    this.#signer = new CurrentSigner(key, (newest) =>
      createSigner({ key: newest, hashAlgorithm, ...threads }),
    );
    const missingWorker = missingWorkerWarning(key, signingThreads);
    this.warnings = missingWorker === null ? warnings : [...warnings, missingWorker];
  }

  /** The id of the public key in CloudFront that the cookies name from now on. */
  get keyPairId(): string {
    return this.#signer.key.keyPairId;
  }

  /** How many signatures wait for a thread. */
  get signaturesWaiting(): number {
    return this.#signer.waiting;
  }

  /** Resolves when signing is known to work: a start that cannot sign must not look healthy. */
  async onModuleInit(): Promise<void> {
    for (const warning of this.warnings) this.#onWarning(warning);
    await this.#signer.ready();
  }

  /** After the server has answered its last request: those still need signatures. */
  onApplicationShutdown(): Promise<void> {
    return this.close();
  }

  /** Ends the signing threads. */
  close(): Promise<void> {
    return this.#signer.close();
  }

  /** The key and the kind of cookies, for a line in the log or a page for operators; nothing of it is secret. */
  describe(): CloudFrontDescription {
    return describeCloudFront({ ...this.#options, key: this.#signer.key });
  }

  /**
   * Puts another key in force for every grant that begins from now on; those under way end with the key
   * they began with. Rejects when this machine cannot sign with it, and the old one stays.
   */
  replaceKey(key: SigningKey): Promise<void> {
    return this.#signer.replace(key);
  }

  /** One grant, whose record and cookies name one key. Call `end` when it is done, however it ended. */
  begin(): GrantSigning {
    const lease = this.#signer.begin();
    return {
      keyPairId: lease.key.keyPairId,
      prepare: (prefix, expiresAtEpochSeconds) => this.#prepare(lease, prefix, expiresAtEpochSeconds),
      signUrl: (file, expiresAtEpochSeconds) => this.#signUrl(lease, file, expiresAtEpochSeconds),
      end: () => lease.end(),
    };
  }

  /** The Resource of the policy for a prefix, or for one file. */
  resourceFor(opened: Prefix | UrlScope): string {
    const { cloudFrontUrl } = this.#options;
    if (typeof opened === 'string') return resourceFor(cloudFrontUrl, opened);
    return opened.prefix === null
      ? fileUrl(cloudFrontUrl, opened.path)
      : resourceFor(cloudFrontUrl, opened.prefix);
  }

  /**
   * Policy and signature of one grant. Takes a canonical prefix and the end, a Date or epoch seconds.
   * Rejects with TypeError for another form or milliseconds, RangeError for an end that is past,
   * SignerOverloadedError when too many signatures wait.
   */
  async prepare(prefix: string, expiresAt: Date | number): Promise<CookieSet> {
    const asked = canonical(prefix);
    const lease = this.#signer.begin();
    try {
      return await this.#prepare(lease, asked, epochSecondsOf(expiresAt));
    } finally {
      lease.end();
    }
  }

  /**
   * A signed URL of one file, for what cannot hold cookies: AirPlay, Chromecast, downloads by other programs.
   * It works for everybody who has it until it ends, whatever the viewer may open by then: keep it short-lived,
   * record it before you hand it out, and write it into no log.
   * @param path of the file as people write it, by the rule of prefixes
   * @param options.prefix a folder that the file lies in: the same query then opens every file below it, which a
   *   player must append to each address itself. Without it the query opens the file alone
   * @throws {TypeError} for another form of path or prefix, a file outside of the prefix, and milliseconds
   * @throws {RangeError} for an end that is past
   * @throws {SignerOverloadedError} when too many signatures wait
   * @example
   * const { url } = await cloudFront.signUrl('courses/algebra/lesson-1.mp4', new Date(Date.now() + 300_000));
   */
  async signUrl(
    path: string,
    expiresAt: Date | number,
    { prefix }: { readonly prefix?: string } = {},
  ): Promise<SignedUrl> {
    const read = readFilePath(path);
    if ('detail' in read) {
      throw new TypeError(
        `expected the path of a file, such as courses/algebra/lesson-1.mp4. ${read.detail}`,
      );
    }
    const scope: UrlScope = { path: read.path, prefix: prefix === undefined ? null : canonical(prefix) };
    const lease = this.#signer.begin();
    try {
      return await this.#signUrl(lease, scope, epochSecondsOf(expiresAt));
    } finally {
      lease.end();
    }
  }

  async #signUrl(
    lease: SigningLease,
    { path, prefix }: UrlScope,
    expiresAtEpochSeconds: number,
  ): Promise<SignedUrl> {
    const { cloudFrontUrl, hashAlgorithm } = this.#options;
    this.#assertFuture(expiresAtEpochSeconds);
    if (prefix !== null && !liesIn(path, prefix)) {
      throw new TypeError('expected a file in the folder of the prefix, or below it');
    }
    const { text, resource } =
      prefix === null
        ? buildFilePolicy({ cloudFrontUrl, path, expiresAtEpochSeconds })
        : buildPolicy({ cloudFrontUrl, prefix, expiresAtEpochSeconds });
    const { keyPairId } = lease.key;
    const query = signedQuery({
      expiresAtEpochSeconds,
      policyText: prefix === null ? null : text,
      signature: await lease.sign(text),
      keyPairId,
      hashAlgorithm,
    });
    return { url: `${fileUrl(cloudFrontUrl, path)}?${query}`, resource, expiresAtEpochSeconds, keyPairId };
  }

  async #prepare(lease: SigningLease, prefix: Prefix, expiresAtEpochSeconds: number): Promise<CookieSet> {
    const { cloudFrontUrl, attributes, hashAlgorithm } = this.#options;
    this.#assertFuture(expiresAtEpochSeconds);
    const { text, resource } = buildPolicy({ cloudFrontUrl, prefix, expiresAtEpochSeconds });
    return {
      prefix,
      path: cookiePathOf(attributes, prefix),
      resource,
      expiresAtEpochSeconds,
      keyPairId: lease.key.keyPairId,
      hashAlgorithm,
      policyText: text,
      signature: await lease.sign(text),
    };
  }

  #assertFuture(expiresAtEpochSeconds: number): void {
    assertEpochSeconds(expiresAtEpochSeconds);
    if (expiresAtEpochSeconds > this.#clock.nowEpochSeconds()) return;
    throw new RangeError('expected an end in the future: CloudFront refuses what has ended');
  }

  /**
   * Appends the lines of one grant, our own cookie for it, and the clears of what nests with it, of what
   * another viewer left, and of what is over the limits. Reads what the browser holds from the request.
   */
  write(response: CookieResponse, set: CookieSet, viewer?: CookieViewer): void {
    const { attributes } = this.#options;
    const now = this.#clock.nowEpochSeconds();
    const held = this.#heldAfter(response);
    const added: HeldRecord = {
      domain: attributes.domain,
      partitioned: attributes.partitioned,
      path: set.path,
      prefix: set.path === '/' ? WHOLE_DISTRIBUTION : set.prefix,
      // A host that names no viewer grants it to the viewer of the last grant.
      viewerTags: viewer ? [viewerTagOf(viewer)] : (held.at(-1)?.viewerTags ?? ['']),
      issuedAtEpochSeconds: now,
      expiresAtEpochSeconds: set.expiresAtEpochSeconds,
      isOldForm: false,
    };
    const settled = settleHeld(held, viewer, attributes, added);
    const issued = issueLines(set, attributes, set.expiresAtEpochSeconds - now);
    this.#append(response, [...issued, this.#heldLine(added)], settled);
  }

  /** What this browser holds, unexpired, oldest first; what another viewer left there apart. */
  held(request: IncomingMessage, viewer?: CookieViewer): HeldGrants {
    const held = this.#read(request);
    return {
      own: held.filter((record) => !isForeign(record, viewer)).map(publicly),
      foreign: held.filter((record) => isForeign(record, viewer)).map(publicly),
    };
  }

  /**
   * The widest live grant of this viewer that the prefix lies in, or null: answer such a grant with the
   * wider one, renewed. Always null where all cookies have Path=/, which says nothing of the prefix.
   * @param prefix is compared as it stands and not read: the answer opens nothing
   */
  widerHeld(request: IncomingMessage, prefix: string, viewer?: CookieViewer): HeldGrant | null {
    if (this.#options.attributes.pathMode === 'root') return null;
    const [widest] = this.held(request, viewer)
      .own.filter((held) => held.prefix !== prefix && covers(held.prefix, prefix))
      .toSorted((a, b) => a.prefix.length - b.prefix.length);
    return widest ?? null;
  }

  /**
   * Clears everything this browser holds, or only these prefixes, also where no cookie of ours names them;
   * no token is needed for that. Two calls for one answer add up.
   */
  clear(response: CookieResponse, prefixes?: readonly string[]): void {
    const { attributes } = this.#options;
    const held = this.#heldAfter(response);
    const isRoot = attributes.pathMode === 'root';
    // Where all cookies have Path=/, every grant lives there, whichever prefix it was for.
    const named = isRoot ? ['/'] : (prefixes ?? []);
    const paths = new Set(named.map((prefix) => pathOf(canonical(prefix))));
    const gone = held.filter(({ path }) => prefixes === undefined || paths.has(path));
    const unrecorded = [...paths]
      .map((path): CookiePlace => ({ domain: attributes.domain, partitioned: attributes.partitioned, path }))
      .filter((place) => !gone.some((record) => isSamePlace(record, place)));
    const kept = held.filter((record) => !gone.includes(record));
    this.#append(response, [], { kept, cleared: gone }, unrecorded);
  }

  /**
   * Clears what this browser must not hold any longer: what another viewer left in it, and of grants that
   * nest, as two calls at once can leave them, the narrower ones. Appends nothing where all is well.
   */
  tidy(response: CookieResponse, viewer?: CookieViewer): void {
    const settled = settleHeld(this.#heldAfter(response), viewer, this.#options.attributes);
    if (settled.cleared.length > 0) this.#append(response, [], settled);
  }

  #append(
    response: CookieResponse,
    issued: readonly string[],
    { kept, cleared }: Settled,
    unrecorded: readonly CookiePlace[] = [],
  ): void {
    const { attributes } = this.#options;
    const before = remembered(response, this.#afterAnswer) as AfterAnswer | undefined;
    const gone = [...cleared, ...unrecorded].filter(
      (place) => !before?.cleared.some((already) => isSamePlace(already, place)),
    );
    const after: AfterAnswer = {
      held: kept.map((record) => ({ ...record, isOldForm: false })),
      cleared: [...(before?.cleared ?? []), ...gone].filter(
        (place) => !kept.some((record) => isSamePlace(record, place)),
      ),
    };
    remember(response, this.#afterAnswer, after);
    const lines = [
      ...issued,
      ...gone.flatMap((place) => [...clearLines(attributes, place), clearHeldLine(attributes, place)]),
      ...(before === undefined ? this.#fromOldForm(requestOf(response), kept) : []),
    ];
    if (lines.length > 0) appendSetCookie(response, lines);
  }

  /** Writes what the one cookie of edgepass 0.1 said into cookies of their own, and clears it. */
  #fromOldForm(request: IncomingMessage, kept: readonly HeldRecord[]): readonly string[] {
    const { attributes } = this.#options;
    if (!hasOldForm(request.headers.cookie, attributes.ownCookies)) return [];
    return [
      ...kept.filter(({ isOldForm }) => isOldForm).map((record) => this.#heldLine(record)),
      clearOldFormLine(attributes),
    ];
  }

  #heldLine(record: HeldRecord): string {
    const { attributes } = this.#options;
    return heldLine(attributes, record, record.expiresAtEpochSeconds - this.#clock.nowEpochSeconds());
  }

  #heldAfter(response: CookieResponse): readonly HeldRecord[] {
    const after = remembered(response, this.#afterAnswer) as AfterAnswer | undefined;
    return after?.held ?? this.#read(requestOf(response));
  }

  /** Read once for a call: of 20 grants it takes some 75 µs, and a grant asks before and after it is signed. */
  #read(request: IncomingMessage): readonly HeldRecord[] {
    const { attributes } = this.#options;
    const { cookie } = request.headers;
    const nowEpochSeconds = this.#clock.nowEpochSeconds();
    const before = remembered(request, this.#beforeAnswer) as BeforeAnswer | undefined;
    if (before?.cookie === cookie && before?.nowEpochSeconds === nowEpochSeconds) return before.held;
    const held = readHeldCookies(cookie, attributes.ownCookies, attributes, nowEpochSeconds);
    const read: BeforeAnswer = { cookie, nowEpochSeconds, held };
    remember(request, this.#beforeAnswer, read);
    return held;
  }
}

/** What a browser holds, as its request says. */
interface BeforeAnswer {
  readonly cookie: string | undefined;
  readonly nowEpochSeconds: number;
  readonly held: readonly HeldRecord[];
}

/** What a browser holds, and what it was asked to clear, once it has read an answer as far as it goes. */
interface AfterAnswer {
  readonly held: readonly HeldRecord[];
  readonly cleared: readonly CookiePlace[];
}

function remembered(on: object, key: symbol): unknown {
  return (on as Readonly<Record<symbol, unknown>>)[key];
}

function remember(on: object, key: symbol, value: unknown): void {
  (on as Record<symbol, unknown>)[key] = value;
}

function publicly({ prefix, domain, expiresAtEpochSeconds }: HeldRecord): HeldGrant {
  return { prefix, domain, expiresAtEpochSeconds };
}

function canonical(prefix: string): Prefix {
  const read = readPrefix(prefix);
  if ('prefix' in read) return read.prefix;
  throw new TypeError(`expected the name of a folder, such as courses/algebra, or /. ${read.detail}`);
}

function epochSecondsOf(end: Date | number): number {
  return end instanceof Date ? Math.floor(end.getTime() / 1000) : end;
}
