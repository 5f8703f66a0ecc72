import { describe, expect, it } from '@jest/globals';
import { runHere } from './run-here.js';

describe('runHere', () => {
  it('leaves no listener of the command behind at the streams of the tests', async () => {
    const counts = () => [process.stdout.listenerCount('error'), process.stderr.listenerCount('error')];
    const before = counts();
    let during: readonly number[] = [];
    const { code } = await runHere(() => {
      process.stdout.on('error', () => undefined);
      process.stderr.on('error', () => undefined);
      during = counts();
      return Promise.resolve(3);
    }, []);
    expect({ code, during, after: counts() }).toEqual({
      code: 3,
      during: before.map((count) => count + 1),
      after: before,
    });
  });
});
