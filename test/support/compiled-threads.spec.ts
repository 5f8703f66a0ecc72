import { once } from 'node:events';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { expect, test } from '@jest/globals';

const SAYS = `import { parentPort } from 'node:worker_threads';
import { getCompileCacheDir } from 'node:module';
parentPort.postMessage([getCompileCacheDir() ?? null, process.env.HOME ?? null]);`;

/** Where a thread keeps what was compiled for it, and a variable of the environment that it sees. */
async function saidBy(file: string | URL, options: WorkerOptions = {}): Promise<unknown> {
  const [said] = (await once(new Worker(file, options), 'message')) as [unknown];
  return said;
}

const file = new URL(`data:text/javascript,${encodeURIComponent(SAYS)}`);
const kept = expect.stringMatching(/\/node_modules\/\.cache\/compiled\//);

test('a thread that runs a file of ours keeps what was compiled for it, and sees the environment as ever', async () => {
  expect(await saidBy(file)).toEqual([kept, process.env['HOME'] ?? null]);
});

test('so does one with an environment of its own, which has nothing else', async () => {
  expect(await saidBy(file, { env: {} })).toEqual([kept, null]);
});

test('any other thread is started as it was asked for', async () => {
  const text = SAYS.replaceAll(/^import (.+) from (.+);$/gm, 'const $1 = require($2);');
  expect(await saidBy(text, { eval: true, env: {} })).toEqual([null, null]);
});
