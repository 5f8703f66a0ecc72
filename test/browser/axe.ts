import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type axe from 'axe-core';
import type { Page } from 'playwright-core';

/** Wide, narrow and dark: colours and what lies beside what differ. */
const LAYOUTS = {
  wide: { width: 1440, height: 900, colorScheme: 'light' },
  narrow: { width: 390, height: 844, colorScheme: 'light' },
  dark: { width: 1440, height: 900, colorScheme: 'dark' },
} as const;

export type Layout = keyof typeof LAYOUTS;

/**
 * Every finding of axe in those layouts, one line each; the rules of WCAG 2.2 AA and axe's own good practice.
 * The page moves less from then on, and has its size and colours back.
 */
export async function axeFindings(page: Page, ...layouts: readonly Layout[]): Promise<readonly string[]> {
  // Half a megabyte, and the demo page's tests are more than those that check it.
  const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  const lines: string[] = [];
  const before = page.viewportSize();
  // Not by a script element, which the page's Content-Security-Policy refuses.
  await page.evaluate(source);
  for (const layout of layouts) {
    const { width, height, colorScheme } = LAYOUTS[layout];
    // One after the other: it is one page.
    // oxlint-disable no-await-in-loop
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations, passed } = await page.evaluate<{ violations: axe.Result[]; passed: number }>(
      // What passed is half a megabyte for each layout, and only its number counts.
      'axe.run({ resultTypes: ["violations"] }).then(({ violations, passes }) => ({ violations, passed: passes.length }))',
    );
    // oxlint-enable no-await-in-loop
    if (passed < 20) lines.push(`${layout}: only ${passed} rules found something to check`);
    for (const { id, nodes } of violations) {
      lines.push(`${layout} ${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    }
  }
  await page.emulateMedia({ colorScheme: null });
  if (before !== null) await page.setViewportSize(before);
  return lines;
}
