import { beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import {
  BROKEN_LINES,
  CDN_HOST,
  PAGE,
  startTemplateEdge,
  STEPS,
  TEMPLATE,
  withBrokenLine,
  type Step,
  type TemplateEdge,
} from '../infra/broken-lines.js';
import { launchBrowser, type TestBrowser } from '../support/browser.js';
import { describeWith } from '../support/required-tool.js';
import { IS_WHOLE } from '../support/whole.js';
import { fetchFile, showImage } from './in-page.js';
import { answerWithPage, serveHttps } from './own-server.js';

// `npm run whole` shows every line to the browser; test/infra judges the answers to all of them.
const lines = BROKEN_LINES.filter((line) => IS_WHOLE || line.isSample);

jest.setTimeout(30_000);

describeWith(['chromium', 'certutil'], 'a page behind the template of infra/', () => {
  let edge: TemplateEdge;
  let browser: TestBrowser;

  beforeAll(async () => {
    edge = await startTemplateEdge();
    // A server of its own: what is fulfilled by the test counts for no network, and switches the browser's cache off.
    const port = await serveHttps(edge.certificates, (request, response) => {
      if (request.url === '/isolated') response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
      answerWithPage(request, response);
    });
    browser = await launchBrowser({
      trustedCaFile: edge.certificates.caFile,
      hostResolverRules: `MAP ${new URL(PAGE).hostname} 127.0.0.1:${port}`,
    });
  });

  beforeEach(async () => {
    await browser.context.clearCookies();
  });

  const signIn = () =>
    browser.context.addCookies(
      edge.cookie.split('; ').map((pair) => {
        const [name = '', value = ''] = pair.split('=');
        const domain = `.${CDN_HOST.replace(/^cdn\./, '')}`;
        return { name, value, domain, path: '/', httpOnly: true, secure: true, sameSite: 'Lax' as const };
      }),
    );

  /** Whether a step fails, each with a file that the browser has never seen. */
  async function fails(step: Step): Promise<boolean> {
    const { page } = browser;
    const url = edge.newFile();
    await page.goto(`${PAGE}/${step === 'isolated' ? 'isolated' : ''}`);
    if (step === 'closed') return (await showImage(page, url)) !== 'refused';
    await signIn();
    if (step === 'image' || step === 'isolated') return (await showImage(page, url)) === 'refused';
    if (step === 'script-after-image') await showImage(page, url);
    if (step !== 'header') {
      const answer = await fetchFile(page, url);
      return 'error' in answer || answer.status !== 200;
    }
    return page.evaluate(async (address) => {
      try {
        return (await fetch(address, { credentials: 'include' })).headers.get('etag') === null;
      } catch {
        return true;
      }
    }, url);
  }

  async function failingSteps(): Promise<readonly Step[]> {
    const failing: Step[] = [];
    for (const step of STEPS) {
      // oxlint-disable-next-line no-await-in-loop -- one page, one step after the other
      if (await fails(step)) failing.push(step);
    }
    return failing;
  }

  it('shows files to who may see them, and a script of the page reads them', async () => {
    edge.read(TEMPLATE);
    expect(await failingSteps()).toEqual([]);
  });

  it.each(lines)('fails where $what', async (line) => {
    edge.read(withBrokenLine(line));
    expect(await failingSteps()).toEqual(line.fails);
  });
});
