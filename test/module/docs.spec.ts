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
      'school-config.ts',
      'sign-in/session.guard.ts',
      'media/course-access.ts',
      'media/audit-trail.ts',
      'main.ts',
      'previews/previews.controller.ts',
      'previews/previews.controller.ts',
      'previews/previews.controller.ts',
    ]);
  });

  test.each(excerpts)('shows the code of $file as it is', ({ file, code }) => {
    expect(withoutIndent(readFileSync(join(repository, file), 'utf8'))).toContain(withoutIndent(code));
  });
});

/** A method on a page stands further left than in its class. */
function withoutIndent(text: string): string {
  return text.replaceAll(/^ +/gm, '');
}
