import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { CdnRequest, Folder, LoadingStage } from './stage.js';
import type { Way } from './ways.js';

/** A tab of a browser that runs scripts. */
export interface LoadingTab {
  /** Runs an expression in the page; gives what its promise gives, as JSON. */
  run(expression: string): Promise<unknown>;
  close(): Promise<void>;
}

export interface LoadingBrowser {
  readonly version: string;
  /** Opens a page in a new tab, once it has loaded. */
  open(url: string): Promise<LoadingTab>;
}

/** What one way did in one situation. */
export interface Outcome {
  /** `sent`, `without`, `not asked`, or each file with its own: `inner.html sent, a.png without`. */
  readonly cookies: string;
  readonly works: boolean;
}

export interface WayResult extends Outcome {
  /** Whether it fails where the CDN sends no CORS headers; null where it does not load from an open folder either. */
  readonly needsCors: boolean | null;
  /** From a page of another registrable domain, with cookies that say `SameSite=None; Secure; Partitioned`. */
  readonly partitioned: Outcome;
  /** From there with the cookies that say `SameSite=Lax`. */
  readonly lax: Outcome;
}

/** Whose page it is, and what cookies the browser holds. */
type Situation = 'same-site' | 'partitioned' | 'lax';

const LIBRARY = readFileSync(join(import.meta.dirname, 'page-library.js'), 'utf8').replaceAll(
  /^export /gm,
  '',
);
/** So many at once: a browser opens six connections to a host. */
const AT_ONCE = 24;
const QUIET_MILLISECONDS = 600;

interface Item {
  readonly way: Way;
  readonly key: string;
}

/** What each way does in each situation, by its id. Takes minutes. */
export async function measureWhole(
  stage: LoadingStage,
  browser: LoadingBrowser,
  ways: readonly Way[],
): Promise<ReadonlyMap<string, WayResult>> {
  const { sameSite, otherSite } = stage.pages;
  await fetchIn(browser, sameSite, stage.cookieAddress('Secure; SameSite=Lax'));
  const own = await runAll(stage, browser, ways, 'same-site', ['private', 'open', 'no-cors']);
  const lax = await runAll(stage, browser, ways, 'lax', ['private']);
  await fetchIn(browser, sameSite, stage.cookieAddress('Secure; SameSite=Lax; Max-Age=0'));
  await fetchIn(browser, otherSite, stage.cookieAddress('Secure; SameSite=None; Partitioned'));
  const partitioned = await runAll(stage, browser, ways, 'partitioned', ['private']);
  return new Map(
    ways.map((way) => {
      const needsCors = own(way, 'open').works ? !own(way, 'no-cors').works : null;
      return [
        way.id,
        {
          ...own(way, 'private'),
          needsCors,
          partitioned: partitioned(way, 'private'),
          lax: lax(way, 'private'),
        },
      ];
    }),
  );
}

/** What each way does on a page of the same site, by its id: the first half of a {@link WayResult}. */
export async function measureHere(
  stage: LoadingStage,
  browser: LoadingBrowser,
  ways: readonly Way[],
): Promise<ReadonlyMap<string, Outcome>> {
  await fetchIn(browser, stage.pages.sameSite, stage.cookieAddress('Secure; SameSite=Lax'));
  const own = await runAll(stage, browser, ways, 'same-site', ['private']);
  return new Map(ways.map((way) => [way.id, own(way, 'private')]));
}

async function fetchIn(browser: LoadingBrowser, page: string, address: string): Promise<void> {
  const tab = await browser.open(page);
  await tab.run(`fetch(${JSON.stringify(address)}, { credentials: 'include' }).then(({ ok }) => ok)`);
  await tab.close();
}

/** Runs every way in one situation; gives a function that says what became of it. */
async function runAll(
  stage: LoadingStage,
  browser: LoadingBrowser,
  ways: readonly Way[],
  situation: Situation,
  folders: readonly Folder[],
): Promise<(way: Way, folder: Folder) => Outcome> {
  const page = situation === 'same-site' ? stage.pages.sameSite : stage.pages.otherSite;
  const items = folders.flatMap((folder) =>
    ways.map((way) => ({ way, key: `${folder}/${situation}/${way.id}` })),
  );
  const together = items.filter(({ way }) => way.isAlone !== true);
  const batches = Array.from({ length: Math.ceil(together.length / AT_ONCE) }, (_, index) =>
    together.slice(index * AT_ONCE, (index + 1) * AT_ONCE),
  );
  const alone = items.filter(({ way }) => way.isAlone === true).map((item) => [item]);
  const said: Record<string, boolean | null> = {};
  for (const batch of [...batches, ...alone]) {
    // oxlint-disable-next-line no-await-in-loop -- a browser draws one tab at a time
    Object.assign(said, await runTogether(stage, browser, page, batch));
  }
  return (way, folder) => {
    const key = `${folder}/${situation}/${way.id}`;
    const requests = stage.requests.filter((request) => request.key === key);
    return outcomeOf(way, folder, requests, said[key] ?? null);
  };
}

async function runTogether(
  stage: LoadingStage,
  browser: LoadingBrowser,
  page: string,
  items: readonly Item[],
): Promise<Readonly<Record<string, boolean | null>>> {
  const tab = await browser.open(page);
  const entries = items.map(({ way, key }) => {
    const name = key.replaceAll(/[^a-z]/g, '_');
    return `{ key: '${key}', name: '${name}', body: async (name) => { ${scriptOf(stage, way, key)} } }`;
  });
  try {
    const expression = `(() => { ${LIBRARY}\n return runAll([${entries.join(',\n')}]); })()`;
    return (await tab.run(expression)) as Record<string, boolean | null>;
  } catch (error) {
    // A way that leads its tab elsewhere ends the script with it.
    if (items.some(({ way }) => way.isAlone !== true)) throw error;
    return {};
  } finally {
    await untilQuiet(stage);
    await tab.close();
  }
}

function scriptOf(stage: LoadingStage, { run }: Way, key: string): string {
  return run
    .replaceAll('{hop}', stage.redirecting)
    .replaceAll(/\{(\w+\.\w+)\}/g, (_, file: string) => stage.fileAddress(key, file));
}

/** What a style asks for comes when the page is drawn: after the script. */
async function untilQuiet({ requests }: LoadingStage): Promise<void> {
  let count = -1;
  while (count !== requests.length) {
    count = requests.length;
    // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
    await setTimeout(QUIET_MILLISECONDS);
  }
}

/** What the CDN saw and the page said, in one. */
function outcomeOf(way: Way, folder: Folder, requests: readonly CdnRequest[], said: boolean | null): Outcome {
  const counted = requests.filter(({ file }) => way.only === undefined || way.only === file);
  const asked = counted.filter(({ method }) => method !== 'OPTIONS');
  const isServed = ({ status, corsOrigin }: CdnRequest): boolean =>
    status < 400 && (corsOrigin === null || (folder !== 'no-cors' && corsOrigin !== 'null'));
  return {
    cookies: cookiesOf(way, asked, counted.length > asked.length),
    works: said ?? (asked.length > 0 && asked.every(isServed)),
  };
}

function cookiesOf(way: Way, asked: readonly CdnRequest[], hasPreflight: boolean): string {
  if (asked.length === 0) return hasPreflight ? 'preflight only' : 'not asked';
  const texts = asked.map(({ file, cookies }) => [file, cookies === 3 ? 'sent' : 'without'] as const);
  const kinds = new Set(texts.map(([, text]) => text));
  const [kind = ''] = kinds;
  const isTwice = way.isCounted === true && new Set(asked.map(({ file }) => file)).size < asked.length;
  if (kinds.size === 1) return isTwice ? `${kind}, asked ${asked.length} times` : kind;
  if (way.isCounted === true) return texts.map(([, text]) => text).join(', then ');
  return [...new Set(texts.map((pair) => pair.join(' ')))].toSorted().join(', ');
}
