import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type axe from 'axe-core';
import { afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import type { Page } from 'playwright-core';
import { launchBrowser } from '../support/browser.js';
import { describeWith } from '../support/required-tool.js';
import { startEdgeWithClock, startStack, type LocalStack } from './local-stack.js';
import { openSwitchboard, type Switchboard } from './switchboard.js';
import { makeTestCertificates } from '../support/test-certificates.js';
import { IS_WHOLE } from '../support/whole.js';
import { serveHttps } from './own-server.js';

// A browser beside all the other tests on two cores.
jest.setTimeout(60_000);

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Wide, narrow and dark: colours and what lies beside what differ. */
const LAYOUTS = [
  { width: 1440, height: 900, colorScheme: 'light' },
  { width: 390, height: 844, colorScheme: 'light' },
  { width: 1440, height: 900, colorScheme: 'dark' },
] as const;

let states = 0;

/** The next layout for each state; `npm run whole` takes all of them for each, and one state more. */
function layouts(): readonly (typeof LAYOUTS)[number][] {
  const at = states % LAYOUTS.length;
  states += 1;
  return IS_WHOLE ? LAYOUTS : LAYOUTS.slice(at, at + 1);
}

/** Every finding in every layout, one line each; the rules of WCAG 2.2 AA and axe's own good practice. */
async function findings(page: Page): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const { width, height, colorScheme } of layouts()) {
    // One after the other: it is one page.
    // oxlint-disable no-await-in-loop
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    // Not by a script element, which the page's Content-Security-Policy refuses.
    await page.evaluate(AXE);
    const { violations, passed } = await page.evaluate<{ violations: axe.Result[]; passed: number }>(
      // What passed is half a megabyte for each layout, and only its number counts.
      'axe.run({ resultTypes: ["violations"] }).then(({ violations, passes }) => ({ violations, passed: passes.length }))',
    );
    // oxlint-enable no-await-in-loop
    if (passed < 20) lines.push(`only ${passed} rules found something to check`);
    for (const { id, nodes } of violations) {
      lines.push(`${width} ${colorScheme} ${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    }
  }
  return lines;
}

describeWith(['chromium', 'certutil'], 'axe finds nothing on the demo page', () => {
  let stack: LocalStack;
  let edge: Switchboard;
  let page: Page;

  beforeAll(async () => {
    stack = await startStack();
    edge = await openSwitchboard(stack.ports.edge);
    const browser = await launchBrowser({
      trustedCaFile: stack.caFile,
      hostResolverRules: `MAP ${new URL(stack.cdnUrl).host} 127.0.0.1:${edge.port}`,
    });
    page = browser.page;
    await page.goto(stack.appUrl);
    await page.locator('#app[data-ready]').waitFor();
  });
  afterEach(() => edge.leadTo(stack.ports.edge));

  const signIn = async (user: string): Promise<void> => {
    await page.getByTestId(`sign-in-${user}`).click();
    await page.locator(`#app[data-viewer="${user}"]`).waitFor();
  };
  const images = (state: string): Promise<void> =>
    page.locator(`[data-testid="image"][data-state="${state}"]`).nth(5).waitFor({ state: 'attached' });

  it('while nobody is signed in', async () => {
    await images('refused');
    expect(await findings(page)).toEqual([]);
  });

  if (IS_WHOLE) {
    it('when a viewer was refused', async () => {
      await signIn('bob');
      await page.getByTestId('ask').click();
      await page.locator('#status[data-tone="bad"]').waitFor();
      expect(await findings(page)).toEqual([]);
    });
  }

  it('when access was granted, with two prefixes held', async () => {
    await signIn('alice');
    for (const prefix of ['courses/algebra', 'users/alice']) {
      // oxlint-disable-next-line no-await-in-loop -- one form
      await page.getByTestId('prefix').selectOption(prefix);
      // oxlint-disable-next-line no-await-in-loop
      await page.getByTestId('ask').click();
      // oxlint-disable-next-line no-await-in-loop
      await page
        .getByTestId('held')
        .filter({ hasText: `Path=/${prefix}` })
        .waitFor();
    }
    await images('shown');
    expect(await findings(page)).toEqual([]);
  });

  it('when the edge was made wrong', async () => {
    await page.getByTestId('provoke').click();
    await page.locator('#incident[data-state="failing"]').waitFor();
    expect(await findings(page)).toEqual([]);
    await page.getByTestId('cure').click();
    await page.locator('#incident[data-state="cured"]').waitFor();
  });

  it('when the administrator decides', async () => {
    await signIn('carol');
    await page.locator('#decisions').waitFor();
    expect(await findings(page)).toEqual([]);
    await signIn('alice');
    await page.getByTestId('ask').click();
    await page.locator('#app[data-access="open"]').waitFor();
  });

  it('when access was cleared', async () => {
    await page.getByTestId('clear').click();
    await page.locator('#app[data-access="cleared"]').waitFor();
    await images('refused');
    expect(await findings(page)).toEqual([]);
  });

  it('when access has ended', async () => {
    await page.clock.install();
    await page.reload();
    await page.locator('#app[data-ready]').waitFor();
    await page.getByTestId('auto-renew').uncheck({ force: true });
    await page.getByTestId('ttl').selectOption('60');
    await page.getByTestId('prefix').selectOption('courses/algebra');
    await page.getByTestId('ask').click();
    await page.locator('#app[data-access="open"]').waitFor();
    edge.leadTo(await startEdgeWithClock(stack.distributionFolder, 61));
    await page.clock.fastForward(62_000);
    await page.locator('#app[data-access="expired"]').waitFor();
    await images('refused');
    await page.clock.resume();
    expect(await findings(page)).toEqual([]);
  });

  it('while the certificate is not trusted', async () => {
    edge.leadTo(await serveHttps(await makeTestCertificates(['cdn.edgepass.localhost'])));
    await page.reload();
    await page.getByTestId('certificate-warning').waitFor();
    expect(await findings(page)).toEqual([]);
  });
});
