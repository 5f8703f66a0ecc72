import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Clock } from '../clock.js';
import type { Behavior } from '../distribution/distribution.js';
import { bodyLength, discard, readBody, type EdgeAnswer, type Eventually } from '../edge-answer.js';
import { headerOf, withoutHeader, type HeaderList } from '../header-list.js';
import { answerFromWhole, RANGE_AND_CONDITIONS, rangeAndConditionsOf } from '../range-and-conditions.js';
import type { ViewerRequest, ViewerSignal } from '../viewer-request.js';
import type { CacheKey } from './cache-key.js';
import { codingFor, compressed, compressedHeaders } from './compression.js';
import { answerOf, CopyStore, type CacheLimits, type StoredCopy } from './copy-store.js';
import { matchesInvalidation } from './invalidation-path.js';
import { lifetimeOf, variesByEverything, type Lifetime } from './lifetime.js';
import { SharedBody } from './shared-body.js';

/** An answer and where it came from. */
export interface Served {
  readonly answer: EdgeAnswer;
  readonly from: 'Hit' | 'RefreshHit' | 'Miss';
  /** How old the answer is; null when it has just been made. */
  readonly ageSeconds: number | null;
  /** It is the copy as it is stored, the same object for each viewer. */
  readonly isWholeCopy?: boolean;
}

/** What the cache needs to know of a request. */
export interface CacheLookup {
  /** Its range and its conditions are answered from a copy. */
  readonly request: Pick<ViewerRequest, 'method' | 'headers'> &
    Partial<Pick<ViewerRequest, 'signal' | 'onUpgrade'>>;
  readonly key: CacheKey;
  readonly behavior: Pick<Behavior, 'cachePolicy' | 'cachedMethods' | 'compress'>;
  readonly errorCachingMinTtlSeconds: (status: number) => number;
  /** Asks the origin with these headers beside those that the policies let through. */
  readonly askOrigin: (more: IncomingHttpHeaders, signal: ViewerSignal | null) => Promise<EdgeAnswer>;
}

/** A request to the origin that is on its way, for everybody who wants the same copy. */
interface CoalescedFetch {
  readonly addresses: readonly string[];
  /** What it brought as soon as that is known; null when it may not be shared. */
  readonly shared: Promise<SharedAnswer | null>;
  isInvalidated: boolean;
}

/** A copy, or an answer whose body is still coming. */
type SharedAnswer =
  | { readonly copy: StoredCopy }
  | {
      /** The answer for a further viewer; null when its beginning is no longer there. */
      readonly open: () => EdgeAnswer | null;
      readonly whole: Promise<StoredCopy | null>;
      readonly bornAtEpochSeconds: number;
    };

/** Where a request to the origin ends up. */
interface FetchOutcome {
  /** Shares an answer with everybody who waits for it; null: each asks for it. */
  readonly share: (answer: SharedAnswer | null) => void;
  /** Keeps a copy unless it was invalidated on its way. */
  readonly keep: (copy: StoredCopy, key?: string) => StoredCopy;
  /** Nobody joins any more. */
  readonly end: () => void;
}

/** A copy and the key under which it was found. */
interface KnownCopy {
  readonly copy: StoredCopy;
  readonly key: string;
}

/** The cache of the edge: one request to the origin for each key at a time, bounded memory. */
export class EdgeCache {
  private readonly store: CopyStore;
  private readonly coalesced = new Map<string, CoalescedFetch>();

  constructor(
    limits: CacheLimits,
    private readonly clock: Clock,
  ) {
    this.store = new CopyStore(limits);
  }

  /** Bytes of the copies that are held or being read. */
  get usedBytes(): number {
    return this.store.usedBytes;
  }

  /** Answers from a copy where there is a fresh one, else from the origin. */
  answer(lookup: CacheLookup): Eventually<Served> {
    const { behavior } = lookup;
    const { method, onUpgrade } = lookup.request;
    const isKept = behavior.cachePolicy.maxTtlSeconds > 0 && behavior.cachedMethods.has(method);
    if (!isKept || onUpgrade !== undefined) {
      return this.passThrough(lookup);
    }
    const known = this.find(lookup);
    if (known !== undefined && this.isFresh(known.copy)) return this.hit(known.copy, lookup);
    return this.answerWithOrigin(known, lookup);
  }

  private async answerWithOrigin(known: KnownCopy | undefined, lookup: CacheLookup): Promise<Served> {
    const { key, request } = lookup;
    const { method } = request;
    const fetchKey = method === 'HEAD' ? headKey(key) : key.text;
    const fetching = this.coalesced.get(fetchKey);
    if (known !== undefined && this.now() < known.copy.revalidateUntilEpochSeconds) {
      if (fetching === undefined) this.revalidate(fetchKey, known, lookup);
      return this.hit(known.copy, lookup);
    }
    if (fetching !== undefined) {
      // What could not be kept for all is fetched for each.
      return (await this.join(await fetching.shared, lookup)) ?? this.passThrough(lookup);
    }
    return this.coalesce(fetchKey, known, lookup);
  }

  /** Forgets what such paths name, also what is being fetched; gives the number of copies. */
  invalidate(paths: readonly string[]): number {
    const isMeant = (address: string) => paths.some((path) => matchesInvalidation(path, address));
    for (const [key, fetching] of this.coalesced) {
      if (!fetching.addresses.some(isMeant)) continue;
      fetching.isInvalidated = true;
      this.coalesced.delete(key);
    }
    return this.store.removeWhere(isMeant);
  }

  /** The answer that another request has fetched, or is fetching. */
  private async join(shared: SharedAnswer | null, lookup: CacheLookup): Promise<Served | null> {
    if (shared === null) return null;
    if ('copy' in shared) return this.hit(shared.copy, lookup);
    const answer = asksForWhole(lookup.request.headers) ? shared.open() : null;
    if (answer !== null) return { answer, from: 'Hit', ageSeconds: this.now() - shared.bornAtEpochSeconds };
    const whole = await shared.whole;
    return whole === null ? null : this.hit(whole, lookup);
  }

  /** A copy made from GET answers HEAD too, never the reverse. */
  private find({ request, key }: CacheLookup): KnownCopy | undefined {
    const copy = this.store.find(key.text);
    const known = copy === undefined ? undefined : { copy, key: key.text };
    if (request.method !== 'HEAD' || (copy !== undefined && this.isFresh(copy))) return known;
    const headCopy = this.store.find(headKey(key));
    return headCopy === undefined ? known : { copy: headCopy, key: headKey(key) };
  }

  private isFresh(copy: StoredCopy): boolean {
    return this.now() < copy.freshUntilEpochSeconds;
  }

  private hit(
    copy: StoredCopy,
    { request: { headers } }: CacheLookup,
    from: Served['from'] = 'Hit',
  ): Eventually<Served> {
    const age = Math.max(0, this.now() - copy.bornAtEpochSeconds);
    const ageSeconds = from === 'Hit' || age > 0 ? age : null;
    const whole = answerOf(copy);
    if (asksForWhole(headers)) return { answer: whole, from, ageSeconds, isWholeCopy: true };
    const part = answerFromWhole(whole, copy.byteLength, headers, this.now());
    return part.then((answer) => ({ answer, from, ageSeconds }));
  }

  /** Asks the origin for the next request, while this one has its answer (R113). */
  private revalidate(fetchKey: string, known: KnownCopy, lookup: CacheLookup): void {
    const { method, headers } = lookup.request;
    const whole = Object.entries(headers).filter(([name]) => !RANGE_AND_CONDITIONS.includes(name));
    const withoutRange = { ...lookup, request: { method, headers: Object.fromEntries(whole) } };
    this.coalesce(fetchKey, known, withoutRange).then(
      ({ answer }) => readToTheEnd(answer),
      () => undefined,
    );
  }

  private async passThrough(lookup: CacheLookup): Promise<Served> {
    const { headers, signal } = lookup.request;
    const answer = await lookup.askOrigin(rangeAndConditionsOf(headers), signal?.() ?? null);
    return { answer, from: 'Miss', ageSeconds: null };
  }

  private async coalesce(
    fetchKey: string,
    known: KnownCopy | undefined,
    lookup: CacheLookup,
  ): Promise<Served> {
    const { promise, resolve } = Promise.withResolvers<SharedAnswer | null>();
    const fetching: CoalescedFetch = {
      addresses: lookup.key.addresses,
      shared: promise,
      isInvalidated: false,
    };
    this.coalesced.set(fetchKey, fetching);
    const outcome: FetchOutcome = {
      share: resolve,
      keep: (copy, key = fetchKey) => {
        if (!fetching.isInvalidated) this.store.store(key, copy);
        resolve({ copy });
        outcome.end();
        return copy;
      },
      end: () => {
        if (this.coalesced.get(fetchKey) === fetching) this.coalesced.delete(fetchKey);
        resolve(null);
      },
    };
    try {
      const served = await this.fetch(known, lookup, outcome);
      if (served.answer.body.kind !== 'stream') outcome.end();
      return served;
    } catch (error) {
      outcome.end();
      throw error;
    }
  }

  private async fetch(
    known: KnownCopy | undefined,
    lookup: CacheLookup,
    outcome: FetchOutcome,
  ): Promise<Served> {
    const { keep } = outcome;
    const stale = known?.copy;
    const answer = await lookup.askOrigin(stale === undefined ? {} : conditionsOf(stale), null);
    if (stale !== undefined && answer.status === 304) {
      const refreshed = refreshedHeaders(stale.headers, answer.headers);
      const { coding } = stale;
      const headers = coding === null ? refreshed : compressedHeaders(refreshed, coding);
      const lifetime = this.lifetime({ status: stale.status, headers }, lookup);
      const copy = this.dated(
        {
          ...stale,
          headers: withoutHeader(headers, 'Age'),
          originEntityTag: headerOf(answer.headers, 'ETag') ?? stale.originEntityTag,
        },
        lifetime ?? ASKED_EACH_TIME,
      );
      return this.hit(lifetime === null ? copy : keep(copy, known?.key), lookup, 'RefreshHit');
    }
    if (stale !== undefined && answer.status >= 500 && this.now() < stale.serveOnErrorUntilEpochSeconds) {
      await discard(answer);
      const until = this.now() + lookup.errorCachingMinTtlSeconds(answer.status);
      // Its age goes on: it is as old as it is.
      const freshUntilEpochSeconds = Math.min(until, stale.serveOnErrorUntilEpochSeconds);
      return this.hit(keep({ ...stale, freshUntilEpochSeconds }, known?.key), lookup);
    }
    return this.storeAndAnswer(answer, lookup, outcome);
  }

  /** Stores an answer that may be stored and fits; gives it to the viewer either way. */
  private async storeAndAnswer(
    received: EdgeAnswer,
    lookup: CacheLookup,
    outcome: FetchOutcome,
  ): Promise<Served> {
    const coding = codingFor(received, lookup.behavior, lookup.request);
    const answer = coding === null ? received : compressed(received, coding);
    const made = { coding, originEntityTag: headerOf(received.headers, 'ETag') };
    const isHead = lookup.request.method === 'HEAD';
    const described = isHead
      ? Number(headerOf(answer.headers, 'Content-Length') ?? 0)
      : bodyLength(answer.body);
    const reserved = isHead ? 0 : (described ?? 0);
    const lifetime = [206, 304].includes(answer.status) ? null : this.lifetime(answer, lookup);
    const { body } = answer;
    if (body.kind === 'stream' && !isHead && lifetime !== null && reserved <= this.store.limits.objectBytes) {
      return this.storeStream({ ...answer, body }, lifetime, made, lookup, outcome);
    }
    if (lifetime === null || body.kind === 'stream' || !this.store.reserve(reserved)) {
      outcome.end();
      if ((body.kind === 'stream' || body.kind === 'bytes') && lookup.request.headers.range !== undefined) {
        // A server is asked for the part alone, and need not send what stands before it.
        await discard(answer);
        return this.passThrough(lookup);
      }
      const part = await answerFromWhole(answer, described, lookup.request.headers, this.now());
      return { answer: part, from: 'Miss', ageSeconds: null };
    }
    let bytes: Buffer;
    try {
      if (isHead) await discard(answer);
      bytes = isHead ? Buffer.alloc(0) : await readBody(body);
    } finally {
      this.store.release(reserved);
    }
    const dates = datesOf(lifetime, this.now());
    const copy = { ...copyOf(answer, bytes, lookup), byteLength: described ?? 0, ...made, ...dates };
    return this.hit(outcome.keep(copy), lookup, 'Miss');
  }

  /** Hands a body on while it comes, and keeps it when it has come whole. */
  private async storeStream(
    answer: EdgeAnswer & { readonly body: { readonly stream: Readable; readonly byteLength: number | null } },
    lifetime: Lifetime,
    made: Pick<StoredCopy, 'coding' | 'originEntityTag'>,
    lookup: CacheLookup,
    outcome: FetchOutcome,
  ): Promise<Served> {
    const { byteLength } = answer.body;
    const dates = datesOf(lifetime, this.now());
    const shared = new SharedBody(answer.body.stream, byteLength, this.store.memoryForOne());
    const headers = withoutHeader(answer.headers, 'Age');
    const open = (): EdgeAnswer | null => {
      const stream = shared.open();
      return stream === null ? null : { ...answer, headers, body: { kind: 'stream', stream, byteLength } };
    };
    const first = open();
    const whole = shared.whole.then((bytes) => {
      if (bytes !== null) {
        return outcome.keep({ ...copyOf(answer, bytes, lookup), ...made, ...dates });
      }
      outcome.end();
      return null;
    });
    outcome.share({ open, whole, bornAtEpochSeconds: dates.bornAtEpochSeconds });
    if (first === null) throw new Error('A body that has not begun can be opened.');
    const ageSeconds = lifetime.ageSeconds > 0 ? lifetime.ageSeconds : null;
    if (asksForWhole(lookup.request.headers)) return { answer: first, from: 'Miss', ageSeconds };
    // A range or a condition is answered from the whole; what does not fit is asked for once more, as a range.
    await readToTheEnd(first);
    const copy = await whole;
    return copy === null ? this.passThrough(lookup) : this.hit(copy, lookup, 'Miss');
  }

  private lifetime(answer: Pick<EdgeAnswer, 'status' | 'headers'>, lookup: CacheLookup): Lifetime | null {
    const { behavior, errorCachingMinTtlSeconds } = lookup;
    return lifetimeOf(answer, behavior.cachePolicy, errorCachingMinTtlSeconds(answer.status), this.now());
  }

  private dated(copy: Omit<StoredCopy, keyof ReturnType<typeof datesOf>>, lifetime: Lifetime): StoredCopy {
    return { ...copy, ...datesOf(lifetime, this.now()) };
  }

  private now(): number {
    return this.clock.nowEpochSeconds();
  }
}

/** Of a copy that the origin no longer lets anybody keep. */
const ASKED_EACH_TIME: Lifetime = {
  ageSeconds: 0,
  freshSeconds: 0,
  staleWhileRevalidateSeconds: 0,
  staleIfErrorSeconds: 0,
};

/** Says whether a request asks for the whole of an object, whatever its version. */
function asksForWhole(headers: IncomingHttpHeaders): boolean {
  for (const name of RANGE_AND_CONDITIONS) if (headers[name] !== undefined) return false;
  return true;
}

/** Takes in what nobody waits for, so that it is kept. */
async function readToTheEnd(answer: EdgeAnswer): Promise<void> {
  if (answer.body.kind === 'stream') answer.body.stream.on('error', () => undefined).resume();
  else await discard(answer);
}

function copyOf(
  answer: EdgeAnswer,
  bytes: Buffer,
  lookup: CacheLookup,
): Omit<StoredCopy, keyof ReturnType<typeof datesOf> | 'coding' | 'originEntityTag'> {
  return {
    status: answer.status,
    headers: withoutHeader(answer.headers, 'Age'),
    bytes,
    byteLength: bytes.length,
    reason: answer.reason,
    code: answer.code,
    addresses: lookup.key.addresses,
  };
}

function datesOf(lifetime: Lifetime, nowEpochSeconds: number) {
  const freshUntilEpochSeconds = nowEpochSeconds + lifetime.freshSeconds;
  return {
    bornAtEpochSeconds: nowEpochSeconds - lifetime.ageSeconds,
    freshUntilEpochSeconds,
    revalidateUntilEpochSeconds: freshUntilEpochSeconds + lifetime.staleWhileRevalidateSeconds,
    serveOnErrorUntilEpochSeconds: freshUntilEpochSeconds + (lifetime.staleIfErrorSeconds ?? Infinity),
  };
}

/**
 * The headers of a copy that a 304 refreshed: each that it names replaces those of the copy, but never the length, which
 * is that of the body that came before (RFC 9111 section 3.2). Without a `Date` of its own it was made just now.
 */
function refreshedHeaders(stored: HeaderList, fresh: HeaderList): HeaderList {
  const kept = fresh.filter(([name]) => name.toLowerCase() !== 'content-length');
  const names = new Set(['date', ...kept.map(([name]) => name.toLowerCase())]);
  return [...stored.filter(([name]) => !names.has(name.toLowerCase())), ...kept];
}

function headKey({ text }: CacheKey): string {
  return `${text}\nHEAD`;
}

/** How the edge asks whether a copy is still right; without validators it asks for the whole again. */
function conditionsOf(copy: StoredCopy): IncomingHttpHeaders {
  if (copy.status !== 200 || variesByEverything(copy.headers)) return {};
  const entityTag = copy.coding === null ? headerOf(copy.headers, 'ETag') : copy.originEntityTag;
  const lastModified = headerOf(copy.headers, 'Last-Modified');
  return {
    ...(entityTag === undefined ? {} : { 'if-none-match': entityTag }),
    ...(lastModified === undefined ? {} : { 'if-modified-since': lastModified }),
  };
}
