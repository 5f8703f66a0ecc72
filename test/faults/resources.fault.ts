import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { expect, it } from '@jest/globals';
import { askForGrant, entitleEveryone, keyFile, startOperatedApi } from '../support/operated-api.js';
import { evidence, injectedBy } from './evidence.js';
import { LOAD_PREFIX, startGrantLoad } from './grant-load.js';
import { ReceivedCookies } from './received-cookies.js';
import { expectRowsForAll, sqliteStage } from './sqlite-stage.js';

const HOOK = pathToFileURL(join('test', 'faults', 'break-on-signal.mjs')).href;
const HEAP_MEGABYTES = 128;

it('N42 without memory the process ends, the next start serves, and every cookie has its row', async () => {
  const stage = sqliteStage('memory');
  const changes = {
    ...stage.changes,
    NODE_OPTIONS: `--max-old-space-size=${HEAP_MEGABYTES} --import ${HOOK}`,
  };
  const api = await startOperatedApi({ ...stage, changes });
  await entitleEveryone(api.url, LOAD_PREFIX);
  const received = new ReceivedCookies();
  injectedBy(`--max-old-space-size=${HEAP_MEGABYTES}, memory kept in a timer, under 100 grants/s`);
  const load = startGrantLoad({ url: api.url, perSecond: 100, received });
  await wait(500);
  api.process.child.kill('SIGWINCH');
  const ended = await api.process.ended;
  await load.stop();
  // What a shell calls 134.
  expect(ended).toEqual({ code: null, signal: 'SIGABRT' });
  expect(api.process.stderr()).toContain('JavaScript heap out of memory');

  const next = await startOperatedApi(stage);
  expect((await askForGrant(next.url, 'u1', LOAD_PREFIX)).status).toBe(201);
  await next.process.stop();
  evidence(`SIGABRT (134); the next start 201; ${expectRowsForAll(received, stage)}`);
});

it('N47 with one thread for all that Node does aside, nothing deadlocks, also while the key changes', async () => {
  const stage = sqliteStage('threads');
  const api = await startOperatedApi({
    ...stage,
    changes: { ...stage.changes, UV_THREADPOOL_SIZE: '1' },
  });
  await entitleEveryone(api.url, LOAD_PREFIX);
  const received = new ReceivedCookies();
  injectedBy('UV_THREADPOOL_SIZE=1, 200 grants/s, five new keys by SIGHUP');
  const load = startGrantLoad({ url: api.url, perSecond: 200, received });
  for (let key = 1; key <= 5; key++) {
    await wait(600);
    renameSync(keyFile(stage.folder, 'key.pem.new', `K${key}`), join(stage.folder, 'key.pem'));
    api.process.child.kill('SIGHUP');
  }
  await wait(600);
  await load.stop();
  expect((await askForGrant(api.url, 'u1', LOAD_PREFIX)).json()).toMatchObject({ keyPairId: 'K5' });
  await api.process.stop();
  expect([...load.statuses.keys()]).toEqual([201]);
  evidence(
    `${load.statuses.get(201)} grants, none refused, the slowest ${Math.round(load.slowestMilliseconds)} ms; ${expectRowsForAll(received, stage)}`,
  );
});
