// npm run docs, its second half: writes the pages that are made from the checks of the doctor, or compares them (--check).
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { formatPage } from '../../test/support/format-page.ts';
import { causePages, causeTable } from '../doctor/dist/page.js';

const docs = fileURLToPath(new URL('../../docs/', import.meta.url));
const isCheck = process.argv.includes('--check');

const manual = readFileSync(`${docs}doctor.md`, 'utf8');
const table = /<!-- causes -->[^]*<!-- end of causes -->/;
const pages = new Map([...causePages()].map(([name, text]) => [`doctor/${name}`, text]));
pages.set(
  'doctor.md',
  manual.replace(table, () => `<!-- causes -->\n\n${causeTable()}\n\n<!-- end of causes -->`),
);

mkdirSync(`${docs}doctor`, { recursive: true });
for (const [name, text] of pages) {
  const formatted = await formatPage(text);
  let found = '';
  try {
    found = readFileSync(docs + name, 'utf8');
  } catch {
    // A page that is not there yet.
  }
  if (found === formatted) continue;
  if (isCheck) {
    process.stderr.write(`docs/${name}: differs from the checks of the doctor; run: npm run docs\n`);
    process.exitCode = 1;
  } else {
    writeFileSync(docs + name, formatted);
    process.stdout.write(`docs/${name} written\n`);
  }
}
