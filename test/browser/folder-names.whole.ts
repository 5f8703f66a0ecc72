import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { launchBrowser, type JarCookie } from '../support/browser.js';
import { launchFirefox } from '../support/firefox.js';
import { describeWith, type Tool } from '../support/required-tool.js';
import { makeTestCertificates, type TestCertificates } from '../support/test-certificates.js';
import { accessToken } from './access-token.js';
import { giveRight, startDeployment, type Deployment } from './deployment.js';
import { FOLDER_NAMES, SAMPLE } from './folder-names.js';
import { writeResult } from './folder-names-page.js';
import { callApi, fetchFile, loadHls, scriptedFirefox, showImage, type ScriptedPage } from './in-page.js';
import { grantCookies, grantedPaths, type Jar } from './jar.js';
import { passOn, serveHttps } from './own-server.js';
import { addPrivateFile, pictureText } from './private-file.js';
import { startRecordingHost, type RecordedTarget, type RecordingHost } from './recorded-targets.js';

/** `npm run folder-names` takes all names in both browsers and writes docs/evidence/folder-names.md. */
const isWhole = process.env['EDGEPASS_FOLDER_NAMES'] === 'all';
const NAMES = isWhole ? FOLDER_NAMES : SAMPLE;

const LESSON = join(import.meta.dirname, 'lesson');
const SEGMENTS = ['segment-0.m4s', 'segment-1.m4s', 'segment-2.m4s', 'segment-3.m4s'];
const LESSON_FILES = ['index.m3u8', 'init.mp4', ...SEGMENTS];
const HLS_MODULE = readFileSync(createRequire(import.meta.url).resolve('hls.js/dist/hls.mjs'));
const PAGE = `<!doctype html><title>a page of my own</title><link rel="icon" href="data:,">
<script type="module">import Hls from '/hls.mjs'; globalThis.Hls = Hls;</script>`;

interface OpenedBrowser extends Jar {
  readonly page: ScriptedPage;
  readonly version: string;
}

interface Launched {
  readonly tools: readonly Tool[];
  readonly refused: string;
  open(certificates: TestCertificates, pageUrl: string): Promise<OpenedBrowser>;
}

const BROWSERS: Readonly<Record<string, Launched>> = {
  Chromium: {
    tools: ['chromium', 'certutil'],
    refused: 'TypeError: Failed to fetch',
    open: async ({ caFile }, pageUrl) => {
      const browser = await launchBrowser({ trustedCaFile: caFile });
      await browser.page.goto(pageUrl);
      return { page: browser.page, version: browser.version, cookies: () => browser.cookies() };
    },
  },
  'Firefox ESR': {
    tools: ['firefox', 'certutil'],
    refused: 'TypeError: NetworkError when attempting to fetch resource.',
    open: async ({ caFile }, pageUrl) => {
      const firefox = await launchFirefox({ trustedCaFile: caFile });
      await firefox.page.goto(pageUrl);
      const page = scriptedFirefox(firefox.page);
      return { page, version: firefox.version, cookies: () => firefox.cookies() };
    },
  },
};

// A browser beside all the other tests on two cores.
jest.setTimeout(60_000);

for (const [browserName, launched] of Object.entries(BROWSERS)) {
  // Firefox takes 6 s of work to start.
  if (!isWhole && browserName !== 'Chromium') continue;
  describeWith(launched.tools, `folders granted by their own names, in ${browserName}`, () => {
    let certificates: TestCertificates;
    let cdn: RecordingHost;
    let cdnUrl: string;
    let apiUrl: string;
    let deployment: Deployment;
    let browser: OpenedBrowser;
    const passed: string[] = [];

    beforeAll(async () => {
      const [app, api, host] = ['app', 'api', 'cdn'].map((label) => `${label}.media.localhost`) as [
        string,
        string,
        string,
      ];
      certificates = await makeTestCertificates([app, api, host]);
      const appPort = await serveHttps(certificates, (request, response) => {
        const isModule = request.url === '/hls.mjs';
        response.setHeader('Content-Type', isModule ? 'text/javascript' : 'text/html; charset=utf-8');
        response.end(isModule ? HLS_MODULE : PAGE);
      });
      cdn = await startRecordingHost(certificates);
      cdnUrl = `https://${host}:${cdn.port}`;
      const apiPort = await serveHttps(certificates, (request, response) =>
        passOn({ scheme: 'http', port: deployment.ports.api }, request, response),
      );
      apiUrl = `https://${api}:${apiPort}`;
      deployment = await startDeployment({
        appOrigin: `https://${app}:${appPort}`,
        publicUrl: apiUrl,
        cloudFrontUrl: cdnUrl,
        certificates,
        apiSpeaksTls: false,
        environment: { NODE_ENV: 'development' },
      });
      cdn.leadTo({ scheme: 'https', port: deployment.ports.edge });
      browser = await launched.open(certificates, `https://${app}:${appPort}/`);
    }, 120_000);

    afterAll(() => {
      if (isWhole) writeResult(browserName, browser.version, passed);
    });

    /** What the edge was asked for while something happened, and what it decided. */
    async function recordedDuring(something: () => Promise<unknown>): Promise<readonly RecordedTarget[]> {
      const before = cdn.recorded.length;
      await something();
      return cdn.recorded.slice(before);
    }

    /** A new picture below a folder, as a path of plain names. */
    const pictureBelow = (folder: string): string => addPrivateFile(deployment.mediaFolder, folder);

    it.each(NAMES)('$script: $name', async ({ script, name }) => {
      const { page } = browser;
      const bearer = accessToken('u1');
      const escaped = escapedByHand(name);
      const sibling = `${name}2`;
      await callApi(page, `${apiUrl}/grants`, { method: 'DELETE' });
      await giveRight(apiUrl, 'user:u1', name, certificates.caPem);
      addLesson(deployment.mediaFolder, name);

      // Without a grant: closed.
      const first = pictureBelow(name);
      expect(await fetchFile(page, `${cdnUrl}/${first}`)).toEqual({ error: launched.refused });

      // The grant names the folder; Resource and the jar's Path have the escaped form.
      expect(await callApi(page, `${apiUrl}/grants`, { body: { prefix: name }, bearer })).toMatchObject({
        status: 201,
        body: { prefix: name, resource: `${cdnUrl}/${escaped}/*` },
      });
      expect(await grantedPaths(browser)).toEqual([`/${escaped}`]);

      // An image whose address is the plain name, as people write it into src.
      const image = pictureBelow(name);
      const seen = await recordedDuring(async () => {
        expect(await showImage(page, `${cdnUrl}/${image}`)).toBe('shown');
      });
      expect(seen).toEqual([opened(escapedByHand(image))]);

      // A fetch whose address was built with new URL.
      const file = pictureBelow(name);
      const fetched = await recordedDuring(async () => {
        expect(await fetchFile(page, new URL(`/${file}`, cdnUrl).href)).toEqual({
          status: 200,
          type: 'cors',
          text: pictureText(file),
        });
      });
      expect(fetched).toEqual([opened(escapedByHand(file))]);

      // HLS: the playlist names its segments relatively.
      const lesson = `${escaped}/lesson`;
      const streamed = await recordedDuring(async () => {
        expect(await loadHls(page, `${cdnUrl}/${name}/lesson/index.m3u8`)).toEqual(SEGMENTS);
      });
      expect(new Set(streamed.map(({ target }) => target))).toEqual(
        new Set(LESSON_FILES.map((part) => `/${lesson}/${part}`)),
      );
      expect(streamed.every(({ status, hasCookies }) => status < 300 && hasCookies)).toBe(true);

      // What only begins alike, and the other Unicode form, stay closed.
      const others = [sibling, ...['NFC', 'NFD'].map((form) => name.normalize(form))];
      for (const other of others.filter((text) => text !== name)) {
        const beside = pictureBelow(other);
        const asked = await recordedDuring(async () => {
          expect(await fetchFile(page, `${cdnUrl}/${beside}`)).toEqual({ error: launched.refused });
        });
        expect(asked).toEqual([refused(escapedByHand(beside), false)]);
      }

      // The other Unicode form is not granted either.
      for (const other of others.slice(1).filter((text) => text !== name)) {
        if (NAMES.some((entry) => entry.name === other)) continue;
        const code = escapedByHand(other).length > 512 ? 'prefix_too_long' : 'not_entitled';
        const answer = await callApi(page, `${apiUrl}/grants`, { body: { prefix: other }, bearer });
        expect(answer.body).toMatchObject({ code });
      }

      // Sign-out: nothing is left, and a file that no cache has is closed.
      expect((await callApi(page, `${apiUrl}/grants`, { method: 'DELETE', bearer })).status).toBe(204);
      expect((await grantCookies(browser)).filter(isLive)).toEqual([]);
      const last = pictureBelow(name);
      const afterwards = await recordedDuring(async () => {
        expect(await fetchFile(page, `${cdnUrl}/${last}`)).toEqual({ error: launched.refused });
      });
      expect(afterwards).toEqual([refused(escapedByHand(last), false)]);
      passed.push(script);
    });
  });
}

/** Firefox may list what was cleared at that very moment, with an end that has passed. */
function isLive({ expires }: JarCookie): boolean {
  return expires === -1 || expires > Date.now() / 1000;
}

function opened(path: string): RecordedTarget {
  return { method: 'GET', target: `/${path}`, hasCookies: true, status: 200 };
}

function refused(path: string, hasCookies: boolean): RecordedTarget {
  return { method: 'GET', target: `/${path}`, hasCookies, status: 403 };
}

/** UTF-8 in upper-case hex, and printable ASCII as it is: written down from docs/prefixes.md, not from the code. */
function escapedByHand(path: string): string {
  return Array.from(Buffer.from(path), (byte) =>
    byte > 0x20 && byte < 0x7f
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('');
}

/** An HLS playlist with its segments, which it names relatively, in a folder of that name. */
function addLesson(mediaFolder: string, name: string): void {
  const folder = join(mediaFolder, name, 'lesson');
  mkdirSync(folder, { recursive: true });
  for (const file of LESSON_FILES) copyFileSync(join(LESSON, file), join(folder, file));
}
