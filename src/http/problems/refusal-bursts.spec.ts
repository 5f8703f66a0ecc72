import { describe, expect, it } from '@jest/globals';
import { Problem } from './problem.js';
import { RefusalBursts, type BurstLogEntry } from './refusal-bursts.js';

const FULL = new Problem('overloaded', { reason: 'full' });
const LIMIT = new Problem('rate_limited', { reason: 'limit' });

function setUp() {
  const lines: BurstLogEntry[] = [];
  let now = 0;
  const bursts = new RefusalBursts(
    (entry) => lines.push(entry),
    () => now,
  );
  const at = (milliseconds: number): RefusalBursts => {
    now = milliseconds;
    return bursts;
  };
  return { lines, at };
}

describe('refusals that come in bursts', () => {
  it('50,000 of them are one line when the burst is over, with how many and how long', () => {
    const { lines, at } = setUp();
    for (let index = 0; index < 50_000; index++) at(index / 5).note(FULL, `id-${index}`);
    at(10_500).logEnded();
    expect(lines).toEqual([]);
    at(11_000).logEnded();
    expect(lines).toEqual([
      {
        msg: 'requests refused',
        code: 'overloaded',
        reason: 'full',
        count: 50_000,
        seconds: 10,
        requestId: 'id-0',
      },
    ]);
    at(12_000).close();
    expect(lines).toHaveLength(1);
  });

  it('one that does not end has a line a minute', () => {
    const { lines, at } = setUp();
    for (let second = 0; second <= 150; second++) {
      at(second * 1000).note(FULL, `id-${second}`);
      at(second * 1000).logEnded();
    }
    expect(lines.map(({ count, seconds }) => [count, seconds])).toEqual([
      [61, 60],
      [61, 60],
    ]);
  });

  it('each reason has its own line, and the end of the service forgets none', () => {
    const { lines, at } = setUp();
    at(0).note(FULL, 'a');
    at(1).note(LIMIT, 'b');
    at(2).note(LIMIT, 'c');
    at(3).close();
    expect(lines.map(({ code, count, requestId }) => [code, count, requestId])).toEqual([
      ['overloaded', 1, 'a'],
      ['rate_limited', 2, 'b'],
    ]);
  });
});
