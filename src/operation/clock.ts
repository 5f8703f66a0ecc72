/** Where time comes from. Nothing else in `src/` asks what time it is, so a test can move it. */
export interface Clock {
  /** Whole seconds since 1970-01-01T00:00:00Z, rounded down: the unit of a CloudFront policy. */
  nowEpochSeconds(): number;
}

/** The machine's wall clock. */
export const systemClock: Clock = {
  nowEpochSeconds: () => Math.floor(Date.now() / 1000),
};

/** Injection token of the {@link Clock}. */
export const CLOCK = Symbol('edgepass.clock');

/** The RFC 3339 form of an epoch in seconds, without milliseconds: `2026-11-20T09:15:00Z`. */
export function toTimestamp(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString().replace('.000Z', 'Z');
}
