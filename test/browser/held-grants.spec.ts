import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { launchBrowser } from '../support/browser.js';
import { launchFirefox } from '../support/firefox.js';
import { until } from '../support/operated-api.js';
import { describeWith } from '../support/required-tool.js';
import { IS_WHOLE } from '../support/whole.js';
import {
  askedIn,
  countGrants,
  heldIn,
  holdGrants,
  openInTab,
  releaseGrants,
  renewInTab,
  waitingCalls,
} from './client-in-tab.js';
import { callApi, fetchFile, scriptedFirefox, type ApiCall, type ScriptedPage } from './in-page.js';
import { grantedPaths, type Jar } from './jar.js';
import { startStack, type LocalStack } from './local-stack.js';
import { addPrivateFile } from './private-file.js';

/** `npm run race:browser` says 200. */
const RUNS = Number(process.env['BROWSER_RACES'] ?? 1);
/** Firefox takes 6 s of work to start: `npm test` has Chromium alone. */
const IS_SAMPLE = !IS_WHOLE && process.env['BROWSER_RACES'] === undefined;

jest.setTimeout(60_000 + RUNS * 10_000);

/** Two tabs of one browser on the page of the local stack, and their jar. */
interface Tabs extends Jar {
  readonly first: ScriptedPage;
  readonly second: ScriptedPage;
}

const BROWSERS = [
  {
    tool: 'chromium',
    open: async ({ caFile, appUrl }: LocalStack): Promise<Tabs> => {
      const browser = await launchBrowser({ trustedCaFile: caFile });
      const second = await browser.newPage();
      for (const tab of [browser.page, second]) await tab.goto(`${appUrl}/favicon.svg`);
      return { first: browser.page, second, cookies: () => browser.cookies() };
    },
  },
  {
    tool: 'firefox',
    open: async ({ caFile, appUrl }: LocalStack): Promise<Tabs> => {
      const firefox = await launchFirefox({ trustedCaFile: caFile });
      const second = await firefox.newPage();
      for (const tab of [firefox.page, second]) await tab.goto(`${appUrl}/favicon.svg`);
      return {
        first: scriptedFirefox(firefox.page),
        second: scriptedFirefox(second),
        cookies: () => firefox.cookies(),
      };
    },
  },
] as const;

let running: Promise<LocalStack> | undefined;

/** One stack for both browsers: each has a jar of its own. */
function sharedStack(): Promise<LocalStack> {
  running ??= startStack({
    environment: { LOG_LEVEL: 'warn', GRANT_LIMIT_PER_VIEWER: '0', REQUEST_LIMIT_PER_ADDRESS: '0' },
  });
  return running;
}

describe.each(BROWSERS.filter(({ tool }) => !IS_SAMPLE || tool === 'chromium'))(
  'what one browser holds, in $tool',
  ({ tool, open }) => {
    describeWith([tool, 'certutil'], 'while calls cross', () => {
      let stack: LocalStack;
      let tabs: Tabs;
      let file: string;

      beforeAll(async () => {
        stack = await sharedStack();
        file = `${stack.cdnUrl}/${addPrivateFile(stack.mediaFolder, 'courses/algebra')}`;
        tabs = await open(stack);
      }, 120_000);

      const call = (tab: ScriptedPage, path: string, init?: ApiCall) =>
        callApi(tab, `${stack.apiUrl}${path}`, init);
      const signIn = (user: string) => call(tabs.first, '/demo/sign-in', { body: { user } });
      const grant = async (tab: ScriptedPage, prefix: string): Promise<void> => {
        const { status } = await call(tab, '/grants', { body: { prefix } });
        if (status !== 201) throw new Error(`expected 201 for ${prefix}, found ${status}`);
      };
      const clear = (tab: ScriptedPage) => call(tab, '/grants', { method: 'DELETE' });

      /** Runs a case over and over, each time from an empty jar; gives what was left in it each time. */
      async function runs(act: () => Promise<unknown>): Promise<readonly string[]> {
        const left: string[] = [];
        for (let run = 0; run < RUNS; run += 1) {
          await signIn('alice');
          await clear(tabs.first);
          await act();
          left.push(...(await grantedPaths(tabs)));
        }
        return left;
      }

      it('after two grants at once sign-out leaves nothing', async () => {
        const left = await runs(async () => {
          await Promise.all([grant(tabs.first, 'courses/algebra'), grant(tabs.first, 'users/alice')]);
          expect(await grantedPaths(tabs)).toEqual(['/courses/algebra', '/users/alice']);
          await clear(tabs.first);
        });
        expect(left).toEqual([]);
      });

      it('after ten grants at once, from two tabs, sign-out in one of them leaves nothing', async () => {
        const prefixes = Array.from({ length: 10 }, (_, index) => `courses/algebra/part-${index}`);
        const left = await runs(async () => {
          await Promise.all(
            prefixes.map((prefix, index) => grant(index % 2 === 0 ? tabs.first : tabs.second, prefix)),
          );
          expect(await grantedPaths(tabs)).toHaveLength(10);
          await clear(tabs.second);
        });
        expect(left).toEqual([]);
      });

      it('bob, who signs in after alice’s grants at once, cannot open her files', async () => {
        const left = await runs(async () => {
          await Promise.all([grant(tabs.first, 'courses/algebra'), grant(tabs.second, 'users/alice')]);
          expect(await fetchFile(tabs.first, file, { cache: 'no-store' })).toMatchObject({ status: 200 });
          await call(tabs.first, '/demo/sign-in', { method: 'DELETE' });
          await signIn('bob');
          await grant(tabs.first, 'users/bob');
          expect(await fetchFile(tabs.first, file, { cache: 'no-store' })).toMatchObject({
            error: expect.stringContaining('TypeError'),
          });
        });
        expect(new Set(left)).toEqual(new Set(['/users/bob']));
      });

      it('two nested grants at once end with one set after the next call', async () => {
        const left = await runs(async () => {
          await Promise.all([
            grant(tabs.first, 'courses/algebra'),
            grant(tabs.second, 'courses/algebra/images'),
          ]);
          await call(tabs.first, '/grants');
        });
        expect(left).toEqual(Array(RUNS).fill('/courses/algebra'));
      });

      it('a grant that the API is answering when the sign-out arrives is cleared with the others', async () => {
        const left = await runs(async () => {
          await grant(tabs.first, 'courses/algebra');
          // What leaves second may arrive first, on another connection, and is then no sign-out of this grant.
          // One answer later the grant has arrived.
          const underWay = grant(tabs.first, 'users/alice');
          await call(tabs.first, '/health/live');
          await Promise.all([underWay, clear(tabs.first)]);
        });
        expect(left).toEqual([]);
      });

      it('a grant of alice that the API is answering when bob signs in is cleared', async () => {
        const left = await runs(async () => {
          const underWay = grant(tabs.first, 'courses/algebra');
          await Promise.all([underWay, signIn('bob')]);
        });
        expect(left).toEqual([]);
      });

      it('with the client, clear() during renewals of two tabs leaves nothing, and nothing comes back', async () => {
        const left = await runs(async () => {
          for (const tab of [tabs.first, tabs.second]) await startRenewals(tab, stack);
          await clearWithClient(tabs.first);
          expect(await stateOfClient(tabs.second)).toBe('ended');
        });
        expect(left).toEqual([]);
      });

      // Ten tabs, lost messages and a lost network: ten-tabs.whole.ts.
      it('a grant that falls due in both tabs at the same moment is renewed once', async () => {
        await signIn('alice');
        const both = [tabs.first, tabs.second];
        await Promise.all(both.map(countGrants));
        await Promise.all(both.map((tab) => openInTab(tab, stack)));
        const asked = async () => (await Promise.all(both.map(askedIn))).reduce((sum, count) => sum + count);
        const askedBefore = await asked();
        const before = await Promise.all(both.map(heldIn));
        await Promise.all(both.map(holdGrants));
        // Nothing is answered until the second tab asks too, or waits for the first.
        const answerWhenBothTried = async () => {
          await until(async () => (await asked()) - askedBefore + (await waitingCalls(tabs.first)) >= 2);
          await Promise.all(both.map(releaseGrants));
        };
        const [after] = await Promise.all([
          Promise.all(both.map((tab) => renewInTab(tab, before))),
          answerWhenBothTried(),
        ]);
        expect({ asked: (await asked()) - askedBefore, held: new Set(after).size }).toEqual({
          asked: 1,
          held: 1,
        });
      });
    });
  },
);

interface ClientInPage {
  grant(prefix: string): Promise<unknown>;
  keepGranted(prefix: string, options: object): { renewIfDue(): Promise<void> };
  clear(): Promise<void>;
}
interface PageWithClient {
  client?: ClientInPage;
  state?: string;
}

/** Starts two renewals in a tab, and does not wait for their answers. */
function startRenewals(tab: ScriptedPage, { appUrl, apiUrl }: LocalStack): Promise<void> {
  return tab.evaluate(
    async ({ module, api }) => {
      const page = globalThis as PageWithClient;
      if (page.client === undefined) {
        const { createEdgepassClient } = (await import(module)) as {
          createEdgepassClient: (options: object) => ClientInPage;
        };
        page.client = createEdgepassClient({ apiUrl: api });
      }
      page.state = 'renewing';
      const onEnd = (): void => void (page.state = 'ended');
      for (const prefix of ['courses/algebra', 'users/alice']) page.client.keepGranted(prefix, { onEnd });
    },
    { module: `${appUrl}/client/index.js`, api: apiUrl },
  );
}

function clearWithClient(tab: ScriptedPage): Promise<void> {
  return tab.evaluate(async () => (globalThis as PageWithClient).client?.clear(), null);
}

/** Asked again and again until it is `ended`, or for a second: the tab hears of it by a message. */
function stateOfClient(tab: ScriptedPage): Promise<string | undefined> {
  return tab.evaluate(async () => {
    const page = globalThis as PageWithClient;
    const end = performance.now() + 1_000;
    while (page.state !== 'ended' && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return page.state;
  }, null);
}
