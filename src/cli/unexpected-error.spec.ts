import { describe, expect, it } from '@jest/globals';
import { listenForUnexpectedErrors } from './unexpected-error.js';

describe('an error that nobody caught', () => {
  it('is told once, whatever follows it', async () => {
    const told: unknown[] = [];
    const unexpected = listenForUnexpectedErrors((error) => told.push(error));
    process.emit('uncaughtException', new Error('first'));
    process.emit('uncaughtException', new Error('second'));
    await unexpected.occurred;
    unexpected.release();
    expect(told).toEqual([new Error('first')]);
  });

  it('is given back to Node afterwards', () => {
    const before = process.listenerCount('uncaughtException');
    listenForUnexpectedErrors(() => undefined).release();
    expect(process.listenerCount('uncaughtException')).toBe(before);
  });
});
