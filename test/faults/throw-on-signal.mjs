// Preloaded into a service: errors that no code of ours catches.
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  process.on('SIGUSR2', () => {
    setTimeout(() => void Promise.reject(new Error('the first')));
    setTimeout(() => {
      throw new Error('the second');
    }, 1);
  });
}
