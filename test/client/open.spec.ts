import { describe, expect, it } from '@jest/globals';
import type { Access, AccessEvents } from '../../packages/client/src/index.js';
import { BrowserWithTabs, refusal, type Tab } from './browser-with-tabs.js';

const ALGEBRA = 'courses/algebra';
const granted = (second: number, prefix = ALGEBRA): string => `POST /grants{"prefix":"${prefix}"} @${second}`;
const cleared = (second: number, prefix = ALGEBRA): string =>
  `DELETE /grants?prefix=${encodeURIComponent(prefix)} @${second}`;

/** Opens the prefix in a tab and keeps what it says. */
function open({ client }: Tab, prefix = ALGEBRA): { access: Access; said: string[] } {
  const access = client.open(prefix);
  const said: string[] = [];
  const names: (keyof AccessEvents)[] = ['granted', 'renewed', 'refused', 'delayed', 'expired', 'closed'];
  for (const name of names) {
    access.on(name, (value) => {
      const { message } = (value ?? {}) as { message?: string };
      said.push(message === undefined ? name : `${name}: ${message}`);
    });
  }
  return { access, said };
}

describe('open()', () => {
  it('grants at once and renews at renewAfter, a little later by chance', async () => {
    const browser = new BrowserWithTabs();
    const { access, said } = open(browser.openTab(0.5));
    await expect(access.ready).resolves.toMatchObject({ prefix: ALGEBRA });
    await browser.pass(600);
    // 60 % of 900 s, and half of a tenth of the 360 s that are left then.
    expect(browser.calls).toEqual([granted(0), granted(558)]);
    expect(said).toEqual(['granted', 'renewed']);
  });

  it('asks once for ten tabs that are opened together, and once a period afterwards', async () => {
    const browser = new BrowserWithTabs();
    const tabs = Array.from({ length: 10 }, (_, index) => open(browser.openTab(index / 10)));
    browser.nowMs += 1;
    await browser.pass(1_200);
    expect(browser.calls).toEqual([granted(0.001), granted(540.001), granted(1080.001)]);
    for (const { said } of tabs) expect(said).toEqual(['granted', 'renewed', 'renewed']);
  });

  it('asks once a period also when the messages between tabs are slow: the note is read inside the lock', async () => {
    const browser = new BrowserWithTabs();
    const tabs = [open(browser.openTab(0)), open(browser.openTab(0))];
    browser.slowMessages = true;
    browser.nowMs += 1;
    await browser.pass(541);
    expect(browser.calls).toEqual([granted(0.001), granted(540.001)]);
    for (const { said } of tabs) expect(said).toEqual(['granted', 'renewed']);
    await browser.deliver();
    for (const { said } of tabs) expect(said).toEqual(['granted', 'renewed']);
  });

  it('a tab that comes back finds what another tab renewed meanwhile, and asks for nothing', async () => {
    const browser = new BrowserWithTabs();
    const away = browser.openTab(0.5);
    const { said } = open(away);
    const { access } = open(browser.openTab());
    await access.ready;
    away.frozen = true;
    await browser.pass(700);
    await away.wake();
    expect(browser.calls).toEqual([granted(0), granted(0), granted(540)]);
    expect(said).toEqual(['granted', 'renewed']);
  });

  it('a tab that slept past the end says that the grant expired, asks, and is granted', async () => {
    const browser = new BrowserWithTabs();
    const tab = browser.openTab();
    const { access, said } = open(tab);
    await access.ready;
    tab.frozen = true;
    await browser.pass(3_600);
    expect(access.grant).toMatchObject({ prefix: ALGEBRA });
    await tab.wake();
    expect(browser.calls).toEqual([granted(0), granted(3_600)]);
    expect(said).toEqual(['granted', 'expired', 'granted']);
  });

  it.each([
    [401, 'token_expired'],
    [403, 'not_entitled'],
  ])('stops at %i and says why; a page that wakes does not ask again', async (status, code) => {
    const browser = new BrowserWithTabs();
    const tab = browser.openTab();
    browser.refusals.push(refusal(status, code));
    const { access, said } = open(tab);
    await expect(access.ready).rejects.toMatchObject({ status, code });
    await browser.pass(7_200);
    await tab.wake();
    expect(browser.calls).toEqual([granted(0)]);
    expect(said).toEqual([`refused: Title of ${code}`]);
    expect(browser.alarms).toBe(0);
  });

  it('asks again after a refusal when the page says so: somebody signed in', async () => {
    const browser = new BrowserWithTabs();
    browser.refusals.push(refusal(401, 'token_missing'));
    const { access, said } = open(browser.openTab());
    await browser.settle();
    await access.renew();
    expect(access.grant).toMatchObject({ prefix: ALGEBRA });
    expect(said).toEqual(['refused: Title of token_missing', 'granted']);
    await browser.pass(541);
    expect(browser.calls).toEqual([granted(0), granted(0), granted(540)]);
  });

  it('a renewal that is refused leaves the grant until it ends, and says when it has', async () => {
    const browser = new BrowserWithTabs();
    const { access, said } = open(browser.openTab());
    await browser.pass(1);
    browser.refusals.push(refusal(403, 'not_entitled'));
    await browser.pass(898);
    expect(said).toEqual(['granted', 'refused: Title of not_entitled']);
    expect(access.grant).toMatchObject({ prefix: ALGEBRA });
    await browser.pass(1);
    expect(said).toEqual(['granted', 'refused: Title of not_entitled', 'expired']);
    expect(access.grant).toBeUndefined();
  });

  it('waits as long as Retry-After says, in every tab, and is not hurried by a page that wakes', async () => {
    const browser = new BrowserWithTabs();
    const tabs = [browser.openTab(), browser.openTab(0.01)];
    for (const tab of tabs) open(tab);
    await browser.pass(500);
    browser.refusals.push(refusal(503, 'overloaded', { 'retry-after': '60' }));
    await browser.pass(90);
    await tabs[0]?.wake();
    expect(browser.calls).toEqual([granted(0), granted(0), granted(540)]);
    await browser.pass(30);
    expect(browser.calls).toEqual([granted(0), granted(0), granted(540), granted(600)]);
  });

  it('tries again with growing pauses while nothing answers, and at once when the network is back', async () => {
    const browser = new BrowserWithTabs();
    const tab = browser.openTab();
    const away = (): Promise<Response> => Promise.reject(new TypeError('Failed to fetch'));
    browser.refusals.push(away, away, away, away);
    const { said } = open(tab);
    await browser.pass(10);
    expect(browser.calls).toEqual([granted(0), granted(1), granted(3), granted(7)]);
    await tab.wake();
    expect(browser.calls.at(-1)).toBe(granted(10));
    expect(said.map((line) => line.slice(0, 7))).toEqual([
      'delayed',
      'delayed',
      'delayed',
      'delayed',
      'granted',
    ]);
  });

  it('gives up a call that hangs after 30 s, and asks again', async () => {
    const browser = new BrowserWithTabs();
    browser.refusals.push(() => new Promise(() => {}));
    const { said } = open(browser.openTab());
    await browser.pass(32);
    expect(browser.calls).toEqual([granted(0), granted(31)]);
    expect(said).toEqual(['delayed: No answer within 30 s.', 'granted']);
  });

  it('asks for several prefixes one after the other', async () => {
    const browser = new BrowserWithTabs();
    const tab = browser.openTab();
    let answer = (_response: Response): void => {};
    browser.refusals.push(() => new Promise((resolve) => (answer = resolve)));
    for (const prefix of ['a', 'b', 'c']) open(tab, prefix);
    await browser.settle();
    expect(browser.calls).toEqual([granted(0, 'a')]);
    answer(refusal(403, 'not_entitled')());
    await browser.settle();
    expect(browser.calls).toEqual([granted(0, 'a'), granted(0, 'b'), granted(0, 'c')]);
  });
});

describe('close()', () => {
  it('clears the cookies with keepalive and renews no more', async () => {
    const browser = new BrowserWithTabs();
    const { access, said } = open(browser.openTab());
    await access.ready;
    await access.close();
    await browser.pass(3_600);
    expect(browser.calls).toEqual([granted(0), cleared(0)]);
    expect(browser.inits[1]?.keepalive).toBe(true);
    expect(said).toEqual(['granted', 'closed']);
    expect(browser.alarms).toBe(0);
  });

  it('waits for the grant under way, so that nothing is held afterwards, and ready rejects', async () => {
    const browser = new BrowserWithTabs();
    const { access } = open(browser.openTab());
    const closed = access.close();
    await expect(access.ready).rejects.toMatchObject({ name: 'AbortError' });
    await closed;
    await browser.pass(60);
    expect(browser.calls.at(-1)).toBe(cleared(0));
  });

  it('leaves the cookies while another part of the page has the prefix open', async () => {
    const browser = new BrowserWithTabs();
    const tab = browser.openTab();
    const first = open(tab).access;
    const second = open(tab).access;
    await Promise.all([first.ready, second.ready]);
    await first.close();
    expect(browser.calls.filter((call) => call.startsWith('DELETE'))).toEqual([]);
    await second.close();
    expect(browser.calls.filter((call) => call.startsWith('DELETE'))).toEqual([cleared(0)]);
  });

  it('another tab that has the prefix open asks again a second later', async () => {
    const browser = new BrowserWithTabs();
    const { access } = open(browser.openTab());
    const { said } = open(browser.openTab());
    await browser.pass(100);
    await access.close();
    await browser.pass(1);
    expect(browser.calls.slice(2)).toEqual([cleared(100), granted(101)]);
    expect(said).toEqual(['granted', 'renewed']);
  });

  it('a prefix that is opened again right after it was closed is granted at once', async () => {
    const browser = new BrowserWithTabs();
    const tab = browser.openTab();
    const { access } = open(tab);
    await access.ready;
    const closing = access.close();
    const again = open(tab).access;
    await closing;
    await browser.settle();
    expect(browser.calls).toEqual([granted(0), cleared(0), granted(0)]);
    expect(again.grant).toMatchObject({ prefix: ALGEBRA });
  });

  it('clear() at sign-out closes what is open, in every tab', async () => {
    const browser = new BrowserWithTabs();
    const [here, there] = [browser.openTab(), browser.openTab()];
    const both = [open(here), open(there)];
    await browser.settle();
    await here.client.clear();
    await browser.pass(3_600);
    expect(browser.calls.at(-1)).toBe('DELETE /grants @0');
    for (const { said } of both) expect(said).toEqual(['granted', 'closed']);
  });
});

describe('files that the page loads by the client', () => {
  const MASK = 'https://cdn.example.com/courses/algebra/mask.svg';
  const FONT = 'https://cdn.example.com/courses/algebra/course.woff2';

  it('a blob URL is loaded with cookies after the grant, and revoked by close()', async () => {
    const browser = new BrowserWithTabs();
    const { access } = open(browser.openTab());
    const url = await access.blobUrl(MASK);
    expect(browser.calls.map((call) => call.split('{')[0])).toEqual([
      'POST /grants',
      'undefined /courses/algebra/mask.svg @0',
    ]);
    expect(browser.inits[1]).toEqual({ credentials: 'include' });
    await expect(fetch(url).then((response) => response.text())).resolves.toBe(`file at ${MASK}`);
    await access.close();
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  });

  it('a font is added to the page under its name', async () => {
    const added: unknown[] = [];
    class FontFace {
      isLoaded = false;
      constructor(
        readonly name: string,
        readonly data: ArrayBuffer,
        readonly descriptors: object,
      ) {}
      async load(): Promise<void> {
        this.isLoaded = true;
      }
    }
    const page = globalThis as { FontFace?: unknown; document?: unknown };
    page.FontFace = FontFace;
    const browser = new BrowserWithTabs();
    const { access } = open(browser.openTab());
    await access.ready;
    page.document = { fonts: { add: (font: unknown) => added.push(font) } };
    try {
      await access.loadFont('Course', FONT, { weight: '700' });
    } finally {
      delete page.FontFace;
      delete page.document;
    }
    expect(added).toEqual([
      { name: 'Course', data: expect.any(ArrayBuffer), descriptors: { weight: '700' }, isLoaded: true },
    ]);
  });

  it('a file that the CDN refuses rejects with its status, and one that cannot be read without', async () => {
    const browser = new BrowserWithTabs();
    const { access } = open(browser.openTab());
    browser.file = () => new Response(null, { status: 403 });
    await expect(access.blobUrl(MASK)).rejects.toMatchObject({
      name: 'EdgepassLoadError',
      url: MASK,
      status: 403,
    });
    browser.file = () => {
      throw new TypeError('Failed to fetch');
    };
    await expect(access.loadFont('Course', FONT)).rejects.toMatchObject({
      name: 'EdgepassLoadError',
      url: FONT,
      status: undefined,
    });
  });

  it('nothing is loaded where the grant was refused: the refusal is the error', async () => {
    const browser = new BrowserWithTabs();
    browser.refusals.push(refusal(403, 'not_entitled'));
    const { access } = open(browser.openTab());
    await expect(access.blobUrl(MASK)).rejects.toMatchObject({ code: 'not_entitled' });
    expect(browser.calls).toEqual([granted(0)]);
  });

  it('diagnose() asks the API why a file does not load', async () => {
    const diagnosis = {
      url: MASK,
      origin: 'https://app.example.com',
      entitled: true,
      sentence: 'All is well.',
      diagnosis: { rootCause: null, alsoPossible: [] },
    };
    const browser = new BrowserWithTabs();
    const { access } = open(browser.openTab());
    await access.ready;
    browser.refusals.push(() => Response.json(diagnosis));
    await expect(access.diagnose(MASK)).resolves.toEqual(diagnosis);
    expect(browser.calls.at(-1)).toBe(`POST /diagnoses{"url":"${MASK}"} @0`);
  });
});
