import type { IncomingMessage } from 'node:http';
import { isIP, isIPv4, isIPv6 } from 'node:net';
import proxyAddress from 'proxy-addr';
import { rateLimit, type ClientRateLimitInfo, type Store } from 'express-rate-limit';
import { Problem } from './problems/problem.js';
import type { Step } from './step.js';

/** `address:port` and `[address]:port`, as some gateways and an option of AWS's load balancer write it. */
const WITH_PORT = /^(?:\[([^\]]*)\](?::\d+)?|(\d+(?:\.\d+){3}):\d+)$/;

/** Whether a connection from this address is one of a proxy whose forwarding headers count. */
export function trustOf(trustedProxies: readonly string[]): (address: string) => boolean {
  if (trustedProxies.length === 0) return () => false;
  const trusts = proxyAddress.compile([...trustedProxies]);
  return (address) => isIP(address) !== 0 && trusts(address, 0);
}

/**
 * The address that a request came from: that of its connection, or, where this is a trusted proxy's, the last
 * one in `X-Forwarded-For` that is none of a trusted proxy. `undefined` for a connection that is gone.
 */
export function callerAddress(
  { socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>,
  isTrusted: (address: string) => boolean,
): string | undefined {
  const forwarded = headers['x-forwarded-for'];
  if (typeof forwarded !== 'string') return socket.remoteAddress;
  const addresses = forwarded.split(',').map((entry) => withoutPort(entry.trim()));
  const request = { socket, headers: { 'x-forwarded-for': addresses.join(', ') } };
  return proxyAddress(request as unknown as IncomingMessage, isTrusted);
}

function withoutPort(entry: string): string {
  const [, bracketed, plain] = WITH_PORT.exec(entry) ?? [];
  return bracketed ?? plain ?? entry;
}

/** An IPv4 address that is written as one of IPv6 (RFC 4291 2.5.5.2). */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * What limits count an address by: an IPv4 address itself, of an IPv6 address its /64, because a home or a
 * machine is given all of one (RFC 6177) and could take another for each request. Not `ipKeyGenerator` of
 * express-rate-limit, which takes a hundred times as long for IPv6: a flood would cost as much as grants.
 */
export function addressKey(address: string | undefined): string {
  if (address === undefined) return UNKNOWN;
  const mapped = MAPPED.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (isIPv4(address)) return address;
  const [bare = ''] = address.split('%');
  return isIPv6(bare) ? `${groupsOf(bare).slice(0, 4).join(':')}::/64` : UNKNOWN;
}

/** The address of a connection that is gone, or what a proxy wrote in its place. */
const UNKNOWN = 'unknown';

/** The eight groups, in the one spelling without leading zeros. */
function groupsOf(address: string): readonly string[] {
  // A tail in IPv4 spelling stands for two groups, never among the first four.
  const [head = '', tail] = address.replace(/\d{1,3}(?:\.\d{1,3}){3}$/, '0:0').split('::');
  const read = (text: string): string[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16).toString(16));
  const first = read(head);
  if (tail === undefined) return first;
  const last = read(tail);
  return [...first, ...Array.from({ length: 8 - first.length - last.length }, () => '0'), ...last];
}

const WINDOW_MILLISECONDS = 60_000;
/** About 20 MB when every one of them is an IPv6 network. */
const MOST_ADDRESSES = 100_000;

/**
 * Step: 429 `rate_limited` for an address that asks more often than so in a minute. The minute begins with its
 * first request.
 * @param addressOf the address of the caller
 * @param nowMilliseconds a clock that no operator sets
 */
export function limitAddresses(
  perMinute: number,
  addressOf: (request: IncomingMessage) => string | undefined,
  nowMilliseconds: () => number = () => performance.now(),
): Step {
  const store = new BoundedStore(WINDOW_MILLISECONDS, MOST_ADDRESSES, nowMilliseconds);
  const limit = rateLimit({
    windowMs: WINDOW_MILLISECONDS,
    limit: perMinute,
    store,
    keyGenerator: (request) => addressKey(addressOf(request)),
    handler: (request, _response, next) => {
      const { resetTime } = (request as unknown as { readonly rateLimit: ClientRateLimitInfo }).rateLimit;
      const left = (resetTime?.getTime() ?? 0) - nowMilliseconds();
      const retryAfterSeconds = Math.max(1, Math.ceil(left / 1000));
      next(new Problem('rate_limited', { reason: 'address_limit', retryAfterSeconds }));
    },
    // Retry-After is the problem's; the other headers would tell strangers how far they are.
    standardHeaders: false,
    legacyHeaders: false,
    // They look for mistakes in Express's `trust proxy`, which is not used.
    validate: false,
  });
  // It reads and writes nothing of a request that only Express gives it.
  return limit as unknown as Step;
}

/**
 * Counts in bounded memory, by a clock that never steps back; the library's own store does neither. Beyond
 * `mostKeys` those that have not been seen for long are forgotten first.
 */
export class BoundedStore implements Store {
  readonly localKeys = true;
  readonly #windowMilliseconds: number;
  readonly #mostKeys: number;
  readonly #nowMilliseconds: () => number;
  /** Two generations instead of one list in order: to find the eldest key of a large Map takes V8 milliseconds. */
  #young = new Map<string, Window>();
  #old = new Map<string, Window>();

  constructor(windowMilliseconds: number, mostKeys: number, nowMilliseconds: () => number) {
    this.#windowMilliseconds = windowMilliseconds;
    this.#mostKeys = mostKeys;
    this.#nowMilliseconds = nowMilliseconds;
  }

  get keys(): number {
    return this.#young.size + this.#old.size;
  }

  increment(key: string): ClientRateLimitInfo {
    const now = this.#nowMilliseconds();
    let window = this.#young.get(key) ?? this.#takeOld(key);
    if (window === undefined || window.endMilliseconds <= now) {
      window = { hits: 0, endMilliseconds: now + this.#windowMilliseconds };
    }
    window.hits += 1;
    this.#young.set(key, window);
    if (this.#young.size >= this.#mostKeys / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    return { totalHits: window.hits, resetTime: new Date(window.endMilliseconds) };
  }

  decrement(key: string): void {
    const window = this.#young.get(key) ?? this.#old.get(key);
    if (window !== undefined) window.hits -= 1;
  }

  resetKey(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  #takeOld(key: string): Window | undefined {
    const window = this.#old.get(key);
    this.#old.delete(key);
    return window;
  }
}

interface Window {
  hits: number;
  endMilliseconds: number;
}
