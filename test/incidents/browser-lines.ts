import type { Page } from 'playwright-core';

/** Why Chromium withholds an answer, in its own words (B90). */
export const NO_ALLOW_ORIGIN =
  "No 'Access-Control-Allow-Origin' header is present on the requested resource.";
export const WILDCARD =
  "The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when the request's credentials mode is 'include'.";
export const PREFLIGHT = "Response to preflight request doesn't pass access control check: ";
/** What is added where the request was an XMLHttpRequest. */
export const BY_XHR =
  ' The credentials mode of requests initiated by the XMLHttpRequest is controlled by the withCredentials attribute.';

export function otherOrigin(value: string): string {
  return `The 'Access-Control-Allow-Origin' header has a value '${value}' that is not equal to the supplied origin. Have the server send the header with a valid value.`;
}

export function noCredentials(value: string): string {
  return `The value of the 'Access-Control-Allow-Credentials' header in the response is '${value}' which must be 'true' when the request's credentials mode is 'include'.`;
}

/** The whole line of the console. */
export function blockedLine(
  url: string,
  origin: string,
  reason: string,
  how: 'fetch' | 'XMLHttpRequest' = 'fetch',
): string {
  return `Access to ${how} at '${url}' from origin '${origin}' has been blocked by CORS policy: ${reason}`;
}

/** The next line of the page's console that says CORS, of an address that contains `part`. */
export async function nextCorsLine(page: Page, part = ''): Promise<string> {
  const line = await page.waitForEvent('console', (message) => {
    const [, about = ''] = /^Access to \w+ at '([^']*)'.* CORS policy/.exec(message.text()) ?? [];
    return about !== '' && about.includes(part);
  });
  return line.text();
}

/** Does something in the page; gives the line about CORS that follows. */
export async function corsLineAfter(page: Page, act: () => Promise<unknown>, part = ''): Promise<string> {
  const [line] = await Promise.all([nextCorsLine(page, part), act()]);
  return line;
}
