import { beforeAll, expect, it, jest } from '@jest/globals';
import { launchBrowser, type TestBrowser } from '../support/browser.js';
import { describeWith } from '../support/required-tool.js';
import { makeTestCertificates } from '../support/test-certificates.js';
import { accessToken } from './access-token.js';
import { startDeployment, type Deployment } from './deployment.js';
import { callApi, fetchFile, showImage } from './in-page.js';
import { attributesOf, grantCookies } from './jar.js';
import { serveHttps } from './own-server.js';
import { addPrivateFile, pictureText } from './private-file.js';

const APP = 'https://dev.junlog.dev';
const API = 'https://dev.junlog.dev:8443';
const CDN = 'https://dev.cloudfront.junlog.dev';
const REFUSED = { error: 'TypeError: Failed to fetch' };

// A browser beside all the other tests on two cores.
jest.setTimeout(30_000);

describeWith(
  ['chromium', 'certutil'],
  'the hosts of the first article: page and API on dev.junlog.dev, the CDN on dev.cloudfront.junlog.dev',
  () => {
    let deployment: Deployment;
    let browser: TestBrowser;

    beforeAll(async () => {
      const certificates = await makeTestCertificates(['dev.junlog.dev', 'dev.cloudfront.junlog.dev']);
      const page = await serveHttps(certificates);
      deployment = await startDeployment({
        appOrigin: APP,
        publicUrl: API,
        cloudFrontUrl: CDN,
        certificates,
        apiSpeaksTls: true,
      });
      browser = await launchBrowser({
        trustedCaFile: certificates.caFile,
        hostResolverRules: [
          `MAP dev.junlog.dev:443 127.0.0.1:${page}`,
          `MAP dev.junlog.dev:8443 127.0.0.1:${deployment.ports.api}`,
          `MAP dev.cloudfront.junlog.dev:443 127.0.0.1:${deployment.ports.edge}`,
        ].join(', '),
      });
      await browser.page.goto(APP);
    });

    const fileBelow = (prefix: string): string => `${CDN}/${addPrivateFile(deployment.mediaFolder, prefix)}`;

    it('the only parent that they share is junlog.dev, and the API warns that every environment below it gets the cookies (B20)', () => {
      expect(deployment.warnings).toContain(
        'the cookies get Domain=junlog.dev, the registrable domain itself',
      );
      expect(deployment.warnings).toContain('api.media.junlog.dev and cdn.media.junlog.dev');
    });

    it('without access the CDN refuses, and the page hears of a failed fetch', async () => {
      const url = fileBelow('courses/algebra');
      expect(await showImage(browser.page, url)).toBe('refused');
      expect(await fetchFile(browser.page, url)).toEqual(REFUSED);
    });

    it('with a grant <img> and then fetch load from the CDN (B84)', async () => {
      const answer = await callApi(browser.page, `${API}/grants`, {
        body: { prefix: 'courses/algebra' },
        bearer: accessToken('u1'),
      });
      expect(answer).toMatchObject({ status: 201, body: { resource: `${CDN}/courses/algebra/*` } });
      const url = fileBelow('courses/algebra');
      expect(await showImage(browser.page, url)).toBe('shown');
      expect(await fetchFile(browser.page, url)).toEqual({
        status: 200,
        type: 'cors',
        text: pictureText(new URL(url).pathname.slice(1)),
      });
    });

    it('the cookies stand in the jar with Domain=junlog.dev and SameSite=Lax, and none was refused', async () => {
      const { expires, ...attributes } = await attributesOf(browser, '/courses/algebra');
      expect(expires).toBeGreaterThan(0);
      expect(attributes).toEqual({
        domain: '.junlog.dev',
        httpOnly: true,
        secure: true,
        session: false,
        sameSite: 'Lax',
      });
      expect(browser.evidence.refused).toEqual([]);
    });

    it('clearing takes them away and the CDN refuses again', async () => {
      const { status } = await callApi(browser.page, `${API}/grants`, { method: 'DELETE' });
      expect(status).toBe(204);
      expect(await grantCookies(browser)).toEqual([]);
      expect(await fetchFile(browser.page, fileBelow('courses/algebra'))).toEqual(REFUSED);
    });
  },
);
