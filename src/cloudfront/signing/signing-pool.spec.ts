import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  SignerFailedError,
  SignerOverloadedError,
  SigningPool,
  type SigningPoolOptions,
} from './signing-pool.js';

/** A worker that signs by naming the text and the size of its batch, and dies when asked. */
const WORKER = `
  import { parentPort, workerData } from 'node:worker_threads';
  const deaths = new Int32Array(workerData.deaths);
  const gate = new Int32Array(workerData.gate);
  parentPort.on('message', (texts) => {
    if (texts.includes('die')) process.exit(1);
    if (texts.includes('die once') && Atomics.add(deaths, 0, 1) === 0) process.exit(1);
    if (texts.includes('open')) Atomics.store(gate, 0, 1), Atomics.notify(gate, 0);
    const isStuck = texts.includes('wait for open') && Atomics.wait(gate, 0, 0, 5000) === 'timed-out';
    parentPort.postMessage(texts.map((text) => (isStuck || text === 'unsignable' ? null : text + '@' + texts.length)));
  });
  parentPort.postMessage([workerData.probe]);
`;

const pools: SigningPool[] = [];

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

function workerUrl(source: string): URL {
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`);
}

function start(options: Partial<SigningPoolOptions> = {}): SigningPool {
  const pool = new SigningPool({
    workerUrl: workerUrl(WORKER),
    workerData: { deaths: new SharedArrayBuffer(4), gate: new SharedArrayBuffer(4), probe: 'right' },
    isProbeSignature: (signature) => signature === 'right',
    maxWorkers: 1,
    queueLimit: 100,
    ...options,
  });
  pools.push(pool);
  return pool;
}

describe('SigningPool', () => {
  it('signs texts that are asked for together in batches of at most twelve', async () => {
    const pool = start();
    await pool.ready();
    const signed = await Promise.all(Array.from({ length: 60 }, (_, index) => pool.sign(`t${index}`)));
    const sizes = [12, 12, 12, 12, 12].flatMap((size) => Array.from({ length: size }, () => size));
    expect(signed).toEqual(sizes.map((size, index) => `t${index}@${size}`));
  });

  it('keeps texts that come before the worker is ready', async () => {
    await expect(start().sign('early')).resolves.toBe('early@1');
  });

  it('refuses what is over the queue, and nothing else', async () => {
    const pool = start({ queueLimit: 2 });
    const accepted = [pool.sign('a'), pool.sign('b')];
    await expect(pool.sign('c')).rejects.toThrow(SignerOverloadedError);
    await expect(Promise.all(accepted)).resolves.toEqual(['a@2', 'b@2']);
    await expect(pool.sign('c')).resolves.toBe('c@1');
  });

  it('rejects a text that cannot be signed, and signs its neighbours', async () => {
    const pool = start();
    const results = await Promise.allSettled([pool.sign('unsignable'), pool.sign('good')]);
    expect(results).toEqual([
      { status: 'rejected', reason: new SignerFailedError('the policy could not be signed') },
      { status: 'fulfilled', value: 'good@2' },
    ]);
  });

  it('replaces a worker that died, and does its texts once more', async () => {
    const pool = start();
    await expect(Promise.all([pool.sign('die once'), pool.sign('beside')])).resolves.toEqual([
      'die once@2',
      'beside@2',
    ]);
  });

  it('holds a death only against the batch that was being signed', async () => {
    const pool = start();
    await pool.ready();
    const deadly = Array.from({ length: 12 }, (_, index) => pool.sign(index === 0 ? 'die' : 'beside'));
    const behind = Array.from({ length: 12 }, () => pool.sign('behind'));
    const outcomes = await Promise.allSettled([...deadly, ...behind]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      ...deadly.map(() => 'rejected'),
      ...behind.map(() => 'fulfilled'),
    ]);
  });

  it('gives up a text on which two workers died, and goes on with the next', async () => {
    const pool = start();
    await expect(pool.sign('die')).rejects.toThrow('the signing worker died twice');
    await expect(pool.sign('after')).resolves.toBe('after@1');
  });

  it('trusts no worker whose probe signature is wrong', async () => {
    const pool = start({ isProbeSignature: () => false });
    await expect(pool.ready()).rejects.toThrow('the signing worker does not start');
  });

  it('says why a worker does not start, to everyone who waits', async () => {
    const pool = start({ workerUrl: workerUrl('throw new Error("no such file")') });
    const results = await Promise.allSettled([pool.ready(), pool.sign('a')]);
    const failed = new SignerFailedError('the signing worker does not start', {
      cause: new Error('no such file'),
    });
    expect(results).toEqual([
      { status: 'rejected', reason: failed },
      { status: 'rejected', reason: failed },
    ]);
  });

  it('tries to start again when somebody asks again', async () => {
    let isProbeRight = false;
    const pool = start({ isProbeSignature: () => isProbeRight });
    await expect(pool.ready()).rejects.toThrow(SignerFailedError);
    isProbeRight = true;
    await expect(pool.sign('later')).resolves.toBe('later@1');
  });

  it('adds a worker when texts pile up: the second one frees the first', async () => {
    const pool = start({ maxWorkers: 2 });
    await pool.ready();
    const blocked = pool.sign('wait for open');
    const pile = Array.from({ length: 40 }, () => pool.sign('pile'));
    await expect(pool.sign('open')).resolves.toMatch('open@');
    await expect(blocked).resolves.toBe('wait for open@12');
    await expect(Promise.all(pile)).resolves.toHaveLength(40);
  });

  it('finishes what it accepted before it closes, and accepts nothing after', async () => {
    const pool = start();
    const accepted = pool.sign('last');
    const closed = pool.close();
    await expect(pool.sign('late')).rejects.toThrow('the signer is closed');
    await closed;
    await expect(accepted).resolves.toBe('last@1');
  });

  it('does not keep a process alive that has nothing more to sign', async () => {
    const script = `
      import { SigningPool } from ${JSON.stringify(new URL('./signing-pool.ts', import.meta.url).href)};
      const pool = new SigningPool({
        workerUrl: new URL(${JSON.stringify(workerUrl(WORKER).href)}),
        workerData: { deaths: new SharedArrayBuffer(4), gate: new SharedArrayBuffer(4), probe: 'right' },
        isProbeSignature: () => true, maxWorkers: 1, queueLimit: 10,
      });
      await pool.ready();
      console.log(await pool.sign('done'));
    `;
    const child = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
      timeout: 20_000,
    });
    expect(child.stdout).toBe('done@1\n');
  });
});
