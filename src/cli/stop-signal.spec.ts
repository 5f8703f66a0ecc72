import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { listenForStop } from './stop-signal.js';

afterEach(() => {
  jest.restoreAllMocks();
});

describe('the request to stop', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('is heard as %s', async (signal) => {
    const stop = listenForStop();
    process.emit(signal, signal);
    expect(await stop.asked).toBe(signal);
    stop.release();
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('made a second time as %s ends the process at once with %i', (signal, code) => {
    const exit = jest.spyOn(process, 'exit').mockImplementation(() => undefined as never);
    const stop = listenForStop();
    process.emit('SIGINT', 'SIGINT');
    expect(exit).not.toHaveBeenCalled();
    process.emit(signal, signal);
    expect(exit.mock.calls).toEqual([[code]]);
    stop.release();
  });

  it('is given back to Node afterwards', () => {
    const before = process.listenerCount('SIGINT');
    listenForStop().release();
    expect(process.listenerCount('SIGINT')).toBe(before);
  });
});
