import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FOLDER_NAMES } from './folder-names.js';

const PAGE = join(import.meta.dirname, '../../docs/evidence/folder-names.md');

/** Writes the result of one browser into docs/evidence/folder-names.md, beside what the others had. */
export function writeResult(browserName: string, version: string, passed: readonly string[]): void {
  const results = new Map(existsSync(PAGE) ? resultsIn(readFileSync(PAGE, 'utf8')) : []);
  const date = new Date().toISOString().slice(0, 10);
  results.set(browserName, `${version}, ${date}: ${passed.length} of ${FOLDER_NAMES.length}`);
  const missing = FOLDER_NAMES.filter(({ script }) => !passed.includes(script));
  if (missing.length > 0)
    throw new Error(`not shown in ${browserName}: ${missing.map(({ script }) => script).join(', ')}`);
  writeFileSync(PAGE, pageOf(results));
}

function resultsIn(page: string): readonly (readonly [browserName: string, result: string])[] {
  return [...page.matchAll(/^- \*\*(.+?)\*\* (.+)$/gm)].map(([, name = '', result = '']) => [name, result]);
}

function pageOf(results: ReadonlyMap<string, string>): string {
  const bytes = (name: string): number => encodeURI(name).length;
  return `<!-- Made by \`npm run folder-names\`. Do not edit. -->

# Folder names in browsers

\`npm run folder-names\` grants each folder below by its own name in Chromium and in Firefox ESR; four of them are
part of \`npm run whole\`, and the demo page's Korean course of \`npm test\`. For each name, with real cookies in a real jar:

- before the grant a file is refused;
- the answer has the name, and the Resource its escaped form, which is also the cookies' Path as the jar holds it;
- an \`<img>\` whose \`src\` is the plain name, a \`fetch\` of \`new URL(…)\`, and HLS with relative segments load; the target that
  came over the wire is the escaped form byte for byte, and the edge opens it;
- a folder whose name begins alike, and the other Unicode form (NFC, NFD), are refused, and no cookie is sent there;
- after sign-out the jar is empty, and a file that no cache has is refused.

The API stands behind a proxy there, and each sign-out also clears the names granted before, as many as a browser can hold.
That the demo page is readable with its Korean course, in eight states, is \`test/browser/demo-accessibility.whole.ts\` (axe, a part
of \`npm run whole\`; \`npm test\` has one of them).

The last run, names that passed:

${[...results].map(([name, result]) => `- **${name}** ${result}`).join('\n')}

| what | name | bytes escaped |
| ---- | ---- | ------------- |
${FOLDER_NAMES.map(({ script, name }) => `| ${script} | \`${shown(name)}\` | ${bytes(name)} |`).join('\n')}
`;
}

/** A cell of a table stays short. */
function shown(name: string): string {
  return name.length > 60 ? `${name.slice(0, 20)}…${name.slice(-12)}` : name;
}
