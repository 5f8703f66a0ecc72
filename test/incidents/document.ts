import { readFileSync } from 'node:fs';

const TEXT = readFileSync(new URL('../../docs/incidents.md', import.meta.url), 'utf8');

/** The lines of the browser that docs/incidents.md quotes, for one incident where it is named. */
export function quotedLines(incident?: string): readonly string[] {
  return (incident === undefined ? TEXT : sectionOf(incident))
    .split('\n')
    .filter((line) => line.startsWith('Access to '));
}

/** Whether docs/incidents.md holds that text, word for word. */
export function documentHolds(text: string): boolean {
  return TEXT.includes(text);
}

/** The shell command under "See it." of one incident, with what it needs. */
export function commandOf(incident: string): string {
  const command = /\*\*See it\.\*\*[^`]*(?:`[^`]+`[^`]*)*?\n```\n(.*)\n```/.exec(sectionOf(incident))?.[1];
  const ask = /^ask\(\) .*$/m.exec(TEXT)?.[0];
  if (command === undefined || ask === undefined) {
    throw new Error(`expected the function ask and a command for incident ${incident} in docs/incidents.md`);
  }
  return `${ask}\n${command}`;
}

/** What stands between the head of an incident and the next one. */
function sectionOf(incident: string): string {
  const [, rest = ''] = TEXT.split(new RegExp(`^## ${incident}\\. .*$`, 'm'));
  return rest.split(/^## /m)[0] ?? '';
}
