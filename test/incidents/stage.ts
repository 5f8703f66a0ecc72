import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { callApi } from '../browser/in-page.js';
import { logNetwork, type NetworkLog } from '../browser/network-log.js';
import { serveHttps } from '../browser/own-server.js';
import { openSwitchboard, type Switchboard } from '../browser/switchboard.js';
import { startTestApi, testKeyText, TEST_KEY, TEST_KEY_PAIR_ID, type TestApi } from '../support/api.js';
import { launchBrowser, type TestBrowser } from '../support/browser.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { makeTestCertificates, type TestCertificates } from '../support/test-certificates.js';
import { API, API_ON_LOCALHOST, APP, CDN, PREFIX, SECOND_APP } from './addresses.js';
import { commandOf } from './document.js';
import { Cdn, type CdnPlace, type CdnSettings } from './cdn.js';

/** A page of an app and what it asked for. */
export interface OpenPage {
  readonly page: Page;
  readonly network: NetworkLog;
  /** Forgets every copy that the browser itself keeps. */
  emptyBrowserCache(): Promise<void>;
}

/** `off` is the tick at "Disable cache" in the developer tools: what the page gets comes from the edge. */
export interface PageOptions {
  readonly browserCache: 'on' | 'off';
}

/** What an incident begins with. */
export interface Beginning {
  readonly cdn: Cdn;
  readonly app: OpenPage;
}

interface Parts {
  readonly browser: TestBrowser;
  readonly api: TestApi;
  readonly apiPort: number;
  readonly certificates: TestCertificates;
  readonly plugs: { readonly api: Switchboard; readonly localhost: Switchboard; readonly cdn: Switchboard };
  readonly cdnPlace: CdnPlace;
}

/** One browser, one API and a place for the CDN, for all incidents one after the other. */
export class Stage {
  private constructor(private readonly parts: Parts) {}

  static async open(): Promise<Stage> {
    const hosts = [APP, SECOND_APP, API_ON_LOCALHOST, CDN].map((url) => new URL(url).hostname);
    const certificates = await makeTestCertificates(hosts);
    const folder = temporaryFolder('incidents');
    const [certFile, keyFile] = [join(folder, 'leaf.pem'), join(folder, 'leaf-key.pem')];
    writeFileSync(certFile, certificates.certificatePem);
    writeFileSync(keyFile, certificates.keyPem, { mode: 0o600 });
    const [{ api, apiPort }, pagePort] = await Promise.all([
      startApi({ certFile, keyFile }),
      serveHttps(certificates),
    ]);
    const plug = () => openSwitchboard(apiPort);
    const plugs = { api: await plug(), localhost: await plug(), cdn: await plug() };
    const browser = await launchBrowser({
      trustedCaFile: certificates.caFile,
      // As Chrome comes, so that nothing but its Domain stands in the way of a cookie (B2).
      thirdPartyCookies: 'allowed',
      hostResolverRules: [
        mapped(APP, pagePort),
        mapped(SECOND_APP, pagePort),
        mapped(API, plugs.api.port),
        mapped(API_ON_LOCALHOST, plugs.localhost.port),
        mapped(CDN, plugs.cdn.port),
      ].join(', '),
    });
    const publicPem = TEST_KEY.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const key = { id: TEST_KEY_PAIR_ID, privateKey: TEST_KEY.privateKey, publicPem };
    const cdnPlace = { key, certFile, keyFile, clock: api.clock };
    return new Stage({ browser, api, apiPort, certificates, plugs, cdnPlace });
  }

  get browser(): TestBrowser {
    return this.parts.browser;
  }

  get certificates(): TestCertificates {
    return this.parts.certificates;
  }

  /** A browser that has seen nothing yet, with the page of the app open, and a CDN set up as asked. */
  async begin(settings: CdnSettings, options: PageOptions): Promise<Beginning> {
    const { browser, cdnPlace, plugs, apiPort } = this.parts;
    const cdn = await Cdn.open(cdnPlace, settings);
    plugs.cdn.leadTo(cdn.port);
    plugs.api.leadTo(apiPort);
    await browser.context.clearCookies();
    const app = await this.openPage(APP, options);
    await app.emptyBrowserCache();
    return { cdn, app };
  }

  /** Opens the page of an app beside those that are open. */
  async openPage(origin: string, { browserCache }: PageOptions): Promise<OpenPage> {
    const { browser } = this.parts;
    const page = await browser.newPage();
    const network = await logNetwork(browser.context, page);
    const session = await browser.context.newCDPSession(page);
    await session.send('Network.enable');
    await session.send('Network.setCacheDisabled', { cacheDisabled: browserCache === 'off' });
    await page.goto(origin);
    return {
      page,
      network,
      emptyBrowserCache: async () => {
        await session.send('Network.clearBrowserCache');
      },
    };
  }

  /** The frontend asks our API for access; the cookies land in the browser. */
  async grant({ page }: OpenPage, ttlSeconds = 900): Promise<void> {
    const { api } = this.parts;
    const { status } = await callApi(page, `${API}/grants`, {
      body: { prefix: PREFIX, ttlSeconds },
      bearer: api.token('u1'),
    });
    if (status !== 201) throw new Error(`expected 201 from POST /grants, found ${status}`);
  }

  /** Lets time pass for the API and the edge; the browser goes by its own clock. */
  passTime(seconds: number): void {
    this.parts.api.clock.forward(seconds);
  }

  /** The browser is handed to another server, at `localhost` or at the proper address of the API. */
  serveApi(where: 'localhost' | 'api', port: number): void {
    this.parts.plugs[where].leadTo(port);
  }

  /** Runs the command that docs/incidents.md gives for an incident, with the cookies of this browser; gives its lines. */
  async runCommandOf(incident: string): Promise<readonly string[]> {
    const { browser, plugs, certificates } = this.parts;
    const home = temporaryFolder('curl');
    const connect = (url: string, port: number) => `connect-to = "${hostAndPort(url)}:127.0.0.1:${port}"\n`;
    // What DNS and a public certificate do for everybody else.
    writeFileSync(
      join(home, '.curlrc'),
      `cacert = "${certificates.caFile}"\n${connect(CDN, plugs.cdn.port)}${connect(API_ON_LOCALHOST, plugs.localhost.port)}`,
    );
    const cookies = (await browser.cookies()).filter(({ name }) => name.startsWith('CloudFront-'));
    const { stdout } = await promisify(execFile)('sh', ['-c', commandOf(incident)], {
      env: {
        PATH: process.env['PATH'] ?? '',
        CURL_HOME: home,
        COOKIES: cookies.map(({ name, value }) => `${name}=${value}`).join('; '),
      },
    });
    return stdout.split('\r\n');
  }

  async close(): Promise<void> {
    await this.parts.api.close();
  }
}

async function startApi(tls: { certFile: string; keyFile: string }) {
  const api = await startTestApi('sqlite', {
    publicUrl: { origin: API, basePath: '' },
    appOrigins: [APP, SECOND_APP],
    tls,
    cloudFront: {
      url: CDN,
      keyPairId: TEST_KEY_PAIR_ID,
      privateKey: { kind: 'text', text: testKeyText() },
      hashAlgorithm: 'SHA1',
    },
  });
  // From here on the time of the machine, moved where an incident says so.
  api.clock.set(Math.floor(Date.now() / 1000));
  await api.give({ subject: 'user:u1', prefix: PREFIX });
  await api.app.listen(0, '127.0.0.1');
  return { api, apiPort: (api.app.getHttpServer().address() as AddressInfo).port };
}

/** One of Chromium's host resolver rules. */
function mapped(url: string, port: number): string {
  return `MAP ${hostAndPort(url)} 127.0.0.1:${port}`;
}

function hostAndPort(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port === '' ? 443 : port}`;
}
