import { randomInt } from 'node:crypto';

/** Gives numbers from 0 (with) to 1 (without), always the same ones for a seed: mulberry32, as published. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The seed of this run: `EDGEPASS_FAULT_SEED`, else any; the evidence of a row names it. */
export function faultSeed(): number {
  return Number(process.env['EDGEPASS_FAULT_SEED'] ?? randomInt(2 ** 31));
}
