import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe } from '@jest/globals';
import { grantStory } from './grant.story.js';
import { installStory } from './install.story.js';
import { mountStory } from './mount.story.js';
import { installPackedHost, run } from './packed-host.js';
import { previewStory } from './preview.story.js';
import { refusalStory } from './refusal.story.js';
import { School } from './school.js';
import type { Stage } from './stage.js';
import { typeStory } from './type.story.js';

const installLimitMilliseconds = 120_000;
const KEY_PAIR_ID = 'K2JCJMDEHXQW5F';

describe('examples/own-backend with the packed tarball', () => {
  let ready: Stage | undefined;
  beforeAll(async () => {
    const folder = await installPackedHost();
    // As its README says: a key by the installed command, its id in a line above.
    await run('npx', ['--no-install', 'edgepass', 'keys', 'rsa', '--out', 'media-key.pem'], folder);
    const file = join(folder, 'media-key.pem');
    const privateKey = readFileSync(file, 'utf8');
    writeFileSync(file, `Key-Pair-Id: ${KEY_PAIR_ID}\n${privateKey}`);
    ready = { folder, school: await School.start(folder), keyPairId: KEY_PAIR_ID, privateKey };
  }, installLimitMilliseconds);

  const stage = (): Stage => {
    if (!ready) throw new Error('the school has not started');
    return ready;
  };
  mountStory(stage);
  grantStory(stage);
  refusalStory(stage);
  previewStory(stage);
  installStory(stage);
  typeStory(stage);
});
