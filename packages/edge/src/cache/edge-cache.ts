import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../clock.js';
import type { Behavior } from '../distribution/distribution.js';
import { bodyLength, discard, readBody, type EdgeAnswer } from '../edge-answer.js';
import { headerOf, withoutHeader, type HeaderList } from '../header-list.js';
import { answerFromWhole, rangeAndConditionsOf } from '../range-and-conditions.js';
import type { ViewerRequest } from '../viewer-request.js';
import type { CacheKey } from './cache-key.js';
import { answerOf, CopyStore, type CacheLimits, type StoredCopy } from './copy-store.js';
import { matchesInvalidation } from './invalidation-path.js';
import { lifetimeOf, type Lifetime } from './lifetime.js';

/** An answer and where it came from. */
export interface Served {
  readonly answer: EdgeAnswer;
  readonly from: 'Hit' | 'RefreshHit' | 'Miss';
  /** How old the answer is; null when it has just been made. */
  readonly ageSeconds: number | null;
}

/** What the cache needs to know of a request. */
export interface CacheLookup {
  /** Its range and its conditions are answered from a copy. */
  readonly request: Pick<ViewerRequest, 'method' | 'headers'>;
  readonly key: CacheKey;
  readonly behavior: Pick<Behavior, 'cachePolicy' | 'cachedMethods'>;
  readonly errorCachingMinTtlSeconds: (status: number) => number;
  /** Asks the origin with these headers beside those that the policies let through. */
  readonly askOrigin: (more: IncomingHttpHeaders) => Promise<EdgeAnswer>;
}

/** A request to the origin that is on its way, for everybody who wants the same copy. */
interface CoalescedFetch {
  readonly addresses: readonly string[];
  readonly copy: Promise<StoredCopy | null>;
  isInvalidated: boolean;
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
  async answer(lookup: CacheLookup): Promise<Served> {
    const { request, behavior, key } = lookup;
    const { method } = request;
    if (behavior.cachePolicy.maxTtlSeconds === 0 || !behavior.cachedMethods.has(method)) {
      return this.passThrough(lookup);
    }
    const known = this.find(lookup);
    if (known !== undefined && this.isFresh(known.copy)) return this.hit(known.copy, lookup);
    const fetchKey = method === 'HEAD' ? headKey(key) : key.text;
    const fetching = this.coalesced.get(fetchKey);
    if (known !== undefined && this.now() < known.copy.revalidateUntilEpochSeconds) {
      if (fetching === undefined) this.revalidate(fetchKey, known, lookup);
      return this.hit(known.copy, lookup);
    }
    if (fetching !== undefined) {
      const copy = await fetching.copy.catch(() => null);
      // What could not be kept for all is fetched for each.
      return copy === null ? this.passThrough(lookup) : this.hit(copy, lookup);
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

  private async hit(copy: StoredCopy, lookup: CacheLookup, from: Served['from'] = 'Hit'): Promise<Served> {
    const ageSeconds = Math.max(0, this.now() - copy.bornAtEpochSeconds);
    return {
      answer: await answerFromWhole(answerOf(copy), copy.byteLength, lookup.request.headers, this.now()),
      from,
      ageSeconds: from === 'Hit' || ageSeconds > 0 ? ageSeconds : null,
    };
  }

  /** Asks the origin for the next request, while this one has its answer (R113). */
  private revalidate(fetchKey: string, known: KnownCopy, lookup: CacheLookup): void {
    const withoutRange = { ...lookup, request: { method: lookup.request.method, headers: {} } };
    this.coalesce(fetchKey, known, withoutRange).then(
      ({ answer }) => discard(answer),
      () => undefined,
    );
  }

  private async passThrough(lookup: CacheLookup): Promise<Served> {
    const answer = await lookup.askOrigin(rangeAndConditionsOf(lookup.request.headers));
    return { answer, from: 'Miss', ageSeconds: null };
  }

  private async coalesce(
    fetchKey: string,
    known: KnownCopy | undefined,
    lookup: CacheLookup,
  ): Promise<Served> {
    const { promise, resolve } = Promise.withResolvers<StoredCopy | null>();
    const fetching: CoalescedFetch = {
      addresses: lookup.key.addresses,
      copy: promise,
      isInvalidated: false,
    };
    this.coalesced.set(fetchKey, fetching);
    const settle = (copy: StoredCopy | null) => {
      if (this.coalesced.get(fetchKey) === fetching) this.coalesced.delete(fetchKey);
      resolve(copy);
    };
    try {
      return await this.fetch(fetchKey, known, lookup, fetching, settle);
    } finally {
      settle(null);
    }
  }

  private async fetch(
    fetchKey: string,
    known: KnownCopy | undefined,
    lookup: CacheLookup,
    fetching: CoalescedFetch,
    settle: (copy: StoredCopy | null) => void,
  ): Promise<Served> {
    const keep = (copy: StoredCopy, key = fetchKey) => {
      if (!fetching.isInvalidated) this.store.store(key, copy);
      settle(copy);
      return copy;
    };
    const stale = known?.copy;
    const answer = await lookup.askOrigin(stale === undefined ? {} : conditionsOf(stale));
    if (stale !== undefined && answer.status === 304) {
      const headers = refreshedHeaders(stale.headers, answer.headers);
      const lifetime = this.lifetime({ status: stale.status, headers }, lookup);
      const copy = this.dated(
        { ...stale, headers: withoutHeader(headers, 'Age') },
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
    return this.storeAndAnswer(answer, lookup, keep);
  }

  /** Stores an answer that may be stored and fits; gives it to the viewer either way. */
  private async storeAndAnswer(
    answer: EdgeAnswer,
    lookup: CacheLookup,
    keep: (copy: StoredCopy) => StoredCopy,
  ): Promise<Served> {
    const isHead = lookup.request.method === 'HEAD';
    const described = isHead
      ? Number(headerOf(answer.headers, 'Content-Length') ?? 0)
      : bodyLength(answer.body);
    const reserved = isHead ? 0 : described;
    const lifetime = [206, 304].includes(answer.status) ? null : this.lifetime(answer, lookup);
    if (lifetime === null || !this.store.reserve(reserved)) {
      const part = await answerFromWhole(answer, described, lookup.request.headers, this.now());
      return { answer: part, from: 'Miss', ageSeconds: null };
    }
    let bytes: Buffer;
    try {
      if (isHead) await discard(answer);
      bytes = isHead ? Buffer.alloc(0) : await readBody(answer.body);
    } finally {
      this.store.release(reserved);
    }
    const copy = this.dated(
      {
        status: answer.status,
        headers: withoutHeader(answer.headers, 'Age'),
        bytes,
        byteLength: described,
        reason: answer.reason,
        addresses: lookup.key.addresses,
      },
      lifetime,
    );
    return this.hit(keep(copy), lookup, 'Miss');
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
  if (copy.status !== 200) return {};
  const entityTag = headerOf(copy.headers, 'ETag');
  const lastModified = headerOf(copy.headers, 'Last-Modified');
  return {
    ...(entityTag === undefined ? {} : { 'if-none-match': entityTag }),
    ...(lastModified === undefined ? {} : { 'if-modified-since': lastModified }),
  };
}
