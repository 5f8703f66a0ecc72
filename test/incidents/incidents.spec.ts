import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { describeWith } from '../support/required-tool.js';
import { browserCopy } from './browser-copy.incident.js';
import { cookieDomain } from './cookie-domain.incident.js';
import { quotedLines } from './document.js';
import { expiredInTheMiddle } from './expired-in-the-middle.incident.js';
import { otherAppsCopy } from './other-apps-copy.incident.js';
import { overrideOff } from './override-off.incident.js';
import { playerWithoutCors } from './player-without-cors.incident.js';
import { preflight } from './preflight.incident.js';
import { Stage } from './stage.js';
import { wildcardAndStaleCopy } from './wildcard-and-stale-copy.incident.js';

// A browser beside all the other tests on two cores.
jest.setTimeout(30_000);

describeWith(['chromium', 'certutil', 'curl'], 'the incidents of docs/incidents.md, in Chromium', () => {
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
  playerWithoutCors(stage);
  otherAppsCopy(stage);
  browserCopy(stage);
  preflight(stage);
  overrideOff(stage);
  expiredInTheMiddle(stage);

  it('docs/incidents.md quotes no line that the browser has not said here', () => {
    const withoutNumber = (line: string) => line.replace(/segment-\d/, 'segment-N');
    const said = new Set(stage().browser.consoleLines.map(withoutNumber));
    const quoted = quotedLines();
    expect(quoted).toHaveLength(10);
    expect(quoted.filter((line) => !said.has(`[error] ${withoutNumber(line)}`))).toEqual([]);
  });
});
