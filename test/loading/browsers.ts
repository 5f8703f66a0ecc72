import { launchBrowser } from '../support/browser.js';
import { launchFirefox } from '../support/firefox.js';
import type { Tool } from '../support/required-tool.js';
import { launchWebKitGtk } from '../support/webkitgtk.js';
import type { LoadingBrowser } from './measure.js';
import type { EngineName } from './page.js';

interface LaunchedBrowser extends LoadingBrowser {
  close(): Promise<void>;
}

interface Engine {
  readonly tools: readonly Tool[];
  launch(caFile: string): Promise<LaunchedBrowser>;
}

/** The browsers of the tests, as one that opens tabs and runs scripts in them. */
export const BROWSERS: Readonly<Record<EngineName, Engine>> = {
  chromium: {
    tools: ['chromium', 'certutil'],
    launch: async (caFile) => {
      const browser = await launchBrowser({ trustedCaFile: caFile });
      return {
        version: browser.version,
        open: async (url) => {
          const page = await browser.newPage();
          await page.goto(url);
          return { run: (expression) => page.evaluate(expression), close: () => page.close() };
        },
        close: () => browser.close(),
      };
    },
  },
  firefox: {
    tools: ['firefox', 'certutil'],
    launch: async (caFile) => {
      const firefox = await launchFirefox({ trustedCaFile: caFile });
      return {
        version: firefox.version,
        open: async (url) => {
          const page = await firefox.newPage();
          await page.goto(url);
          return { run: (expression) => page.evaluate(expression), close: () => page.close() };
        },
        close: () => firefox.close(),
      };
    },
  },
  webkitgtk: { tools: ['webkitgtk', 'xvfb', 'root'], launch: launchWebKitGtk },
};
