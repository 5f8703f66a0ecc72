import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest, test } from '@jest/globals';
import { formatPage } from '../support/format-page.js';
import { describeWith } from '../support/required-tool.js';
import { IS_WHOLE } from '../support/whole.js';
import { BROWSERS } from './browsers.js';
import { measureHere, measureWhole, type Outcome } from './measure.js';
import { ENGINES, loadingPages, withoutCure, type EngineName, type Measured } from './page.js';
import { startLoadingStage, type LoadingStage } from './stage.js';
import { GROUPS, SAMPLE, WAYS } from './ways.js';

/** `npm run loading` names the engines and takes every way; `npm run whole` takes a sample in Chromium and Firefox. */
const wanted = process.env['EDGEPASS_LOADING']?.split(',');
const isWriting = process.env['EDGEPASS_LOADING_WRITE'] === '1';
const engines: readonly EngineName[] =
  wanted === undefined
    ? IS_WHOLE
      ? ['chromium', 'firefox']
      : []
    : ENGINES.filter((name) => wanted.includes(name));
const named = wanted === undefined ? SAMPLE : process.env['EDGEPASS_LOADING_WAYS']?.split(',');
const ways = WAYS.filter(({ id }) => named?.includes(id) ?? true);

const DATA = join(import.meta.dirname, 'measured.json');
const DOCS = join(import.meta.dirname, '../../docs');

function recorded(): Measured {
  return JSON.parse(readFileSync(DATA, 'utf8')) as Measured;
}

/** Writes what was seen in one engine, beside what is recorded of the others. */
function record(engine: EngineName, version: string, seen: ReadonlyMap<string, Outcome>): void {
  const date = new Date().toISOString().slice(0, 10);
  const all = { ...recorded(), [engine]: { version, date, ways: Object.fromEntries(seen) } };
  // A line for each way, for those who compare two runs.
  const texts = Object.entries(all).map(([name, { ways: rows, ...about }]) => {
    const lines = Object.entries(rows).map(([id, result]) => `      "${id}": ${JSON.stringify(result)}`);
    const head = JSON.stringify(about).slice(1, -1);
    return `  "${name}": {\n    ${head},\n    "ways": {\n${lines.join(',\n')}\n    }\n  }`;
  });
  writeFileSync(DATA, `{\n${texts.join(',\n')}\n}\n`);
}

jest.setTimeout(60_000);

for (const engine of engines) {
  describeWith(BROWSERS[engine].tools, `loading in ${engine}`, () => {
    let stage: LoadingStage;
    let seen: ReadonlyMap<string, Outcome>;

    beforeAll(async () => {
      stage = await startLoadingStage();
      const browser = await BROWSERS[engine].launch(stage.caFile);
      seen = await (wanted === undefined ? measureHere : measureWhole)(stage, browser, ways);
      await browser.close();
      if (isWriting) record(engine, browser.version, seen);
    }, 1_800_000);

    afterAll(() => stage.close());

    it.each(ways)('$id: $title', ({ id }) => {
      expect({ ...recorded()[engine].ways[id], ...seen.get(id) }).toEqual(recorded()[engine].ways[id]);
      expect(seen.get(id)?.cookies).toEqual(expect.any(String));
    });
  });
}

test('--write takes no --way: the version and date that it records are those of every way', () => {
  const args = [join(import.meta.dirname, 'run.mjs'), '--write', '--way', 'img'];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr:
      '--write: expected without --way, because the version and date that it records are those of every way\n',
  });
});

describe('what is recorded', () => {
  test('is of every way in every engine, and of no other', () => {
    const ids = WAYS.map(({ id }) => id).toSorted();
    for (const engine of ENGINES) expect(Object.keys(recorded()[engine].ways).toSorted()).toEqual(ids);
  });

  test('has no cookie of WebKitGTK from another site, as docs/loading.md says', () => {
    const results = Object.values(recorded().webkitgtk.ways);
    expect(results.filter(({ partitioned }) => partitioned.cookies.includes('sent'))).toEqual([]);
  });

  test('shows a cure at work for every way that fails, in the engine where it fails', () => {
    expect(withoutCure(GROUPS, recorded())).toEqual([]);
  });

  test.each(['loading.md', 'loading/scripts.md'])('is what docs/%s says', async (name) => {
    const page = join(DOCS, name);
    const text = loadingPages(GROUPS, recorded()).get(name) ?? '';
    expect(readFileSync(page, 'utf8')).toBe(await formatPage(text));
  });
});
