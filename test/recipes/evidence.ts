import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { versionOf } from './recipe-page.js';
import type { Recipe } from './recipes.js';

const PAGE = join(import.meta.dirname, '../../docs/evidence/recipes.md');

const HEAD = `<!-- Made by \`npm run recipes\`. Do not edit. -->

# Players and libraries with signed cookies

\`npm run recipes\` installs the libraries of [examples/recipes](../../examples/recipes/package.json) (615 MB, no part of the
repository's own \`npm ci\`) and runs every block of
[players.md](../players.md) and [libraries.md](../libraries.md) in a real browser, on a page, an API and a CDN of three hosts.
The CDN's host writes down each request. For each recipe:

- with it every file is asked for with the cookies and opened, and the film plays, the picture shows, the sound loads;
- with one line changed exactly the files that the page names are asked for without cookies and refused.

\`npm run recipes -- --large\` does the same with libraries that take more than 30 MB; it is not part of the other, which installs
the rest. \`npm run recipes -- --long\` plays for three minutes with grants of 60 seconds, all players side by side.
\`npm run whole\` runs the recipes of hls.js and Video.js 8.
`;

/** Writes the recipes that passed into docs/evidence/recipes.md. */
export function writeResults(title: string, version: string, recipes: readonly Recipe[]): void {
  const rows = recipes.map(({ name, file, packages, loads, neverSent = [], variations }) => {
    const versions = packages.map((one) => `${one} ${versionOf(one, file)}`).join(', ');
    return `| ${name.replaceAll('<', '\\<')} | ${versions} | ${loads.length} | ${neverSent.join(', ')} | ${variations.length} |`;
  });
  writeSection(
    title,
    `Version ${version}, ${today()}: all passed.

| recipe | packages | kinds of files with cookies | never with cookies | pages without a part of it that fail as said |
| ------ | -------- | --------------------------- | ------------------ | -------------------------------------------- |
${rows.join('\n')}`,
  );
}

/** Replaces one section of the page; the others stay. */
export function writeSection(title: string, text: string): void {
  const found = existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : HEAD;
  const sections = new Map(
    found
      .split(/^## /m)
      .slice(1)
      .map((section) => {
        const [first = '', ...rest] = section.split('\n');
        return [first, rest.join('\n').trim()] as const;
      }),
  );
  sections.set(title, text);
  const body = [...sections].map(([heading, content]) => `\n## ${heading}\n\n${content}\n`).join('');
  writeFileSync(PAGE, HEAD + body);
}

export const today = (): string => new Date().toISOString().slice(0, 10);
