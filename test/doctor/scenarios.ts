import { ACCESS_REFUSED } from './scenarios-access.js';
import { COOKIES_NOT_SENT } from './scenarios-cookies-sent.js';
import { COOKIES_NOT_STORED } from './scenarios-cookies-set.js';
import { KEPT_FROM_THE_PAGE } from './scenarios-cors.js';
import { healthyWorld } from './stage.js';
import type { Scenario } from './world-changes.js';

/** Faults that a recording of the browser shows, in the order of the catalogue. */
export const RECORDED: readonly Scenario[] = [
  ...COOKIES_NOT_STORED,
  ...COOKIES_NOT_SENT,
  ...ACCESS_REFUSED,
  ...KEPT_FROM_THE_PAGE,
].toSorted((a, b) => Number(a.entry.slice(1)) - Number(b.entry.slice(1)));

/** Whether a fault moves the API to another host: of two of these the second takes the host of the first away. */
export function movesApi({ change }: Scenario): boolean {
  const [before, after] = [healthyWorld(), healthyWorld()];
  change(after);
  return before.api !== after.api;
}
