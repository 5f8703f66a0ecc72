import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { formatPage } from '../support/format-page.js';
import { CONFIGURED } from './configurations.js';
import { LIVED } from './lives.js';
import { PASTED } from './messages.js';
import { RECORDED } from './scenarios.js';

const PAGE = join(import.meta.dirname, '../../docs/evidence/doctor.md');

interface Row {
  readonly entry: string;
  readonly evidence: string;
  readonly how: string;
  readonly id: string | null;
}

const rows: readonly Row[] = [
  ...RECORDED.map((one) => ({ ...one, evidence: 'HAR' })),
  ...PASTED.map((one) => ({ ...one, evidence: 'console' })),
  ...CONFIGURED.map((one) => ({ ...one, evidence: 'configuration' })),
  ...LIVED.map((one) => ({ ...one, evidence: 'live' })),
].toSorted((a, b) => Number(a.entry.slice(1)) - Number(b.entry.slice(1)));

const ENTRIES = Array.from({ length: 61 }, (_, index) => `F${index + 1}`);
const named = (entry: string) => rows.filter((row) => row.entry === entry && row.id !== null);

function render(): string {
  const lines = rows.map(
    ({ entry, evidence, how, id }) =>
      `| ${entry} | ${evidence} | ${how.replaceAll('|', String.raw`\|`).replaceAll('*', String.raw`\*`)} | ${id ?? 'left open, with the entry among what is left'} |`,
  );
  const count = ENTRIES.filter((entry) => named(entry).length > 0).length;
  return `# What the doctor named

Each row is a test of \`test/doctor/\`: a way to switch a failure of [the catalogue](../rules.md#f-failures-that-a-browser-shows) on, the evidence, and the cause that was named. ${count} of ${ENTRIES.length} failures are named from at least one way; no row names another cause, nor do the console lines of any recording alone. \`npm test\` plays the first recording of each failure and cause, \`npm run whole\` every one. The recordings are made by a browser of the tests that obeys cookies and CORS by code of its own, against the real local edge. \`npm run doctor:recordings\` records the same faults in Chromium and Firefox ESR, but for those that need another engine, a frame, plain HTTP or a receiver: on 2026-11-28 (Chromium 156, Firefox ESR 153) 169 of 174 recordings were named rightly, 5 left open, none wrongly.

That two failures at once never name a third is looked at in every pair: \`npm run doctor:pairs\` plays all of them, each read with and without the lines of the console, \`npm test\` the same 20 always. Where both failures move the API, the page asks each of the two hosts for a grant. On 2026-11-28 all 11,236 pairs of 106 ways were played: two named a third, which was mended, and none does since. A failure that two make together is named as what it is: SameSite=Strict on a page that another failure has moved to another site is F14.

| failure | evidence | switched on by | named |
| --- | --- | --- | --- |
${lines.join('\n')}
`;
}

describe('the pages of docs/doctor', () => {
  test('are those of the checks', () => {
    const script = join(import.meta.dirname, '../../packages/release/doctor-pages.mjs');
    const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

describe('docs/evidence/doctor.md', () => {
  test('lists what the tests show: UPDATE_TABLE=1 writes it', async () => {
    const text = await formatPage(render());
    if (process.env['UPDATE_TABLE'] === '1') writeFileSync(PAGE, text);
    expect(existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : '').toBe(text);
  });

  test('names every failure of the catalogue in two ways', () => {
    expect(ENTRIES.filter((entry) => named(entry).length < 2)).toEqual([]);
  });
});
