import { afterAll, beforeAll, jest } from '@jest/globals';
import { describeWith } from '../support/required-tool.js';
import { browserCopy } from './browser-copy.story.js';
import { cookieDomain } from './cookie-domain.story.js';
import { otherAppsCopy } from './other-apps-copy.story.js';
import { overrideOff } from './override-off.story.js';
import { preflight } from './preflight.story.js';
import { Stage } from './stage.js';
import { wildcardAndStaleCopy } from './wildcard-and-stale-copy.story.js';

// A browser beside all the other tests on two cores.
jest.setTimeout(30_000);

describeWith(['chromium', 'certutil'], 'the incidents of docs/incidents.md, in Chromium', () => {
  let opened: Stage | undefined;
  beforeAll(async () => {
    opened = await Stage.open();
  });
  afterAll(() => opened?.close());
  const stage = (): Stage => {
    if (!opened) throw new Error('the stage has not opened');
    return opened;
  };
  cookieDomain(stage);
  wildcardAndStaleCopy(stage);
  otherAppsCopy(stage);
  browserCopy(stage);
  preflight(stage);
  overrideOff(stage);
});
