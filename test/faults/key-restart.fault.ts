import { createPrivateKey, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { ClientResponse } from '../support/https-client.js';
import { askForGrant, entitleEveryone, keyFile, startOperatedApi } from '../support/operated-api.js';
import { decodeCloudFront } from '../support/set-cookie-lines.js';
import { evidence, injectedBy } from './evidence.js';
import { faultSeed, seededRandom } from './seeded-random.js';
import { sqliteStage } from './sqlite-stage.js';

const KILLS = 20;
/** A change of the key takes a few milliseconds. */
const LONGEST_MILLISECONDS = 30;

function cookie({ setCookies }: ClientResponse, name: string): string {
  return setCookies.find((line) => line.startsWith(`${name}=`))?.split(/[=;]/)[1] ?? '';
}

test('N59 a process killed while its key changes: the next one signs with a whole key, id and signature of one file', async () => {
  const seed = faultSeed();
  const random = seededRandom(seed);
  const stage = sqliteStage('key-restart');
  const atAws = new Map<string, KeyObject>();
  const newFile = (id: string): string => {
    const path = keyFile(stage.folder, 'key.pem.new', id);
    const text = readFileSync(path, 'utf8');
    atAws.set(id, createPublicKey(createPrivateKey(text.slice(text.indexOf('-----')))));
    return path;
  };
  const file = join(stage.folder, 'key.pem');
  renameSync(newFile('K0'), file);
  injectedBy(`rename(2) of the file, SIGHUP, kill -9 within ${LONGEST_MILLISECONDS} ms, seed ${seed}`);

  const judged: { readonly id: string; readonly bodyId: string; readonly isGenuine: boolean }[] = [];
  let api = await startOperatedApi(stage);
  await entitleEveryone(api.url);
  for (let kill = 1; kill <= KILLS; kill++) {
    const path = newFile(`K${kill}`);
    const isRenamed = random() < 0.7;
    if (isRenamed) renameSync(path, file);
    api.process.child.kill('SIGHUP');
    await wait(random() * LONGEST_MILLISECONDS);
    api.process.child.kill('SIGKILL');
    await api.process.ended;
    api = await startOperatedApi(stage);
    const answer = await askForGrant(api.url, 'u1');
    const id = cookie(answer, 'CloudFront-Key-Pair-Id');
    const policy = decodeCloudFront(cookie(answer, 'CloudFront-Policy'));
    const signature = decodeCloudFront(cookie(answer, 'CloudFront-Signature'));
    const key = atAws.get(id);
    judged.push({
      id,
      bodyId: (answer.json() as { keyPairId: string }).keyPairId,
      isGenuine: key !== undefined && verify('sha1', policy, key, signature),
    });
  }
  await api.process.stop();

  expect(judged.filter(({ id, bodyId, isGenuine }) => !isGenuine || id !== bodyId)).toEqual([]);
  evidence(
    `${KILLS} kills, ${new Set(judged.map(({ id }) => id)).size} keys, each signature of the key its cookie names`,
  );
});
