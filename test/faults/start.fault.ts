import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { send } from '../support/https-client.js';
import {
  askForGrant,
  entitleEveryone,
  launchOperatedApi,
  startOperatedApi,
  type OperatedApiOptions,
} from '../support/operated-api.js';
import { describeWith } from '../support/required-tool.js';
import { evidence, injectedBy } from './evidence.js';
import { mountSmallDisk } from './small-disk.js';
import { sqliteStage } from './sqlite-stage.js';

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(2)} s`;
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

/** A start that must fail: how it ended, what it said and how long it took. */
async function failedStart(options: OperatedApiOptions) {
  const begin = performance.now();
  const { process } = await launchOperatedApi(options);
  const { code } = await process.ended;
  return { code, milliseconds: performance.now() - begin, said: process.stderr() };
}

describe('an empty folder', () => {
  it('N01 is made a database for the owner alone, with its schema, ready within 2 s', async () => {
    injectedBy('a new folder, five starts');
    const times: number[] = [];
    for (let start = 0; start < 5; start++) {
      const stage = sqliteStage('first-start');
      const begin = performance.now();
      const api = await startOperatedApi(stage);
      times.push(performance.now() - begin);
      expect([modeOf(stage.path), modeOf(`${stage.path}-wal`)]).toEqual(['600', '600']);
      await entitleEveryone(api.url);
      expect((await askForGrant(api.url, 'u1')).status).toBe(201);
      await api.process.stop();
    }
    evidence(`mode 0600; ready after ${times.map(seconds).join(', ')}`);
    // The quickest: the others tell of the neighbours.
    expect(Math.min(...times)).toBeLessThan(2_000);
  });
});

describe('a file that this user may not write', () => {
  it.each([
    ['in a folder without the right to write', 0o500, false],
    ['itself without any right', 0o700, true],
  ])('N02 %s ends the start within 3 s, in one line with its path', async (_how, folderMode, isMade) => {
    const stage = sqliteStage('forbidden');
    const disk = join(stage.folder, 'disk');
    mkdirSync(disk);
    const path = join(disk, 'edgepass.sqlite');
    if (isMade) {
      new Sqlite(path).close();
      readFileSync(path);
      chmodSync(path, 0o000);
    }
    chmodSync(disk, folderMode);
    // Root may do everything, so the rights that do so are taken away.
    const under =
      process.getuid?.() === 0 ? ['setpriv', '--bounding-set', '-dac_override,-dac_read_search'] : [];
    injectedBy(`chmod ${(isMade ? 0 : folderMode).toString(8).padStart(4, '0')}`);

    const { code, milliseconds, said } = await failedStart({
      ...stage,
      databaseUrl: `sqlite:${path}`,
      under,
    });

    expect([code, said]).toEqual([
      1,
      `DATABASE_URL: expected an SQLite file that this user can write and no other process has open; found ${path}, which cannot be used (EACCES); name another file, or change its owner\n`,
    ]);
    expect(milliseconds).toBeLessThan(3_000);
    evidence(`exit 1 after ${seconds(milliseconds)}: EACCES and the path`);
  });
});

describeWith('root', 'a disk that can only be read', () => {
  it.each([
    ['and has the file already', true],
    ['and is empty', false],
  ])('N02 %s ends the start within 3 s, in one line with its path', async (_what, isMade) => {
    const disk = mountSmallDisk(4_096);
    const stage = sqliteStage('read-only', disk.folder);
    if (isMade) await (await startOperatedApi(stage)).process.stop();
    disk.becomeReadOnly();
    injectedBy('tmpfs, remount,ro (root)');

    const { code, milliseconds, said } = await failedStart(stage);

    expect([code, said.trimEnd().split('\n').length]).toEqual([1, 1]);
    expect(said).toContain(`DATABASE_URL: expected an SQLite file that this user can write`);
    expect(said).toContain(`found ${stage.path}, which cannot be used (EROFS)`);
    expect(milliseconds).toBeLessThan(3_000);
    evidence(`exit 1 after ${seconds(milliseconds)}: EROFS and the path`);
  });
});

describe('another program', () => {
  it('N10 that holds the file for a moment is waited for', async () => {
    const stage = sqliteStage('held');
    await (await startOperatedApi(stage)).process.stop();
    const other = new Sqlite(stage.path);
    other.pragma('locking_mode = EXCLUSIVE');
    other.exec('begin exclusive');
    injectedBy('BEGIN EXCLUSIVE before the start, given back after 1.5 s');

    const starting = startOperatedApi(stage);
    await wait(1_500);
    other.exec('rollback');
    other.close();

    const api = await starting;
    evidence('the start waited, then was ready');
    expect((await send(`${api.url}/health/ready`)).status).toBe(200);
    await api.process.stop();
  });

  it('N10 that keeps the file ends the start within 5 s, in one line that says so', async () => {
    const stage = sqliteStage('held');
    await (await startOperatedApi(stage)).process.stop();
    const other = new Sqlite(stage.path);
    other.pragma('locking_mode = EXCLUSIVE');
    other.exec('begin exclusive');
    injectedBy('BEGIN EXCLUSIVE before the start');

    const { code, milliseconds, said } = await failedStart(stage);
    other.close();

    expect([code, said.includes(`found ${stage.path}, which another process has open`)]).toEqual([1, true]);
    expect(milliseconds).toBeLessThan(5_000);
    evidence(`exit 1 after ${seconds(milliseconds)}`);
  });

  it('N10 cannot take the file from a running service, and grants go on', async () => {
    const stage = sqliteStage('held');
    const api = await startOperatedApi(stage);
    await entitleEveryone(api.url);
    injectedBy('BEGIN EXCLUSIVE beside the running service, for 1 s');
    const other = new Sqlite(stage.path, { timeout: 1_000 });
    expect(() => other.exec('begin exclusive')).toThrow('database is locked');
    other.close();
    expect((await askForGrant(api.url, 'u1')).status).toBe(201);
    evidence(
      'the service holds the file for as long as it runs (docs/database.md: one process), so the other is refused; grants 201',
    );
    await api.process.stop();
  });
});

describe('a port that is taken', () => {
  it.each(['PORT', 'METRICS_PORT'] as const)(
    'N41 as %s ends the start within 3 s with its number; the other service and the files stay as they were',
    async (setting) => {
      const first = sqliteStage('port');
      const running = await startOperatedApi(first);
      const second = sqliteStage('port');
      await (await startOperatedApi(second)).process.stop();
      const before = hashOf(second.path);
      injectedBy('a second service on the port of the first');

      const taken = setting === 'PORT' ? running.port : running.metricsPort;
      const { code, milliseconds, said } = await failedStart({
        ...second,
        changes: { ...second.changes, [setting]: String(taken) },
      });

      expect([code, said.trimEnd().split('\n').length]).toEqual([1, 1]);
      expect(said).toMatch(new RegExp(`^${setting}: expected .*${taken}`));
      expect(milliseconds).toBeLessThan(3_000);
      expect(hashOf(second.path)).toBe(before);
      expect((await send(`${running.url}/health/ready`)).status).toBe(200);
      evidence(`exit 1 after ${seconds(milliseconds)}; the file of the second unchanged, the first ready`);
      await running.process.stop();
    },
  );
});
