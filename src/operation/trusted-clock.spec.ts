import { beforeEach, describe, expect, it } from '@jest/globals';
import { Problem } from '../http/problems/problem.js';
import { builtAtEpochSeconds } from './build-info.js';
import { WatchedClock, type ClockFault } from './trusted-clock.js';

const BUILT = 1_800_000_000;
let wall: number;
let monotonic: number;
let changes: (ClockFault | null)[];
let clock: WatchedClock;

beforeEach(() => {
  wall = BUILT + 1_000_000;
  monotonic = 50;
  changes = [];
  clock = new WatchedClock(
    { nowEpochSeconds: () => wall },
    {
      monotonicSeconds: () => monotonic,
      builtAtEpochSeconds: BUILT,
      onChange: (fault) => void changes.push(fault),
    },
  );
});

/** Lets time pass, on the wall by so much more. */
function pass(seconds: number, step = 0): void {
  monotonic += seconds;
  wall += seconds + step;
}

/** The time, or the reason of the refusal. */
function asked(): number | string {
  try {
    return clock.nowEpochSeconds();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return `${error.code} ${error.reason}`;
  }
}

describe('the watched clock (N37)', () => {
  it('gives the time of the wall, also after hours without a question', () => {
    pass(36_000);
    expect([asked(), clock.fault]).toEqual([wall, null]);
  });

  it.each([
    ['two hours forward', 7_200],
    ['to 2038', 2_147_483_648 - BUILT],
    ['a minute back', -60],
  ])('believes a step %s', (_what, step) => {
    pass(1, step);
    expect([asked(), clock.fault]).toEqual([wall, null]);
  });

  it('gives no time after a step of more than a minute back, until it has caught up', () => {
    pass(1, -61);
    expect(asked()).toBe('clock_untrusted clock_went_back');
    pass(3_600);
    expect(asked()).toBe('clock_untrusted clock_went_back');
    pass(0, 1);
    expect(asked()).toBe(wall);
    expect(changes).toEqual(['clock_went_back', null]);
  });

  it('remembers no small steps: many of them over the months are no jump', () => {
    for (let day = 0; day < 100; day++) {
      pass(86_400, -2);
      expect(clock.fault).toBeNull();
    }
  });

  it('gives no time from before it was built, and believes the right one when it comes', () => {
    const right = wall;
    wall = 0;
    expect(asked()).toBe('clock_untrusted clock_before_build');
    wall = right;
    expect(asked()).toBe(right);
  });

  it('is not believed at a start in 1970 either', () => {
    wall = 0;
    const early = new WatchedClock(
      { nowEpochSeconds: () => wall },
      { monotonicSeconds: () => 0, builtAtEpochSeconds: BUILT, onChange: () => undefined },
    );
    expect(early.fault).toBe('clock_before_build');
  });

  it('knows when it was built', () => {
    expect(builtAtEpochSeconds()).toBeGreaterThan(1_700_000_000);
  });
});
