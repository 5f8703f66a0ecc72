import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { takeStartLock } from './start-lock.js';

const OPEN = 'https://app.edgepass.localhost:3000';

let dataDir: string;
let lock: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'edgepass-lock-'));
  lock = join(dataDir, 'edgepass.lock');
});
afterEach(() => rmSync(dataDir, { recursive: true }));

describe('the lock on the data folder', () => {
  it('is given back', () => {
    takeStartLock(dataDir, OPEN)();
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it('is not given twice, and names who has it', () => {
    takeStartLock(dataDir, OPEN);
    expect(() => takeStartLock(dataDir, OPEN)).toThrow(
      `edgepass is already running on ${dataDir} (pid ${process.pid}): open ${OPEN}, or stop it first with \`kill ${process.pid}\`; for a second one beside it set DATA_DIR and the ports`,
    );
    expect(readdirSync(dataDir)).toEqual(['edgepass.lock']);
  });

  it('is taken over from a process that has died', () => {
    // Linux gives process ids up to 2^22.
    writeFileSync(lock, JSON.stringify({ pid: 2 ** 22 + 1, startedAt: '1', open: OPEN }));
    takeStartLock(dataDir, OPEN);
    expect(JSON.parse(readFileSync(lock, 'utf8'))).toMatchObject({ pid: process.pid });
  });

  // Every start of a container is pid 1.
  it('is taken over from an earlier process of the same number', () => {
    writeFileSync(lock, JSON.stringify({ pid: process.pid, startedAt: '1', open: OPEN }));
    takeStartLock(dataDir, OPEN);
    expect(readFileSync(lock, 'utf8')).not.toContain('"startedAt":"1"');
  });

  it.each(['', '{"pid":', '{}', 'null', '{"pid":"1","startedAt":"","open":""}'])(
    'is taken over from a damaged file: %j',
    (text) => {
      writeFileSync(lock, text);
      takeStartLock(dataDir, OPEN);
      expect(JSON.parse(readFileSync(lock, 'utf8'))).toMatchObject({ pid: process.pid, open: OPEN });
    },
  );

  it('is left to its new holder by one that has lost it', () => {
    const release = takeStartLock(dataDir, OPEN);
    writeFileSync(lock, JSON.stringify({ pid: 1, startedAt: 'other', open: OPEN }));
    release();
    expect(readdirSync(dataDir)).toEqual(['edgepass.lock']);
  });
});
