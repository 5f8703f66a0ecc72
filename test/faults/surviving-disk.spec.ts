import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { temporaryFolder } from '../support/temporary-folder.js';
import { SurvivingDisk } from './surviving-disk.js';
import type { Survival } from './traced-file.js';
import type { TracedEvent } from './traced-writes.js';

const FOLDER = '/disk';
const FILE = `${FOLDER}/a`;
const at = { atEpochMilliseconds: 0 };
const create = (path: string): TracedEvent => ({ kind: 'create', path, ...at });
const write = (path: string, offset: number, text: string): TracedEvent => ({
  kind: 'write',
  path,
  offset,
  bytes: Buffer.from(text),
  ...at,
});
const begin = (path: string): TracedEvent => ({ kind: 'sync-begin', path, thread: '1', ...at });
const end = (path: string): TracedEvent => ({ kind: 'sync-end', path, thread: '1', ...at });
const sync = (path: string): readonly TracedEvent[] => [begin(path), end(path)];

/** What is in the folder after a loss of power: the files with their content. The base holds `old` with `12345`. */
function survivors(events: readonly TracedEvent[], survival: Survival = 'only what was synced'): object {
  const [base, target] = [temporaryFolder('base'), temporaryFolder('target')];
  for (const folder of [base, target]) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'old'), '12345');
  }
  const disk = new SurvivingDisk(FOLDER, base);
  for (const event of events) disk.apply(event);
  disk.writeTo(target, survival, () => 0.6);
  return Object.fromEntries(
    readdirSync(target).map((name) => [name, readFileSync(join(target, name), 'utf8')]),
  );
}

const old = { old: '12345' };

test('a write survives once a sync that began after it has ended, and the name with a sync of the folder', () => {
  const written = [create(FILE), write(FILE, 0, 'xyz')];
  expect(survivors(written)).toEqual(old);
  expect(survivors([...written, ...sync(FILE)])).toEqual(old);
  expect(survivors([...written, ...sync(FOLDER)])).toEqual({ ...old, a: '' });
  expect(survivors([...written, ...sync(FOLDER), begin(FILE)])).toEqual({ ...old, a: '' });
  expect(survivors([...written, ...sync(FOLDER), ...sync(FILE)])).toEqual({ ...old, a: 'xyz' });
});

test('what was written while a sync was under way is not safe with it', () => {
  const path = `${FOLDER}/old`;
  const events = [write(path, 0, 'A'), begin(path), write(path, 1, 'B'), end(path)];
  expect(survivors(events)).toEqual({ old: 'A2345' });
  expect(survivors(events, 'everything')).toEqual({ old: 'AB345' });
});

test('a file that was cut off, renamed or removed is as before until that was synced', () => {
  const path = `${FOLDER}/old`;
  const cut: TracedEvent = { kind: 'resize', path, size: 2, ...at };
  expect(survivors([cut])).toEqual(old);
  expect(survivors([cut, ...sync(path)])).toEqual({ old: '12' });
  const rename: TracedEvent = { kind: 'rename', path, to: FILE, ...at };
  expect(survivors([rename])).toEqual(old);
  expect(survivors([rename, ...sync(FOLDER)])).toEqual({ a: '12345' });
  const unlink: TracedEvent = { kind: 'unlink', path, ...at };
  expect(survivors([unlink])).toEqual(old);
  expect(survivors([unlink, ...sync(FOLDER)])).toEqual({});
});
