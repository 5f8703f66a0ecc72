import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { listenForStop, listenForUnexpectedErrors, refuseInspector } from './process-events.js';

afterEach(() => {
  jest.restoreAllMocks();
});

describe('the request to stop', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('comes as %s', async (signal) => {
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

describe('an error that nobody caught', () => {
  it('is reported once, whatever follows it', async () => {
    const reported: unknown[] = [];
    const unexpected = listenForUnexpectedErrors((error) => reported.push(error));
    process.emit('uncaughtException', new Error('first'));
    process.emit('uncaughtException', new Error('second'));
    await unexpected.occurred;
    unexpected.release();
    expect(reported).toEqual([new Error('first')]);
  });

  it('is given back to Node afterwards', () => {
    const before = process.listenerCount('uncaughtException');
    listenForUnexpectedErrors(() => undefined).release();
    expect(process.listenerCount('uncaughtException')).toBe(before);
  });
});

describe('the signal that opens the inspector', () => {
  it('says one line instead, and is given back to Node afterwards', () => {
    const before = process.listenerCount('SIGUSR1');
    const said: string[] = [];
    const release = refuseInspector((line) => said.push(line));
    process.emit('SIGUSR1', 'SIGUSR1');
    release();
    expect(said).toEqual(['SIGUSR1 is ignored: it would open the inspector, which reads the signing key']);
    expect(process.listenerCount('SIGUSR1')).toBe(before);
  });
});
