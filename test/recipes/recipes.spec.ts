import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, jest, test } from '@jest/globals';
import { launchBrowser } from '../support/browser.js';
import { launchFirefox } from '../support/firefox.js';
import { describeWith, type Tool } from '../support/required-tool.js';
import type { TestCertificates } from '../support/test-certificates.js';
import { IS_WHOLE } from '../support/whole.js';
import { writeResults } from './evidence.js';
import { isShownScript, startRecipeStage, type RecipeStage } from './recipe-stage.js';
import { LARGE, LIBRARIES, PLAYERS, type Recipe } from './recipes.js';

/** `npm run recipes` takes all of them, and writes docs/evidence/recipes.md; `npm run whole` those whose library this repository has. */
const isWhole = process.env['EDGEPASS_RECIPES'] === 'all';
/** `npm run recipes -- --large`. */
const isLarge = process.env['EDGEPASS_RECIPES'] === 'large';
/** Names, separated by semicolons: for work on a recipe. */
const only = process.env['EDGEPASS_RECIPES_ONLY']?.split(';');
const FILM_SECONDS = 48;
const LIMIT_MS = 60_000;

interface Tab {
  evaluate(script: string): Promise<unknown>;
  /** Waits until the script gives true. */
  until(script: string): Promise<unknown>;
  /** Uncaught errors of the pages so far. */
  errors(): readonly string[];
  close(): Promise<void>;
}

interface OpenedBrowser {
  readonly version: string;
  open(address: string): Promise<Tab>;
}

interface Launched {
  readonly name: string;
  readonly tools: readonly Tool[];
  readonly recipes: readonly Recipe[];
  launch(certificates: TestCertificates): Promise<OpenedBrowser>;
}

const chosen = (recipes: readonly Recipe[]): readonly Recipe[] =>
  recipes
    .filter(({ isInstalled }) => isWhole || isLarge || (isInstalled === true && IS_WHOLE))
    .filter(({ name }) => only === undefined || only.includes(name));

const BROWSERS: readonly Launched[] = [
  {
    name: 'Chromium',
    tools: ['chromium', 'certutil'],
    recipes: chosen(isLarge ? LARGE : [...PLAYERS, ...LIBRARIES]),
    launch: async ({ caFile }) => {
      const browser = await launchBrowser({ trustedCaFile: caFile });
      return {
        version: browser.version,
        open: async (address) => {
          const page = await browser.newPage();
          await page.goto(address);
          return {
            evaluate: (script) => page.evaluate(script),
            until: (script) => page.waitForFunction(script, undefined, { timeout: LIMIT_MS }),
            errors: () => browser.pageErrors,
            close: () => page.close(),
          };
        },
      };
    },
  },
  {
    name: 'Firefox ESR',
    tools: ['firefox', 'certutil'],
    recipes: isWhole ? chosen(PLAYERS.filter(({ name }) => name === 'hls.js')) : [],
    launch: async ({ caFile }) => {
      const firefox = await launchFirefox({ trustedCaFile: caFile });
      return {
        version: firefox.version,
        open: async (address) => {
          const page = await firefox.newPage();
          await page.goto(address);
          return {
            evaluate: (script) => page.evaluate(script),
            until: (script) => page.waitForFunction(script, { timeout: LIMIT_MS }),
            errors: () => firefox.pageErrors,
            close: () => page.close(),
          };
        },
      };
    },
  },
];

jest.setTimeout(LIMIT_MS * 3);

test('docs/players.md and docs/libraries.md show the recipes that are run here', () => {
  const script = join(import.meta.dirname, 'write-pages.mjs');
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

for (const launched of BROWSERS.filter(({ recipes }) => recipes.length > 0)) {
  const { name: browserName, tools, recipes } = launched;
  describeWith(tools, `a recipe of docs/players.md or docs/libraries.md, in ${browserName}`, () => {
    const cases = recipes.flatMap((recipe) =>
      [null, ...(isWhole || isLarge ? recipe.variations : recipe.variations.slice(0, 1))].map(
        (variation) => ({
          recipe,
          variation,
          title: variation === null ? recipe.name : `${recipe.name}, ${variation.how}`,
        }),
      ),
    );
    const passed: string[] = [];
    let stage: RecipeStage;
    let browser: OpenedBrowser;

    beforeAll(async () => {
      stage = await startRecipeStage();
      browser = await launched.launch(stage.certificates);
    }, 120_000);

    afterAll(() => {
      if ((isWhole || isLarge) && only === undefined && passed.length === cases.length)
        writeResults(isLarge ? 'Large libraries in Chromium' : browserName, browser.version, recipes);
    });

    it.each(cases)('$title', async ({ recipe, variation, title }) => {
      const { address, seen } = stage.prepare(recipe, variation, FILM_SECONDS);
      const tab = await browser.open(address);
      const isShown = variation?.isShown ?? true;
      const loads = variation === null ? recipe.loads : [];
      const inRanges = (variation === null && recipe.inRanges) || [];
      const refused = [...(isShown ? (recipe.neverSent ?? []) : []), ...(variation?.refused ?? [])];
      try {
        if (isShown) await tab.until(isShownScript(recipe));
        if (variation?.ended !== undefined) await tab.until(variation.ended);
        await seen.until(
          (found) =>
            loads.every((name) => found.loaded.has(name)) &&
            inRanges.every((name) => found.inRanges.has(name)) &&
            refused.every((name) => found.refused.has(name)),
        );
        const found = seen.now();
        expect({
          // Without a part of it, how far the rest came is a matter of time.
          loaded: variation === null ? [...found.loaded].toSorted() : [],
          refused: [...found.refused].toSorted(),
          askedNevertheless: variation?.notAsked?.filter((name) => found.loaded.has(name)) ?? [],
          isShown: await tab.evaluate(isShownScript(recipe)),
        }).toEqual({
          loaded: loads.toSorted(),
          refused: refused.toSorted(),
          askedNevertheless: [],
          isShown,
        });
        passed.push(title);
      } catch (error) {
        const { loaded, refused: without } = seen.now();
        const state = await tab.evaluate(
          'JSON.stringify([state, film()?.currentTime, film()?.error?.message])',
        );
        throw new Error(
          `${error instanceof Error ? error.message : String(error)}\nwith cookies: ${[...loaded].join(' ')}\nrefused: ${[...without].join(' ')}\nthe page: ${String(state)}\nerrors: ${tab.errors().slice(-3).join(' | ')}`,
          { cause: error },
        );
      } finally {
        await tab.close();
      }
    });
  });
}
