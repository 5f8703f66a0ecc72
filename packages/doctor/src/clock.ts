/** Where time comes from, so that a test can set it. */
export interface Clock {
  nowMilliseconds(): number;
}

export const systemClock: Clock = { nowMilliseconds: () => Date.now() };
