import { readFileSync } from 'node:fs';

/**
 * Starts to measure what a process does within a time that is promised. Gives a function that says how many
 * milliseconds have passed since, without those in which the process was ready to run and other programs had
 * the processors: on a busy machine those say nothing of the service. Linux tells them (proc(5), schedstat);
 * elsewhere all count.
 * @param pid without one, this process. Once it has ended its waits are those up to the call before: call now and then
 */
export function startStopwatch(pid: number | 'self' = 'self'): () => number {
  const begin = performance.now();
  const before = heldUpMilliseconds(pid) ?? 0;
  let heldUp = before;
  return () => {
    heldUp = heldUpMilliseconds(pid) ?? heldUp;
    return performance.now() - begin - (heldUp - before);
  };
}

/** The same, since this process was started. */
export function millisecondsSinceStart(): number {
  return performance.now() - (heldUpMilliseconds('self') ?? 0);
}

/** `null`: there is no such process. */
function heldUpMilliseconds(pid: number | 'self'): number | null {
  if (process.platform !== 'linux') return 0;
  try {
    const [, nanoseconds] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ');
    return Number(nanoseconds) / 1e6;
  } catch {
    return null;
  }
}
