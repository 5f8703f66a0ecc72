import { randomBytes } from 'node:crypto';
import { chownSync, statSync } from 'node:fs';
import { expect } from '@jest/globals';
import { askForGrant, entitleEveryone, keyFile, startOperatedApi } from '../support/operated-api.js';
import { send } from '../support/https-client.js';
import { testServer } from '../support/postgres.js';
import { testWith } from '../support/required-tool.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { auditedGrantsOfPostgres } from './audited-grants.js';
import { evidence, injectedBy } from './evidence.js';
import { untilReadinessIs } from './readiness.js';
import { mountSmallDisk } from './small-disk.js';
import { connectTo } from '../support/postgres-connections.js';

/** An empty database takes 8 MB. */
const KILOBYTES = 24 * 1024;
const GRANTS_BEFORE = 100;
const MOST_GRANTS = 5_000;

testWith(
  'root',
  'N25 the disk of PostgreSQL is full: 503 without a cookie, not ready; it heals by itself when there is space',
  async () => {
    injectedBy('a tablespace on a tmpfs of 24 MB, filled (SQLSTATE 53100); a real process');
    const server = await testServer();
    const owner = statSync(`/proc/${server.pid}`);
    const disk = mountSmallDisk(KILOBYTES);
    chownSync(disk.folder, owner.uid, owner.gid);
    const name = `small_${randomBytes(6).toString('hex')}`;
    const administrator = await connectTo(server.url);
    await administrator.query(`create tablespace ${name} location '${disk.folder}'`);
    await administrator.query(`create database ${name} strategy file_copy tablespace ${name}`);
    const url = new URL(server.url);
    url.pathname = `/${name}`;
    const folder = temporaryFolder('postgres-disk');
    keyFile(folder);
    const api = await startOperatedApi({ folder, databaseUrl: url.href });
    await entitleEveryone(api.url);

    const statuses: number[] = [];
    let answer = await askForGrant(api.url, 'u1');
    while (answer.status === 201 && statuses.length < MOST_GRANTS) {
      statuses.push(answer.status);
      if (statuses.length === GRANTS_BEFORE) disk.fill();
      answer = await askForGrant(api.url, `u${statuses.length}`);
    }
    const granted = statuses.length;
    expect([answer.status, (answer.json() as { code: string }).code, answer.setCookies]).toEqual([
      503,
      'audit_unavailable',
      [],
    ]);
    const notReady = await untilReadinessIs(api.url, 503);
    expect((await send(`${api.url}/health/live`)).status).toBe(200);
    expect(await auditedGrantsOfPostgres(url.href)).toHaveLength(granted);

    disk.empty();
    const ready = await untilReadinessIs(api.url, 200);
    expect((await askForGrant(api.url, 'u1')).status).toBe(201);
    expect(api.process.stdout()).toContain('"reason":"53100"');
    expect(await api.process.stop()).toEqual({ code: 0, signal: null });
    await administrator.query(`drop database ${name} with (force)`);
    await administrator.query(`drop tablespace ${name}`);
    await administrator.end();
    evidence(
      `${granted} cookies, ${granted} rows; not ready after ${Math.round(notReady)} ms, ready ${Math.round(ready)} ms after there was space`,
    );
  },
);
