import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { accessToken } from '../browser/access-token.js';
import { launchBrowser } from '../support/browser.js';
import { launchFirefox } from '../support/firefox.js';
import { send } from '../support/https-client.js';
import { describeWith, type Tool } from '../support/required-tool.js';
import type { TestCertificates } from '../support/test-certificates.js';
import { today, writeSection } from './evidence.js';
import { PREFIX, startRecipeStage, type RecipeStage } from './recipe-stage.js';
import { PLAYERS, type Recipe } from './recipes.js';

/** A minute is the shortest grant that the API gives. */
const SECONDS = 180;
const TTL_SECONDS = 60;
/** Longer than what plays: something is left to load when access ends. */
const FILM_SECONDS = 420;

/** How much longer than that it may take on a busy machine. */
const PATIENCE_SECONDS = 120;

jest.setTimeout((SECONDS + PATIENCE_SECONDS + 60) * 1_000);

interface Launched {
  readonly name: string;
  readonly tools: readonly Tool[];
  readonly players: readonly Recipe[];
  /** Opens one page; gives its version and a way to ask it. */
  open(
    certificates: TestCertificates,
    address: string,
  ): Promise<{ version: string; evaluate(script: string): Promise<unknown> }>;
}

/** What one player did, as its frame says. */
interface Played {
  readonly name: string;
  readonly seconds: number;
  readonly waits: number;
  readonly grants: number;
  readonly isPaused: boolean;
  readonly message: string;
}

const BROWSERS: readonly Launched[] = [
  {
    name: 'Chromium',
    tools: ['chromium', 'certutil'],
    players: PLAYERS.filter(({ isShort }) => isShort !== true),
    open: async ({ caFile }, address) => {
      const browser = await launchBrowser({ trustedCaFile: caFile });
      // Every frame in view: Vidstack loads nothing before its player is.
      await browser.page.setViewportSize({ width: 1_440, height: 900 });
      await browser.page.goto(address, { waitUntil: 'commit' });
      return {
        version: browser.version,
        evaluate: (script) => browser.page.evaluate(script),
      };
    },
  },
  {
    name: 'Firefox ESR',
    tools: ['firefox', 'certutil'],
    players: PLAYERS.filter(({ name }) => name === 'hls.js'),
    open: async ({ caFile }, address) => {
      const firefox = await launchFirefox({ trustedCaFile: caFile });
      await firefox.page.goto(address, { waitUntil: 'domcontentloaded' });
      return {
        version: firefox.version,
        evaluate: (script) => firefox.page.evaluate(script),
      };
    },
  },
];

/** Gives the players of which the condition does not hold; waits for all, at most ten seconds, because a driver gives up later. */
const without = (condition: string): string => `new Promise((resolve) => {
  const began = performance.now();
  const look = () => {
    const missing = [...document.querySelectorAll('iframe')].filter((frame) => {
      const page = frame.contentWindow;
      const video = page.film?.();
      return !(video && (${condition}));
    });
    if (missing.length === 0 || performance.now() - began > 10_000) resolve(missing.map((frame) => frame.title));
    else setTimeout(look, 100);
  };
  look();
})`;
/** Lets every film play, and from its first second on counts each time that it waits for data. */
const STARTED = without(`(() => {
  if (page.state.waits !== undefined) return true;
  if (video.paused) video.play().catch(() => {});
  if (video.currentTime < 1) return false;
  Object.assign(page.state, { waits: 0, from: video.currentTime });
  video.addEventListener('waiting', () => page.state.waits++);
  return true;
})()`);
const HAVE_PLAYED = without(`video.currentTime - page.state.from >= ${SECONDS}`);
const HAVE_STOPPED = without("video.paused && page.document.querySelector('#message').textContent !== ''");
const PLAYED = `[...document.querySelectorAll('iframe')].map((frame) => {
  const page = frame.contentWindow;
  const video = page.film();
  return {
    name: frame.title,
    seconds: Math.floor(video.currentTime - page.state.from),
    waits: page.state.waits,
    grants: page.state.grants,
    isPaused: video.paused,
    message: page.document.querySelector('#message').textContent,
  };
})`;
for (const launched of BROWSERS) {
  const { name: browserName, tools, players } = launched;
  describeWith(tools, `three minutes with grants of 60 seconds in ${browserName}`, () => {
    let stage: RecipeStage;
    let page: Awaited<ReturnType<Launched['open']>>;
    let played: readonly Played[] = [];
    let stopped: readonly Played[] = [];
    let [tookSeconds, stoppedAfterSeconds] = [0, 0];

    beforeAll(async () => {
      stage = await startRecipeStage();
      const frames = players.map((recipe) => ({
        title: recipe.name,
        address: stage.prepare(recipe, null, FILM_SECONDS, TTL_SECONDS).address,
      }));
      page = await launched.open(stage.certificates, stage.together(frames));
      await secondsUntilAll(() => page.evaluate(STARTED), 150);
    }, 240_000);

    afterAll(() => {
      if (stopped.length === players.length)
        writeSection(
          `Three minutes in ${browserName}`,
          textOf(page.version, played, tookSeconds, stoppedAfterSeconds),
        );
    });

    it('plays in every player without a refusal by the CDN', async () => {
      const before = stage.cdn.recorded.length;
      tookSeconds = await secondsUntilAll(() => page.evaluate(HAVE_PLAYED), SECONDS + PATIENCE_SECONDS);
      played = (await page.evaluate(PLAYED)) as readonly Played[];
      const refused = stage.cdn.recorded.slice(before).filter(({ status }) => status >= 400);
      const never = players.flatMap(({ neverSent = [] }) => neverSent);
      expect(refused.filter(({ target }) => !never.some((name) => target.endsWith(`/${name}`)))).toEqual([]);
      expect(played).toHaveLength(players.length);
      for (const one of played) {
        expect(one).toMatchObject({ isPaused: false, message: '' });
        expect(one.seconds).toBeGreaterThanOrEqual(SECONDS);
        expect(one.grants).toBeGreaterThan(SECONDS / TTL_SECONDS);
      }
    });

    it('stops in every player when the entitlement is taken away, and the page says why', async () => {
      await takeAway(stage);
      stoppedAfterSeconds = await secondsUntilAll(() => page.evaluate(HAVE_STOPPED), TTL_SECONDS + 30);
      const all = (await page.evaluate(PLAYED)) as readonly Played[];
      expect(all).toHaveLength(players.length);
      for (const { isPaused, message } of all) {
        expect(isPaused).toBe(true);
        expect(message).toMatch(/^You may not open this course any more: /);
      }
      stopped = all;
    });
  });
}

/** Asks until no player is missing; gives the seconds that this took. Rejects after that many. */
async function secondsUntilAll(missing: () => Promise<unknown>, mostSeconds: number): Promise<number> {
  const began = performance.now();
  const passed = (): number => (performance.now() - began) / 1_000;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- asks again and again
    const names = (await missing()) as readonly string[];
    if (names.length === 0) return Math.round(passed());
    if (passed() > mostSeconds) throw new Error(`within ${mostSeconds} s not yet: ${names.join(', ')}`);
  }
}

async function takeAway({ apiUrl, certificates }: RecipeStage): Promise<void> {
  const headers = { authorization: `Bearer ${accessToken('root', { groups: ['admins'] })}` };
  const listed = await send(`${apiUrl}/admin/entitlements?subject=user:u1`, {
    ca: certificates.caPem,
    headers,
  });
  const { entitlements } = listed.json() as { entitlements: readonly { id: string; prefix: string }[] };
  const id = entitlements.find(({ prefix }) => prefix === PREFIX)?.id ?? '';
  const { status } = await send(`${apiUrl}/admin/entitlements/${id}`, {
    method: 'DELETE',
    ca: certificates.caPem,
    headers,
  });
  if (status !== 200) throw new Error(`expected 200 from DELETE /admin/entitlements, found ${status}`);
}

function textOf(
  version: string,
  played: readonly Played[],
  tookSeconds: number,
  stoppedAfterSeconds: number,
): string {
  const rows = played.map(({ name, seconds, waits, grants }) => {
    return `| ${name.replaceAll('<', '\\<')} | ${seconds} | ${waits} | ${grants} |`;
  });
  return `Version ${version}, ${today()}, grants of ${TTL_SECONDS} s, all players in one page: each played ${SECONDS} s, which took ${tookSeconds} s, and the
CDN refused nothing that a recipe reaches. Then the entitlement was taken away: ${stoppedAfterSeconds} s later every player had stopped and its page said why.

| player | seconds played | waits for data | grants that the page saw |
| ------ | -------------- | -------------- | ------------------------ |
${rows.join('\n')}`;
}
