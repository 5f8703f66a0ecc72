import type { NextFunction, Request, Response } from 'express';
import { Problem } from '../problems/problem.js';
import { addressBucket } from './address-of.js';
import { SlidingWindow } from './sliding-window.js';

const WINDOW_SECONDS = 60;
/** About 20 MB when every one of them is an IPv6 network. */
const MOST_ADDRESSES = 100_000;

/**
 * Middleware: 429 `rate_limited` for an address that asks more often than so. Health is asked by balancers,
 * from one address for many.
 * @param monotonicSeconds a clock that no operator sets
 */
export function limitAddresses(perMinute: number, monotonicSeconds = () => performance.now() / 1000) {
  const window = new SlidingWindow(perMinute, WINDOW_SECONDS, MOST_ADDRESSES);
  return (request: Request, _response: Response, next: NextFunction): void => {
    if (request.url.startsWith('/health/')) {
      next();
      return;
    }
    const verdict = window.take(addressBucket(request.ip), monotonicSeconds());
    if ('isAllowed' in verdict) {
      next();
      return;
    }
    const { retryAfterSeconds } = verdict;
    next(new Problem('rate_limited', { reason: 'address_limit', retryAfterSeconds }));
  };
}
