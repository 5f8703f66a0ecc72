import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { describeWith } from '../support/required-tool.js';
import { sampled } from '../support/whole.js';
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

/** Every incident of docs/incidents.md, by its letter there, and how many lines of the browser the page quotes for it. */
const INCIDENTS = [
  ['a', 1, cookieDomain],
  ['b', 1, wildcardAndStaleCopy],
  ['c', 2, playerWithoutCors],
  ['d', 1, otherAppsCopy],
  ['e', 1, browserCopy],
  ['f', 1, preflight],
  ['g', 2, overrideOff],
  ['h', 1, expiredInTheMiddle],
] as const;

/**
 * In `npm test`: a cookie that the browser drops, a copy at the edge, a copy in the browser. The others are failures of the
 * distribution, which test/doctor/recorded.spec.ts plays without a browser (F26, F28, F29, F31, F32, F35).
 */
const RUN = sampled(INCIDENTS, ['a', 'b', 'e']);

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
  for (const [, , incident] of RUN) incident(stage);

  it('docs/incidents.md quotes no line that the browser has not said here', () => {
    const withoutNumber = (line: string) => line.replace(/segment-\d/, 'segment-N');
    const said = new Set(stage().browser.consoleLines.map(withoutNumber));
    expect(INCIDENTS.map(([letter]) => [letter, quotedLines(letter).length])).toEqual(
      INCIDENTS.map(([letter, count]) => [letter, count]),
    );
    expect(quotedLines()).toEqual(INCIDENTS.flatMap(([letter]) => quotedLines(letter)));
    const quoted = RUN.flatMap(([letter]) => quotedLines(letter));
    expect(quoted.filter((line) => !said.has(`[error] ${withoutNumber(line)}`))).toEqual([]);
  });
});
