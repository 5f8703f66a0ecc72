// npm run docs, its third part: puts the recipes and what fails without them into docs/players.md and docs/libraries.md, or
// compares them (--check). It is what test/recipes/recipes.spec.ts runs and asserts.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { formatPage } from '../support/format-page.ts';
import { LARGE, LIBRARIES, PLAYERS } from './recipes.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const isCheck = process.argv.includes('--check');
const RECIPES = [...PLAYERS, ...LIBRARIES, ...LARGE];

const withoutCookies = (names) => {
  const list = names.map((name) => `\`${name}\``).join(' and ');
  return names.length === 1
    ? `${list} goes without cookies and is refused`
    : `${list} go without cookies and are refused`;
};

function lineOf({ how, refused, notAsked = [], isShown }) {
  const facts = [
    ...(refused.length === 0 ? [] : [withoutCookies(refused)]),
    ...notAsked.map((name) => `\`${name}\` is not asked for`),
  ];
  return `- ${how}: ${facts.join('; ')}; ${isShown ? 'the rest works' : 'nothing is shown'}`;
}

function blockOf(file) {
  const recipes = RECIPES.filter((recipe) => recipe.file === file);
  const code = readFileSync(`${root}examples/recipes/${file}`, 'utf8').trimEnd();
  const lines = recipes.flatMap(({ neverSent = [], variations }) => [
    ...variations.map(lineOf),
    ...neverSent.map((name) => `- in any case: ${withoutCookies([name])}`),
  ]);
  const facts = [...new Set(lines)].join('\n');
  return `\`\`\`${file.endsWith('.jsx') ? 'jsx' : 'js'} ${file}\n${code}\n\`\`\`\n${facts === '' ? '' : `\n${facts}\n`}`;
}

/** A block of code that names its file, and the list that follows it. */
const MARKED = /```jsx? (\S+\.(?:mjs|jsx))\n[^]*?```\n(?:\n(?:- (?:with|in any case)[^]*?\n(?=\n)))?/g;
const shown = new Set();
for (const page of ['docs/players.md', 'docs/libraries.md']) {
  const found = readFileSync(root + page, 'utf8');
  const text = found.replaceAll(MARKED, (_block, file) => {
    shown.add(file);
    return blockOf(file);
  });
  const written = await formatPage(text);
  if (written === found) continue;
  if (isCheck) fail(`${page}: differs from the recipes; run: npm run docs`);
  else {
    writeFileSync(root + page, written);
    process.stdout.write(`${page} written\n`);
  }
}
for (const file of globSync(['*.{mjs,jsx}', 'large/*.{mjs,jsx}'], { cwd: `${root}examples/recipes` }))
  if (!shown.has(file)) fail(`examples/recipes/${file}: on no page`);

function fail(reason) {
  process.stderr.write(`${reason}\n`);
  process.exitCode = 1;
}
