import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { connect, type BrowserContext, type Page } from 'puppeteer-core';
import type { JarCookie } from './browser.js';
import { startProcess } from './processes.js';
import { requireTool } from './required-tool.js';
import { temporaryFolder } from './temporary-folder.js';

export interface FirefoxOptions {
  /** PEM file of the certificate authority that this browser trusts; absent = only the public ones. */
  readonly trustedCaFile?: string;
  /** Further host names that lead to this machine, as a hosts file would; `*.localhost` does anyway. */
  readonly localHosts?: readonly string[];
  /** Preferences of `about:config` that a test needs; all others are those of Firefox ESR as people install it. */
  readonly preferences?: Readonly<Record<string, string | number | boolean>>;
}

/** Tabs that share one jar; nothing of it is shared with another context. */
export interface FirefoxContext {
  readonly page: Page;
  /** Opens another tab. */
  newPage(): Promise<Page>;
  /** The whole jar: every host, every partition. */
  cookies(): Promise<JarCookie[]>;
  close(): Promise<void>;
}

export interface TestFirefox extends FirefoxContext {
  /** `140.5.0`. */
  readonly version: string;
  /** `[type] text` of every line that scripts of the pages wrote to the console. */
  readonly consoleLines: readonly string[];
  /** Uncaught errors of every page. */
  readonly pageErrors: readonly string[];
  /** Opens a tab with an empty jar, much faster than another Firefox. */
  newContext(): Promise<FirefoxContext>;
}

const open = new Set<TestFirefox>();

/**
 * Starts the machine's own Firefox ESR, headless, with a profile of its own, driven over WebDriver BiDi.
 * Certificate errors are never ignored. It is started here and not by the library, whose profile allows
 * third-party cookies: what a Firefox keeps and sends is what these tests ask about.
 */
export async function launchFirefox(options: FirefoxOptions = {}): Promise<TestFirefox> {
  const home = temporaryFolder('firefox');
  const profile = join(home, 'profile');
  mkdirSync(profile);
  if (options.trustedCaFile !== undefined) trustAuthority(profile, options.trustedCaFile);
  writePreferences(profile, options);
  const firefox = startProcess(
    requireTool('firefox'),
    ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0', 'about:blank'],
    { environment: { HOME: home, LANG: 'C.UTF-8', MOZ_CRASHREPORTER_DISABLE: '1' } },
  );
  const line = await firefox.waitForLine('WebDriver BiDi listening on ', 60_000);
  const browser = await connect({
    browserWSEndpoint: `${/ws:\S+/.exec(line)?.[0]}/session`,
    protocol: 'webDriverBiDi',
    // The size of the window is the browser's own.
    defaultViewport: null,
  });
  const consoleLines: string[] = [];
  const pageErrors: string[] = [];
  const observe = (page: Page): Page => {
    page.on('console', (message) => consoleLines.push(`[${message.type()}] ${message.text()}`));
    page.on('pageerror', (error) => pageErrors.push(error instanceof Error ? error.message : String(error)));
    return page;
  };
  const contextOf = (context: BrowserContext, page: Page): FirefoxContext => ({
    page: observe(page),
    newPage: async () => observe(await context.newPage()),
    cookies: () => cookiesOf(context),
    close: () => context.close(),
  });
  const [first] = await browser.pages();
  const started: TestFirefox = {
    ...contextOf(browser.defaultBrowserContext(), first ?? (await browser.newPage())),
    version: (await browser.version()).replace('firefox/', ''),
    consoleLines,
    pageErrors,
    newContext: async () => {
      const context = await browser.createBrowserContext();
      return contextOf(context, await context.newPage());
    },
    close: async () => {
      open.delete(started);
      await browser.close();
      await firefox.stop();
      rmSync(home, { recursive: true, force: true, maxRetries: 3 });
    },
  };
  open.add(started);
  return started;
}

async function cookiesOf(context: BrowserContext): Promise<JarCookie[]> {
  const cookies = await context.cookies();
  // A cookie that an answer clears without it being there is listed for a moment, empty and over (its end is
  // rounded up to a second). It is sent nowhere.
  const nowSeconds = Date.now() / 1000;
  const living = cookies.filter(
    ({ value, session, expires }) => session || value !== '' || expires > nowSeconds + 1,
  );
  return living.map(({ name, value, domain, path, expires, httpOnly, secure, session, sameSite }) => ({
    name,
    value,
    domain,
    path: path ?? '/',
    expires,
    httpOnly: httpOnly ?? false,
    secure,
    session,
    ...(sameSite === undefined || sameSite === 'Default' ? {} : { sameSite }),
  }));
}

function trustAuthority(profile: string, caFile: string): void {
  const certutil = requireTool('certutil');
  execFileSync(certutil, ['-d', `sql:${profile}`, '-N', '--empty-password']);
  execFileSync(certutil, ['-d', `sql:${profile}`, '-A', '-t', 'C,,', '-n', 'edgepass test', '-i', caFile]);
}

function writePreferences(profile: string, options: FirefoxOptions): void {
  const preferences: Record<string, string | number | boolean> = {
    // Its first start opens pages and asks questions that nobody answers here.
    'browser.aboutwelcome.enabled': false,
    'browser.shell.checkDefaultBrowser': false,
    'datareporting.policy.dataSubmissionEnabled': false,
    'toolkit.telemetry.reportingpolicy.firstRun': false,
    // Nothing is looked for on the network but what a test opens.
    'app.update.disabledForTesting': true,
    'browser.region.network.url': '',
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false,
    ...(options.localHosts ? { 'network.dns.localDomains': options.localHosts.join(',') } : {}),
    ...options.preferences,
  };
  const lines = Object.entries(preferences).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
  );
  writeFileSync(join(profile, 'user.js'), `${lines.join('\n')}\n`);
}

afterAll(async () => {
  await Promise.allSettled([...open].map((browser) => browser.close()));
});
