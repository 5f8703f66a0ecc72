// npm run docs, its last part: the pages of the ways of loading, from ways.ts and measured.json.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatPage } from '../support/format-page.ts';
import { loadingPages } from './page.ts';
import { GROUPS } from './ways.ts';

const docs = fileURLToPath(new URL('../../docs/', import.meta.url));
const measured = JSON.parse(readFileSync(new URL('measured.json', import.meta.url), 'utf8'));

for (const [name, text] of loadingPages(GROUPS, measured)) {
  const page = join(docs, name);
  mkdirSync(dirname(page), { recursive: true });
  writeFileSync(page, await formatPage(text));
}
