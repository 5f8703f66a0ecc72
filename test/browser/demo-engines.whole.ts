// The demo page in the engines that its other tests do not use; they take seconds to start: `npm run whole`. WebKitGTK runs
// where Debian's webkit2gtk-driver and xvfb are installed, as root.
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { BROWSERS } from '../loading/browsers.js';
import { until } from '../support/operated-api.js';
import { describeWith } from '../support/required-tool.js';
import { startStack, type LocalStack } from './local-stack.js';

/** Whether the engine keeps the sign-in cookie: WebKitGTK drops what a sibling host below `.localhost` sets without Domain. */
const ENGINES = [
  { engine: 'firefox', keepsSignIn: true },
  { engine: 'webkitgtk', keepsSignIn: false },
] as const;

/** What a script of the page must give, by script. */
type Wanted = Readonly<Record<string, unknown>>;

const byTestId = (testId: string): string => `document.querySelector('[data-testid="${testId}"]')`;
const textOf = (testId: string): string => `${byTestId(testId)}.textContent.trim()`;
const click = (testId: string): string => `${byTestId(testId)}.click()`;
const VIEWER = "document.querySelector('#app').dataset.viewer";
/** How many elements with that test id are in that state. */
const inState = (testId: string, state: string): string =>
  `document.querySelectorAll('[data-testid="${testId}"][data-state="${state}"]').length`;
const filesOf = (state: string): Wanted => ({
  [inState('image', state)]: 6,
  [inState('map', state)]: 1,
  [inState('board', state)]: 1,
});
const REFUSED = { ...filesOf('refused'), [inState('video', 'refused')]: 1 };

for (const { engine, keepsSignIn } of ENGINES) {
  describeWith(BROWSERS[engine].tools, `the demo page in ${engine}`, () => {
    let stack: LocalStack;
    let browser: Awaited<ReturnType<(typeof BROWSERS)[typeof engine]['launch']>>;
    let page: Awaited<ReturnType<typeof browser.open>>;

    beforeAll(async () => {
      stack = await startStack();
      browser = await BROWSERS[engine].launch(stack.caFile);
      page = await browser.open(stack.appUrl);
    }, 120_000);
    afterAll(() => browser.close());

    /** What those scripts give in the page, once it is that, and else after 20 s. */
    async function settled(wanted: Wanted): Promise<unknown> {
      const members = Object.keys(wanted).map((script) => `[${JSON.stringify(script)}]: ${script}`);
      let found: unknown;
      const look = async (): Promise<boolean> => {
        // As text: an object of another realm is strictly equal to none.
        found = JSON.parse((await page.run(`JSON.stringify({ ${members.join(', ')} })`)) as string);
        return isDeepStrictEqual(found, wanted);
      };
      await until(look, 20_000).catch(() => undefined);
      return found;
    }

    const choose = async (testId: string, value: string): Promise<void> => {
      await page.run(`void (${byTestId(testId)}.value = ${JSON.stringify(value)})`);
    };
    const signIn = async (user: string): Promise<unknown> => {
      await page.run(click(`sign-in-${user}`));
      return settled({ [VIEWER]: user });
    };

    it('refuses every file while nobody is signed in', async () => {
      const wanted = { ...REFUSED, "document.querySelector('#certificate-warning').hidden": true };
      expect(await settled(wanted)).toEqual(wanted);
    }, 60_000);

    it('signs Bob in on another host, and he reads what he may open', async () => {
      await signIn('bob');
      await page.run(click('ask'));
      const wanted = { [textOf('status')]: 'Bob may open only /users/bob.' };
      expect(await settled(wanted)).toEqual(wanted);
    }, 60_000);

    it('says where the browser did not keep the sign-in cookie', async () => {
      await signIn('alice');
      const notice =
        ' This browser did not keep the sign-in cookie of the other host, so this page sends the token itself.';
      const wanted = { [textOf('status')]: `Hello Alice.${keepsSignIn ? '' : notice}` };
      expect(await settled(wanted)).toEqual(wanted);
    }, 60_000);

    it('shows images, map and font once Alice has asked, and no other folder', async () => {
      await choose('prefix', 'courses/algebra');
      await page.run(click('ask'));
      const wanted = { ...filesOf('shown'), [textOf('access')]: 'open', [inState('sibling', 'refused')]: 1 };
      expect(await settled(wanted)).toEqual(wanted);
    }, 60_000);

    it('sets the text in the private font', async () => {
      // Firefox writes the name in quotes.
      const wanted = {
        "[...document.fonts].map(({ family, status }) => family.replaceAll('\"', '') + ' ' + status).join()":
          'Private handwriting loaded',
      };
      expect(await settled(wanted)).toEqual(wanted);
    }, 60_000);

    it('plays the video with its captions', async () => {
      await page.run("void document.querySelector('#video').play()");
      const wanted = {
        "document.querySelector('#video').currentTime > 1": true,
        "document.querySelector('#video track').track.cues.length > 0": true,
      };
      expect(await settled(wanted)).toEqual(wanted);
    }, 60_000);

    it('has the files and the viewer still after a reload', async () => {
      await page.run('void ((globalThis.isOld = true), location.reload())');
      const wanted = {
        'globalThis.isOld === undefined': true,
        "document.querySelector('#app').dataset.ready": 'true',
        ...filesOf('shown'),
        [VIEWER]: 'alice',
      };
      expect(await settled(wanted)).toEqual(wanted);
    }, 60_000);

    it('names the cause when the edge is made wrong, and opens the file once that is cured', async () => {
      await choose('incident-kind', 'no-cors');
      await page.run(click('provoke'));
      const failing = {
        [textOf('incident-finds')]: 'The CDN serves the file without any CORS header for this page.',
      };
      expect(await settled(failing)).toEqual(failing);
      await page.run(click('cure'));
      const cured = { [textOf('incident-learns')]: 'Status 200, and the file' };
      expect(await settled(cured)).toEqual(cured);
    }, 60_000);

    it('refuses every file again once the cookies are cleared', async () => {
      await page.run(click('clear'));
      const wanted = { ...REFUSED, [textOf('access')]: 'cleared', [inState('proof', 'refused')]: 1 };
      expect(await settled(wanted)).toEqual(wanted);
    }, 60_000);

    it('lets Carol decide, and signs her out', async () => {
      await signIn('carol');
      const rights = { "document.querySelectorAll('#rights > li').length": 3 };
      expect(await settled(rights)).toEqual(rights);
      await page.run(click('sign-out'));
      const nobody = { [VIEWER]: '', [textOf('signed-in')]: 'Nobody is signed in.' };
      expect(await settled(nobody)).toEqual(nobody);
    }, 60_000);
  });
}
