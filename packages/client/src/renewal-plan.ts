import type { Grant } from './answers.js';

/** How long a grant lives and when to renew it, counted from the arrival of the answer. */
export interface RemainingLife {
  readonly renewInMs: number;
  readonly expireInMs: number;
}

/**
 * Makes durations of the times of a grant from `receivedAtMs`, when the answer arrived on this machine's clock.
 * The API sets `renewAfter` at about 60 % of the life, so `expiresAt − renewAfter` (two times of one clock)
 * tells the life without this machine's clock. When the two disagree, this machine's clock is wrong and
 * durations are counted from the arrival instead: otherwise a laptop that is behind would renew too late.
 */
export function remainingLife(
  grant: Pick<Grant, 'expiresAt' | 'renewAfter'>,
  receivedAtMs: number,
): RemainingLife {
  const tailMs = Date.parse(grant.expiresAt) - Date.parse(grant.renewAfter);
  const renewInMs = Date.parse(grant.renewAfter) - receivedAtMs;
  const expectedMs = tailMs * 1.5;
  const clockAgrees = renewInMs >= expectedMs * 0.5 && renewInMs <= expectedMs * 1.25;
  const inMs = clockAgrees ? renewInMs : expectedMs;
  return { renewInMs: inMs, expireInMs: inMs + tailMs };
}
