import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Readiness } from './readiness.js';

const gone = new Error('gone');

describe('readiness', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** Fails where the list says so, and succeeds after its end. */
  function probeThat(...outcomes: readonly (Error | null)[]) {
    const left = [...outcomes];
    return jest.fn(async (_deep: boolean) => {
      const error = left.shift() ?? null;
      if (error) throw error;
    });
  }

  it('does not flap with two probes that fail', async () => {
    const changes: unknown[] = [];
    const readiness = new Readiness(probeThat(gone, gone, null), true);
    readiness.onChange((error) => changes.push(error));
    await readiness.probe();
    await jest.advanceTimersByTimeAsync(5_000);
    await readiness.stop();
    expect(changes).toEqual([]);
    expect(readiness.isReady).toBe(true);
  });

  it('ends with the third in a row, and comes back with one that succeeds', async () => {
    const changes: unknown[] = [];
    const readiness = new Readiness(probeThat(gone, gone, gone, gone), true);
    readiness.onChange((error) => changes.push(error));
    await readiness.probe();
    await jest.advanceTimersByTimeAsync(750);
    expect(changes).toEqual([gone]);
    await jest.advanceTimersByTimeAsync(2_000);
    expect(changes).toEqual([gone, null]);
    await readiness.stop();
  });

  it('asks at most once a second however long nothing answers', async () => {
    const probe = jest.fn((_deep: boolean) => Promise.reject(gone));
    const readiness = new Readiness(probe, false);
    await readiness.probe();
    await jest.advanceTimersByTimeAsync(60_000);
    await readiness.stop();
    expect(probe.mock.calls.length).toBeLessThanOrEqual(64);
    expect(probe.mock.calls.length).toBeGreaterThanOrEqual(58);
  });

  it('has one probe at a time, and none after it was stopped', async () => {
    const probe = jest.fn(() => new Promise<void>((resolve) => setTimeout(resolve, 10_000)));
    const readiness = new Readiness(probe, true);
    void readiness.probe();
    void readiness.probe();
    await jest.advanceTimersByTimeAsync(9_000);
    expect(probe).toHaveBeenCalledTimes(1);
    const stopped = readiness.stop();
    await jest.advanceTimersByTimeAsync(60_000);
    await stopped;
    expect(probe).toHaveBeenCalledTimes(1);
  });

  it('tries to write after a caller could not, until one write succeeds', async () => {
    const probe = probeThat(null, gone, null, null);
    const readiness = new Readiness(probe, true);
    await readiness.probe();
    readiness.reportWriteFailure();
    await jest.advanceTimersByTimeAsync(3_000);
    await readiness.stop();
    expect(probe.mock.calls.slice(0, 4)).toEqual([[false], [true], [true], [false]]);
  });
});
