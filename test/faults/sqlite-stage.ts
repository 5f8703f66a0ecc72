import { join } from 'node:path';
import { expect } from '@jest/globals';
import { keyFile } from '../support/operated-api.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { auditedGrantsOfSqlite } from './audited-grants.js';
import type { ReceivedCookies } from './received-cookies.js';

/** A folder with a key, and the SQLite file of the service that will run in it. */
export interface SqliteStage {
  readonly folder: string;
  readonly path: string;
  readonly databaseUrl: string;
  /** Settings: without a balancer nobody needs the time to send requests elsewhere. */
  readonly changes: Readonly<Record<string, string>>;
}

/** @param disk the folder for the file, where that is not the folder of the key */
export function sqliteStage(purpose: string, disk?: string): SqliteStage {
  const folder = temporaryFolder(purpose);
  keyFile(folder);
  const path = join(disk ?? folder, 'edgepass.sqlite');
  return { folder, path, databaseUrl: `sqlite:${path}`, changes: { DRAIN_SECONDS: '0' } };
}

/**
 * What every fault of storage must leave: a sound file, with a row for each cookie set that a client received.
 * The service must have ended. Gives the figures for the page.
 */
export function expectRowsForAll(received: ReceivedCookies, { path }: SqliteStage): string {
  const { rows, quickCheck } = auditedGrantsOfSqlite(path);
  expect(quickCheck).toBe('ok');
  expect(received.withoutRow(rows)).toEqual([]);
  return `${received.all.length} cookie sets received, 0 without a row, ${rows.length} rows, quick_check ok`;
}
