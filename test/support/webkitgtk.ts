import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { startProcess } from './processes.js';
import { temporaryFolder } from './temporary-folder.js';

export interface WebKitGtk {
  readonly version: string;
  /** Opens a page in a new tab, once it has loaded. */
  open(url: string): Promise<{ run(expression: string): Promise<unknown>; close(): Promise<void> }>;
  close(): Promise<void>;
}

/** Where Debian has what GnuTLS trusts, and so WebKitGTK. */
const SYSTEM_AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt';
const DRIVER = 'WebKitWebDriver';
const MINI_BROWSER = '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser';

/**
 * Starts WebKitGTK's MiniBrowser on a display of its own (Xvfb), driven over WebDriver
 * (https://www.w3.org/TR/webdriver2/), with Debian's packages `webkit2gtk-driver` and `xvfb`. It trusts the authority
 * besides those of the machine: it reads the machine's list, so it runs in a mount namespace with a longer one. That needs
 * root. Certificate errors are not ignored.
 */
export async function launchWebKitGtk(caFile: string): Promise<WebKitGtk> {
  const home = temporaryFolder('webkitgtk');
  const authorities = join(home, 'authorities.crt');
  writeFileSync(authorities, readFileSync(SYSTEM_AUTHORITIES, 'utf8') + readFileSync(caFile, 'utf8'));
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const script = `mount --bind ${authorities} ${SYSTEM_AUTHORITIES} && exec ${DRIVER} --port=${port}`;
  const screen = startProcess('Xvfb', ['-displayfd', '1', '-nolisten', 'tcp']);
  const display = await screen.waitForLine(/^\d+$/);
  const driver = startProcess('unshare', ['--mount', 'sh', '-c', script], {
    environment: {
      HOME: home,
      DISPLAY: `:${display}`,
      XDG_RUNTIME_DIR: home,
      LANG: 'C.UTF-8',
      // No second sandbox within that of the test machine.
      WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
      LIBGL_ALWAYS_SOFTWARE: '1',
    },
  });
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const answer = await fetch(`${address}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const { value } = (await answer.json()) as { value: unknown };
    if (!answer.ok) throw new Error(`${method} ${path}: ${JSON.stringify(value)}`);
    return value;
  };
  await untilReady(() => call('GET', '/status'));
  const capabilities = {
    alwaysMatch: {
      'webkitgtk:browserOptions': { binary: MINI_BROWSER, args: ['--automation'] },
      timeouts: { script: 60_000, pageLoad: 30_000 },
    },
  };
  const session = (await call('POST', '/session', { capabilities })) as {
    sessionId: string;
    capabilities: { browserVersion: string };
  };
  const inSession = (method: string, path: string, body?: object) =>
    call(method, `/session/${session.sessionId}${path}`, body);
  const first = await inSession('GET', '/window');
  return {
    version: libraryVersion() ?? session.capabilities.browserVersion,
    open: async (url) => {
      const { handle } = (await inSession('POST', '/window/new', { type: 'tab' })) as { handle: string };
      await inSession('POST', '/window', { handle });
      await inSession('POST', '/url', { url });
      return {
        run: (expression) =>
          inSession('POST', '/execute/async', {
            script: `const done = arguments[0]; Promise.resolve(${expression}).then(done, (error) => done(String(error)));`,
            args: [],
          }),
        close: async () => {
          await inSession('DELETE', '/window');
          await inSession('POST', '/window', { handle: first });
        },
      };
    },
    close: async () => {
      await inSession('DELETE', '').catch(() => undefined);
      await driver.stop();
      await screen.stop();
      rmSync(home, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** The driver prints nothing when it listens. */
async function untilReady(ask: () => Promise<unknown>): Promise<void> {
  const end = Date.now() + 30_000;
  for (;;) {
    try {
      await ask();
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, 200);
      });
    }
  }
}

/** MiniBrowser names its own version; the library's is that of its package. */
function libraryVersion(): string | null {
  try {
    const text = execFileSync('dpkg-query', ['-W', '-f', '${Version}', 'libwebkit2gtk-4.1-0'], {
      encoding: 'utf8',
    });
    return text.replace(/-.*$/s, '');
  } catch {
    return null;
  }
}
