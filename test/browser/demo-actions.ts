import type { Locator, Page } from 'playwright-core';

// What a person does on the demo page, and sees of it.

/** Opens it, or loads it anew, until it answers. */
export async function openDemo(page: Page, appUrl: string): Promise<void> {
  await page.goto(appUrl);
  await page.locator('#app[data-ready]').waitFor();
}

export async function signIn(page: Page, user: string): Promise<void> {
  await page.getByTestId(`sign-in-${user}`).click();
  await page.locator(`#app[data-viewer="${user}"]`).waitFor();
}

/** Asks for access to a folder, and waits until it is granted. */
export async function ask(page: Page, prefix: string): Promise<void> {
  await page.getByTestId('prefix').selectOption(prefix);
  await page.getByTestId('ask').click();
  await page
    .getByTestId('status')
    .filter({ hasText: `everything below /${prefix} ` })
    .waitFor();
}

/** The elements with that test id that are in that state. */
export const inState = (page: Page, testId: string, state: string): Locator =>
  page.locator(`[data-testid="${testId}"][data-state="${state}"]`);

/** Waits until all six images are in that state. */
export const allImages = (page: Page, state: string): Promise<void> =>
  inState(page, 'image', state).nth(5).waitFor({ state: 'attached' });

/** All that the page says of the last action, once that sentence is in it. */
export async function saidWith(page: Page, sentence: string): Promise<string | null> {
  const status = page.getByTestId('status');
  await status.filter({ hasText: sentence }).waitFor();
  return status.textContent();
}
