/** Where time comes from. Nothing else in this package asks what time it is, so a test can move it. */
export interface Clock {
  /** Whole seconds since 1970-01-01T00:00:00Z, rounded down. */
  nowEpochSeconds(): number;
}

/** The machine's wall clock. */
export const systemClock: Clock = {
  nowEpochSeconds: () => Math.floor(Date.now() / 1000),
};
