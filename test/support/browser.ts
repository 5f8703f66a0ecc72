import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import { gatherCookieEvidence, type CookieEvidence } from './cookie-evidence.js';
import { requireTool } from './required-tool.js';
import { temporaryFolder } from './temporary-folder.js';

export interface BrowserOptions {
  /** PEM file of the certificate authority that this browser trusts; absent = only the public ones. */
  readonly trustedCaFile?: string;
  /** Chromium's --host-resolver-rules, for example `MAP *.example.com 127.0.0.1`. */
  readonly hostResolverRules?: string;
  /** A proxy for every host, this machine's own names included: `http://127.0.0.1:8080`. */
  readonly proxy?: string;
  /** Debian's build blocks third-party cookies, Chrome does not (B2): a test that cares must say which. */
  readonly thirdPartyCookies?: 'allowed' | 'blocked';
  /** A profile folder to open again; absent = a fresh one. */
  readonly userDataFolder?: string;
}

/** A cookie as the browser's own jar holds it. `expires` is in epoch seconds, -1 for a session cookie. */
export interface JarCookie {
  readonly name: string;
  readonly value: string;
  readonly domain: string;
  readonly path: string;
  readonly expires: number;
  readonly httpOnly: boolean;
  readonly secure: boolean;
  readonly session: boolean;
  readonly sameSite?: 'Strict' | 'Lax' | 'None';
  readonly partitionKey?: { readonly topLevelSite: string; readonly hasCrossSiteAncestor: boolean };
}

export interface TestBrowser {
  readonly context: BrowserContext;
  readonly page: Page;
  /** `156.0.8078.108`. */
  readonly version: string;
  /** `[type] text` of every console line of every page, failed navigations and loads included. */
  readonly consoleLines: readonly string[];
  /** Uncaught errors of every page. */
  readonly pageErrors: readonly string[];
  /** Which cookies were refused, and why, and which were sent: the console does not say (B3, B4). */
  readonly evidence: CookieEvidence;
  /** Opens another page with the same evidence gathered. */
  newPage(): Promise<Page>;
  /** The whole jar: every host, every partition. */
  cookies(): Promise<JarCookie[]>;
  close(): Promise<void>;
}

/**
 * Jest would load its 4 MB anew for each spec file, 0.3 s of work; Node's own `require` loads it once for a worker.
 * What it gives are objects of Node's context, which `toStrictEqual` tells from ours and `toEqual` does not.
 */
const { chromium } = process.getBuiltinModule('node:module').createRequire(import.meta.url)(
  'playwright-core',
) as typeof import('playwright-core');

const open = new Set<TestBrowser>();

/**
 * Starts the machine's own Chromium, headless, with a home folder of its own. Certificate errors are
 * never ignored: that would switch off its HTTP cache and let cache tests pass falsely (B1).
 */
export async function launchBrowser(options: BrowserOptions = {}): Promise<TestBrowser> {
  const home = temporaryFolder('browser');
  if (options.trustedCaFile !== undefined) trustAuthority(home, options.trustedCaFile);
  const profile = options.userDataFolder ?? join(home, 'profile');
  if (options.thirdPartyCookies !== undefined) writeCookiePreference(profile, options.thirdPartyCookies);
  // Playwright's own switches disable features that decide what a page may load (HttpsUpgrades,
  // ThirdPartyStoragePartitioning …), so none of them is used. The pipe also ends the browser with us.
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: requireTool('chromium'),
    ignoreDefaultArgs: true,
    env: { PATH: process.env['PATH'] ?? '', HOME: home, LANG: 'C.UTF-8' },
    args: [
      '--headless=new',
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-quic',
      '--disable-dev-shm-usage',
      '--no-first-run',
      '--no-default-browser-check',
      // Renderers for menus and suggestions that nobody opens: 0.8 s of work.
      '--disable-features=PreloadTopChromeWebUI,WebUIOmniboxPopup,WebUIOmniboxAimPopup',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-breakpad',
      '--password-store=basic',
      '--mute-audio',
      '--autoplay-policy=no-user-gesture-required',
      ...(options.hostResolverRules === undefined
        ? []
        : [`--host-resolver-rules=${options.hostResolverRules}`]),
      ...(options.proxy === undefined
        ? []
        : [`--proxy-server=${options.proxy}`, '--proxy-bypass-list=<-loopback>']),
      `--user-data-dir=${profile}`,
      '--remote-debugging-pipe',
      'about:blank',
    ],
  });
  const consoleLines: string[] = [];
  const pageErrors: string[] = [];
  const evidence = gatherCookieEvidence();
  const observe = async (page: Page): Promise<CDPSession> => {
    page.on('console', (message) => consoleLines.push(`[${message.type()}] ${message.text()}`));
    page.on('pageerror', (error) => pageErrors.push(error.message));
    const session = await context.newCDPSession(page);
    await evidence.attach(session);
    return session;
  };
  const page = context.pages()[0] ?? (await context.newPage());
  const session = await observe(page);
  const browser: TestBrowser = {
    context,
    page,
    version: context.browser()?.version() ?? '',
    consoleLines,
    pageErrors,
    evidence,
    newPage: async () => {
      const another = await context.newPage();
      await observe(another);
      return another;
    },
    cookies: async () => (await session.send('Storage.getCookies')).cookies,
    close: async () => {
      open.delete(browser);
      await context.close();
      // It writes its profile once more when it ends, which may be after the folders of the file were removed.
      rmSync(home, { recursive: true, force: true, maxRetries: 3 });
    },
  };
  open.add(browser);
  return browser;
}

function trustAuthority(home: string, caFile: string): void {
  const database = join(home, '.pki', 'nssdb');
  mkdirSync(database, { recursive: true });
  const certutil = requireTool('certutil');
  execFileSync(certutil, ['-d', `sql:${database}`, '-N', '--empty-password']);
  execFileSync(certutil, ['-d', `sql:${database}`, '-A', '-t', 'C,,', '-n', 'edgepass test', '-i', caFile]);
}

function writeCookiePreference(profile: string, thirdPartyCookies: 'allowed' | 'blocked'): void {
  mkdirSync(join(profile, 'Default'), { recursive: true });
  const preference = { profile: { cookie_controls_mode: thirdPartyCookies === 'blocked' ? 1 : 0 } };
  writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify(preference));
}

afterAll(async () => {
  await Promise.allSettled([...open].map((browser) => browser.close()));
});
