// Preloaded into a service: errors that no code of ours catches, and memory that nobody gives back.
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  process.on('SIGUSR2', () => {
    setTimeout(() => void Promise.reject(new Error('the first')));
    setTimeout(() => {
      throw new Error('the second');
    }, 1);
  });
  process.on('SIGWINCH', () => {
    const kept = [];
    setInterval(() => kept.push(Array.from({ length: 500_000 }, () => ({}))), 10);
  });
}
