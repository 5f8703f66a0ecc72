import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { diagnose, joinEvidence, readConsole, readHar } from '@edgepass/doctor';
import { faultyWorld, mayBeNamed, RECORDED } from './scenarios.js';
import { Stage } from './stage.js';
import type { Scenario } from './world-changes.js';

/** `npm run doctor:pairs` plays every pair, which takes some ten minutes; `npm test` the same 20 always. */
const IS_WHOLE = process.env['DOCTOR_PAIRS'] === 'all';
const SAMPLE = 20;

const every = RECORDED.flatMap((one) => RECORDED.map((two) => [one, two] as const));
const pairs = IS_WHOLE ? every : every.filter((_, index) => index % Math.ceil(every.length / SAMPLE) === 0);

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start();
});
afterAll(() => stage.close());

/** What is named of a recording with these faults, and of the recording beside the lines of the console. */
async function namedOf(faults: readonly Scenario[]) {
  const world = faultyWorld(faults);
  const { har, now, browser } = await stage.play(world);
  const read = readHar(har);
  if ('problem' in read) throw new Error(read.problem);
  const lines = readConsole(browser.chromium.join('\n'), world.page);
  const [recording, withConsole] = [[read.evidence], [read.evidence, lines]].map(
    (parts) => diagnose(joinEvidence(parts, { nowMilliseconds: now })).rootCause?.id ?? null,
  );
  return { recording, withConsole };
}

describe('two faults at once', () => {
  test.each([
    [
      'a request after a fitting sign-out is not taken for one without credentials',
      'cookies of 40 KB: the edge answers 494',
      'the browser shows its own copy after signing out',
      'headers-too-large',
    ],
    [
      'a preflight that is too large for a proxy is not taken for one that CloudFront refuses',
      'a header that is not listed',
      'a proxy answers 431',
      'headers-too-large',
    ],
    [
      'an image that was refused is no cause where a recording leaves its cause open',
      'the same in Safari',
      'the page on http, with SameSite=Strict',
      null,
    ],
    [
      'a cookie that has ended is not taken for one that the browser holds, whatever its policy says',
      'the policy of one folder beside the signature of another',
      'the grant ends while segments are fetched',
      'nested-cookie-scopes',
    ],
    [
      'of an API that moved, the first host is named where both drop the cookies',
      'the API on localhost',
      'the API on http',
      'domain-of-another-host',
    ],
  ])('%s', async (_fact, one, two, cause) => {
    const faults = [one, two].flatMap((how) => RECORDED.find((recorded) => recorded.how === how) ?? []);
    expect(faults).toHaveLength(2);
    expect((await namedOf(faults)).withConsole).toBe(cause);
  });

  test(
    `of ${pairs.length} pairs never name a third`,
    async () => {
      const wrong: string[] = [];
      for (const pair of pairs) {
        const allowed = mayBeNamed(pair);
        // oxlint-disable-next-line no-await-in-loop -- the stage plays one world at a time
        const named = Object.entries(await namedOf(pair)).filter(([, id]) => !allowed.includes(id ?? null));
        const [one, two] = pair.map(({ entry, how }) => `${entry}, ${how}`);
        wrong.push(...named.map(([evidence, id]) => `${one} + ${two}: ${id} (${evidence})`));
      }
      expect(wrong).toEqual([]);
    },
    Math.max(60_000, pairs.length * 500),
  );
});
