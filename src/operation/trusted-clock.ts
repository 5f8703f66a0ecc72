import { Problem } from '../http/problems/problem.js';
import type { Clock } from './clock.js';

/** Why the time cannot be believed. */
export type ClockFault = 'clock_before_build' | 'clock_went_back';

/** A clock by which tokens are judged and policies end: it gives a time that can be believed, or none. */
export interface TrustedClock extends Clock {
  /** `null` while the time can be believed. */
  readonly fault: ClockFault | null;
  /** @throws {Problem} `clock_untrusted` */
  nowEpochSeconds(): number;
}

/** Injection token of the {@link TrustedClock}. */
export const TRUSTED_CLOCK = Symbol('edgepass.trusted-clock');

/** A step that a time service makes in ordinary operation is smaller (N37). */
const LARGEST_STEP_BACK_SECONDS = 60;

/** The machine that built this may have been in another time zone, or its clock a little ahead. */
const BUILD_SLACK_SECONDS = 86_400;
const RETRY_AFTER_SECONDS = 5;

/**
 * Compares the wall clock with the monotonic one at each call. Time that goes back by more than a
 * minute makes expired tokens and ended rights good again, and so does a time from before this was built:
 * it is not believed until it has caught up. Time that goes forward is believed.
 */
export class WatchedClock implements TrustedClock {
  readonly #monotonicSeconds: () => number;
  #aheadSeconds: number;
  #fault: ClockFault | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly options: {
      /** Seconds of a clock that no operator sets; the machine's own when absent. */
      readonly monotonicSeconds?: () => number;
      readonly builtAtEpochSeconds: number;
      /** Called at each change. */
      readonly onChange: (fault: ClockFault | null) => void;
    },
  ) {
    this.#monotonicSeconds = options.monotonicSeconds ?? (() => performance.now() / 1000);
    this.#aheadSeconds = clock.nowEpochSeconds() - this.#monotonicSeconds();
  }

  get fault(): ClockFault | null {
    this.#compare();
    return this.#fault;
  }

  nowEpochSeconds(): number {
    const now = this.#compare();
    if (this.#fault !== null) throw clockUntrusted(this.#fault);
    return now;
  }

  #compare(): number {
    const now = this.clock.nowEpochSeconds();
    const aheadSeconds = now - this.#monotonicSeconds();
    const fault = this.#faultOf(now, aheadSeconds);
    if (fault === null) this.#aheadSeconds = aheadSeconds;
    if (fault !== this.#fault) {
      this.#fault = fault;
      this.options.onChange(fault);
    }
    return now;
  }

  #faultOf(now: number, aheadSeconds: number): ClockFault | null {
    if (now < this.options.builtAtEpochSeconds - BUILD_SLACK_SECONDS) return 'clock_before_build';
    return aheadSeconds < this.#aheadSeconds - LARGEST_STEP_BACK_SECONDS ? 'clock_went_back' : null;
  }
}

/** The refusal while the time cannot be believed. */
export function clockUntrusted(fault: ClockFault): Problem {
  return new Problem('clock_untrusted', {
    reason: fault,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    isLoggedByState: true,
  });
}

/** A clock that was handed in is believed. */
export function believed(clock: Clock): TrustedClock {
  return { fault: null, nowEpochSeconds: () => clock.nowEpochSeconds() };
}
