import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { repository } from './packed-host.js';

const page = readFileSync(join(repository, 'docs/module.md'), 'utf8');

/** Blocks that begin by naming the file they are taken from. */
const excerpts = [...page.matchAll(/```ts\n\/\/ (examples\/\S+)\n(.*?)\n```/gs)].map(
  ([, file = '', code = '']) => ({ file, code }),
);

describe('docs/module.md', () => {
  test('shows the mount, the settings, the three ports, CORS and CloudFrontService', () => {
    expect(excerpts.map(({ file }) => file.replace('examples/own-backend/src/', ''))).toEqual([
      'media/media.module.ts',
      'media/access.module.ts',
      'school-config.ts',
      'sign-in/session.guard.ts',
      'media/course-access.ts',
      'media/audit-trail.ts',
      'main.ts',
      'previews/previews.controller.ts',
    ]);
  });

  test.each(excerpts)('shows the code of $file as it is', ({ file, code }) => {
    const whole = withoutIndent(readFileSync(join(repository, file), 'utf8'));
    for (const part of withoutIndent(code).split('\n// …\n')) expect(whole).toContain(part);
  });

  test('names what its code takes of edgepass, and nothing that edgepass does not export', () => {
    const sentence =
      /^What the code below takes of ours comes `from 'edgepass'`: (.*)$/m.exec(page)?.[1] ?? '';
    const named = Array.from(sentence.matchAll(/`(\w+)`/g), ([, name = '']) => name);
    const index = readFileSync(join(repository, 'src/index.ts'), 'utf8');
    const exported = [...index.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(
      ([, names = '']) => names.match(/\w+/g) ?? [],
    );
    const code = [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, block = '']) => block).join('');
    const taken = exported.filter((name) => new RegExp(`\\b${name}\\b`).test(code));
    expect(named).toEqual(expect.arrayContaining(taken));
    expect(exported).toEqual(expect.arrayContaining(named));
    expect(taken.length).toBeGreaterThan(5);
  });
});

/** A method on a page stands further left than in its class. */
function withoutIndent(text: string): string {
  return text.replaceAll(/^ +/gm, '');
}
