// Comments of this repository cite rules by the numbers of docs/rules.md, which nobody has who installed a package:
// the declarations that are shipped are written without them. As a command it does that to all of some folders:
//   node packages/release/declarations.mjs packages/edge/dist packages/client/dist
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ONE = '[RBFEJ]\\d{1,3}(?:[–-][RBFEJ]?\\d{1,3})?';
/** ` (R44, B60)`, also where the line breaks before or inside of it. */
const IN_BRACKETS = new RegExp(`(?:\\s*\\n\\s*\\*)?\\s*\\(${ONE}(?:,\\s*(?:\\*\\s)?${ONE})*\\)`, 'g');
/** `R44: ` where a comment begins. */
const AT_THE_BEGINNING = new RegExp(`(/\\*\\*|\\*)(\\s+)${ONE}: `, 'g');

/** The text of a declaration file without numbers of rules. */
export function withoutRuleNumbers(text) {
  return text.replace(IN_BRACKETS, '').replace(AT_THE_BEGINNING, '$1$2');
}

const [, command, ...folders] = process.argv;
if (command === import.meta.filename) {
  for (const folder of folders) {
    for (const name of readdirSync(folder, { recursive: true })) {
      if (!name.endsWith('.d.ts')) continue;
      const file = join(folder, name);
      // Replaced, not rewritten: the build compiles what reads them meanwhile, and would find an empty file.
      writeFileSync(`${file}.new`, withoutRuleNumbers(readFileSync(file, 'utf8')));
      renameSync(`${file}.new`, file);
    }
  }
}
