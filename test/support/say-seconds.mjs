// Preloaded by runTimed: the last line on stderr says how many seconds the process has taken.
import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { millisecondsSinceStart } from './stopwatch.ts';

if (isMainThread) {
  process.on('exit', () => writeSync(2, `taken ${millisecondsSinceStart() / 1000} s\n`));
}
