import { readFileSync } from 'node:fs';

/**
 * Starts to measure what this process does within a time that is promised. Gives a function that says how many
 * milliseconds have passed since, without those in which the process was ready to run and other programs had
 * the processors: on a busy machine those say nothing of the service. Linux tells them (proc(5), schedstat);
 * elsewhere all count.
 */
export function startStopwatch(): () => number {
  const begin = performance.now();
  const heldUp = heldUpMilliseconds();
  return () => performance.now() - begin - (heldUpMilliseconds() - heldUp);
}

/** The same, since this process was started. */
export function millisecondsSinceStart(): number {
  return performance.now() - heldUpMilliseconds();
}

function heldUpMilliseconds(): number {
  if (process.platform !== 'linux') return 0;
  const [, nanoseconds] = readFileSync('/proc/self/schedstat', 'utf8').split(' ');
  return Number(nanoseconds) / 1e6;
}
