import { describe, expect, it } from '@jest/globals';
import { remainingLife } from '../../packages/client/src/index.js';
import { grantIssuedAt, START_MS } from './answers.js';

const minutes = (count: number): number => count * 60_000;

describe('the remaining life of a grant', () => {
  it('is what the clock says when the clock is right', () => {
    expect(remainingLife(grantIssuedAt(START_MS), START_MS + 2_000)).toEqual({
      renewInMs: 538_000,
      expireInMs: 898_000,
    });
  });

  it.each([
    ['an hour behind', -minutes(60)],
    ['an hour ahead', minutes(60)],
    ['two minutes and a half behind', -minutes(2.5)],
  ])('is counted from the arrival when the clock of this machine is %s', (_name, offsetMs) => {
    expect(remainingLife(grantIssuedAt(START_MS), START_MS + offsetMs)).toEqual({
      renewInMs: 540_000,
      expireInMs: 900_000,
    });
  });

  it('never renews after the true end, whatever the clock of this machine says', () => {
    for (let offsetMs = -minutes(30); offsetMs <= minutes(30); offsetMs += 5_000) {
      const { renewInMs } = remainingLife(grantIssuedAt(START_MS), START_MS + offsetMs);
      expect(renewInMs).toBeGreaterThanOrEqual(270_000);
      expect(renewInMs).toBeLessThanOrEqual(675_000);
    }
  });
});
