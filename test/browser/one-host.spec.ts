import { beforeAll, expect, it, jest } from '@jest/globals';
import { launchBrowser, type TestBrowser } from '../support/browser.js';
import { describeWith } from '../support/required-tool.js';
import { makeTestCertificates } from '../support/test-certificates.js';
import { accessToken } from './access-token.js';
import { startDeployment, type Deployment } from './deployment.js';
import { callApi, fetchFile, showImage } from './in-page.js';
import { attributesOf } from './jar.js';
import { logNetwork, type NetworkLog } from './network-log.js';
import { answerWithPage, passOn, serveHttps } from './own-server.js';
import { addPrivateFile, pictureText } from './private-file.js';

const SITE = 'https://www.x.test';
const API = `${SITE}/api`;

// A browser beside all the other tests on two cores.
jest.setTimeout(30_000);

describeWith(['chromium', 'certutil'], 'page, API below /api and files on one host (topology 0)', () => {
  let deployment: Deployment;
  let browser: TestBrowser;
  let network: NetworkLog;

  beforeAll(async () => {
    const certificates = await makeTestCertificates(['www.x.test']);
    deployment = await startDeployment({
      appOrigin: SITE,
      publicUrl: API,
      cloudFrontUrl: SITE,
      certificates,
      apiSpeaksTls: false,
      withoutCors: true,
    });
    const { ports } = deployment;
    // What a distribution with three behaviors does.
    const front = await serveHttps(certificates, (request, response) => {
      const path = request.url ?? '/';
      if (path.startsWith('/api/')) {
        request.headers['x-forwarded-proto'] = 'https';
        passOn({ scheme: 'http', port: ports.api }, request, response);
      } else if (path.startsWith('/courses/')) {
        passOn({ scheme: 'https', port: ports.edge, ca: certificates.caPem }, request, response);
      } else answerWithPage(request, response);
    });
    browser = await launchBrowser({
      trustedCaFile: certificates.caFile,
      hostResolverRules: `MAP www.x.test:443 127.0.0.1:${front}`,
    });
    network = await logNetwork(browser.context, browser.page);
    await browser.page.goto(SITE);
  });

  const fileBelow = (prefix: string): string => `${SITE}/${addPrivateFile(deployment.mediaFolder, prefix)}`;

  it('without access the image is refused, and a fetch reads the 403 itself: one origin, so nothing to do with CORS', async () => {
    const url = fileBelow('courses/algebra');
    expect(await showImage(browser.page, url)).toBe('refused');
    expect(await fetchFile(browser.page, url)).toMatchObject({
      status: 403,
      type: 'basic',
      text: expect.stringContaining('MissingKey'),
    });
  });

  it('with a grant the image loads and a plain fetch opens files, with no CORS request at all', async () => {
    const answer = await callApi(browser.page, `${API}/grants`, {
      body: { prefix: 'courses/algebra' },
      bearer: accessToken('u1'),
    });
    expect(answer).toMatchObject({ status: 201, body: { resource: `${SITE}/courses/algebra/*` } });
    const url = fileBelow('courses/algebra');
    expect(await showImage(browser.page, url)).toBe('shown');
    expect(await fetchFile(browser.page, url, { credentials: 'same-origin' })).toEqual({
      status: 200,
      type: 'basic',
      text: pictureText(new URL(url).pathname.slice(1)),
    });
    expect(network.requests.filter(({ method }) => method === 'OPTIONS')).toEqual([]);
    expect(browser.consoleLines.filter((line) => line.includes('CORS'))).toEqual([]);
  });

  it('the cookies are host-only, and our own cookie lives below the path of the API', async () => {
    const { expires, ...attributes } = await attributesOf(browser, '/courses/algebra');
    expect(expires).toBeGreaterThan(0);
    expect(attributes).toEqual({
      domain: 'www.x.test',
      httpOnly: true,
      secure: true,
      session: false,
      sameSite: 'Lax',
    });
    const held = (await browser.cookies()).find(({ name }) => name.startsWith('__Secure-edgepass-held-'));
    expect(held).toMatchObject({
      domain: 'www.x.test',
      path: '/api',
      httpOnly: true,
      secure: true,
    });
    expect(browser.evidence.refused).toEqual([]);
  });

  it('clearing takes them away and the file is refused', async () => {
    const { status } = await callApi(browser.page, `${API}/grants`, { method: 'DELETE' });
    expect(status).toBe(204);
    expect(await browser.cookies()).toEqual([]);
    expect(await showImage(browser.page, fileBelow('courses/algebra'))).toBe('refused');
  });
});
