import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe } from '@jest/globals';
import { IS_WHOLE } from '../support/whole.js';
import { grantSteps } from './grant.steps.js';
import { installSteps } from './install.steps.js';
import { mountSteps } from './mount.steps.js';
import { installPackedHost, IS_LINKED, run } from './packed-host.js';
import { previewSteps } from './preview.steps.js';
import { refusalSteps } from './refusal.steps.js';
import { School } from './school.js';
import type { Stage } from './stage.js';
import { typeSteps } from './type.steps.js';

const installLimitMilliseconds = 120_000;
const KEY_PAIR_ID = 'K2JCJMDEHXQW5F';

describe('examples/own-backend with the packed tarball', () => {
  let ready: Stage | undefined;
  beforeAll(async () => {
    // `npm run matrix` brings a host of another kind, already installed and compiled.
    const folder = process.env['EDGEPASS_HOST_FOLDER'] ?? (await installPackedHost(IS_WHOLE));
    // What a run on another Node has left there.
    for (const left of ['media-key.pem', 'audit.jsonl']) rmSync(join(folder, left), { force: true });
    // As its README says: a key by the installed command, its id in a line above.
    const command = IS_LINKED ? ['node_modules/.bin/edgepass'] : ['npx', '--no-install', 'edgepass'];
    await run('env', [...command, 'keys', 'rsa', '--out', 'media-key.pem'], folder);
    const file = join(folder, 'media-key.pem');
    const privateKey = readFileSync(file, 'utf8');
    writeFileSync(file, `Key-Pair-Id: ${KEY_PAIR_ID}\n${privateKey}`);
    ready = { folder, school: await School.start(folder), keyPairId: KEY_PAIR_ID, privateKey };
  }, installLimitMilliseconds);

  const stage = (): Stage => {
    if (!ready) throw new Error('the school has not started');
    return ready;
  };
  mountSteps(stage);
  grantSteps(stage);
  refusalSteps(stage);
  previewSteps(stage);
  installSteps(stage);
  typeSteps(stage);
});
