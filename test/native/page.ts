import { readFileSync } from 'node:fs';

const page = readFileSync(new URL('../../docs/native.md', import.meta.url), 'utf8');

/** The first code block of a section of docs/native.md, as it stands there. */
export function blockOf(section: string, language: 'sh' | 'js' | 'ts' | 'python'): string {
  const text = page.split(/^## /m).find((part) => part.startsWith(`${section}\n`)) ?? '';
  const block = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'ms').exec(text)?.[1];
  if (block === undefined)
    throw new Error(`expected a block of ${language} in "${section}" of docs/native.md`);
  return block;
}
