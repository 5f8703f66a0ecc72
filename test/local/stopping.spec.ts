import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RunningProcess } from '../support/processes.js';
import { IS_WHOLE, sampled } from '../support/whole.js';
import { ALL_STOPPED, allClosed, gone, makePlace, pidOf, RUNNING, stopBy, type Place } from './stack.js';

/** One function listens for all of them; every other test of a stack stops it by SIGTERM. */
const SIGNALS = [['SIGINT'], ['SIGTERM'], ['SIGHUP']] as const;

/** Their ends are listened for by one function. */
const PARTS = [
  ['edge', 'the local edge'],
  ['api', 'the API'],
] as const;

let place: Place;
let stack: RunningProcess;

/** Whether one runs that the test before has started. */
let isRunning = false;

/** What an earlier start has left damaged, the keys of the first two among it. */
const DAMAGED = [
  'tls/ca.pem',
  'tls/leaf.pem',
  'signing/private-key.pem',
  'tls/ca-key.pem',
  'tls/leaf-key.pem',
];

beforeAll(async () => {
  place = await makePlace();
  for (const name of DAMAGED) {
    mkdirSync(join(place.dataDir, name, '..'), { recursive: true });
    writeFileSync(join(place.dataDir, name), 'half a fi');
  }
});
beforeEach(async () => {
  if (!isRunning) stack = place.start();
  isRunning = false;
  await stack.waitForLine(RUNNING);
}, 30_000);
afterEach(async () => {
  if (!isRunning) await stack.stop();
});
afterAll(async () => {
  await stack.stop();
  place.remove();
});

describe('a start over what an earlier one left damaged', () => {
  it('mends it and says in one line each what that means', () => {
    const [ca, , key] = DAMAGED.map((name) => join(place.dataDir, name));
    const said = stack.stdout().split('\n');
    expect(said.slice(0, said.indexOf(''))).toEqual([
      `A new certificate authority was made (the old files could not be read): trust ${ca} again.`,
      'The certificate of the local hosts was renewed (the old files could not be read).',
      `A new signing key was made (${key} could not be read): access given before has ended.`,
    ]);
    for (const name of DAMAGED) {
      expect(readFileSync(join(place.dataDir, name), 'utf8')).toContain('-----BEGIN');
    }
    isRunning = true;
  });
});

describe('stopping the stack', () => {
  it('killed outright leaves no process behind, and starts again over the lock that was left, with the same keys', async () => {
    const files = ['tls/ca.pem', 'tls/leaf.pem', 'signing/private-key.pem'];
    const look = (): string[] => files.map((file) => readFileSync(join(place.dataDir, file), 'utf8'));
    const before = look();
    const pids = [pidOf(stack, 'api'), pidOf(stack, 'edge')];
    stack.child.kill('SIGKILL');
    await stack.ended;
    // Its processes end when they notice; until then they have the ports.
    expect(await Promise.all(pids.map(gone))).toEqual([true, true]);
    expect(readdirSync(place.dataDir)).toContain('edgepass.lock');
    stack = place.start();
    await expect(stack.waitForLine(RUNNING)).resolves.toBe(RUNNING);
    expect(look()).toEqual(before);
    isRunning = true;
  }, 30_000);

  it.each(sampled(PARTS, ['api']))(
    'says so and stops everything when the %s process dies',
    async (command, name) => {
      process.kill(pidOf(stack, command), 'SIGKILL');
      expect(await stack.ended).toEqual({ code: 1, signal: null });
      expect(stack.stderr()).toBe(`${name} has ended (signal SIGKILL), so everything stops\n`);
      expect(await allClosed(place)).toBe(true);
      expect(readdirSync(place.dataDir)).not.toContain('edgepass.lock');
    },
  );

  // A stack for each; one-command.spec.ts stops its own by SIGINT.
  if (!IS_WHOLE) return;
  it.each(SIGNALS)(
    '%s stops all of it without waiting for a browser that keeps a connection open, gives the lock back and is no error',
    async (signal) => {
      expect(await stopBy(signal, stack, place)).toEqual(ALL_STOPPED);
    },
  );
});
