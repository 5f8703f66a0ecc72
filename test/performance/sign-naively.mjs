/* oxlint-disable unicorn/require-post-message-target-origin -- threads, not windows */
// What a grant must not do, on both threads where it could. At each message of the parent: a key from text
// and an opened file, once on the main thread and once on a worker.
import { closeSync, openSync } from 'node:fs';
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { getSignedCookies } from '@aws-sdk/cloudfront-signer';

const privateKey = isMainThread ? process.env.PRIVATE_KEY_PEM : workerData;
const work = () => {
  getSignedCookies({ policy: '{"Statement":[]}', keyPairId: 'K2JCJMDEHXQW5F', privateKey });
  closeSync(openSync(new URL(import.meta.url)));
};

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url), { workerData: privateKey, execArgv: [], env: {} });
  await once(worker, 'message');
  worker.on('message', () => process.send({ done: true }));
  process.on('message', (message) => {
    if (message !== 'work') return;
    work();
    worker.postMessage('work');
  });
  process.send({ listening: true });
} else {
  parentPort.on('message', () => {
    work();
    parentPort.postMessage('done');
  });
  parentPort.postMessage('ready');
}
