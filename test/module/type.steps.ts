import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { compile, repository } from './packed-host.js';
import { commandLimitMilliseconds, type OnStage } from './stage.js';

const uses = readFileSync(join(repository, 'test/module/every-export.ts'), 'utf8');
const index = readFileSync(join(repository, 'src/index.ts'), 'utf8');

/** What a host's compiler sees. */
export function typeSteps(stage: OnStage): void {
  describe('the type declarations', () => {
    test('are tried out name by name', () => {
      const exported = [...index.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, names = '']) =>
        names.split(',').map((name) => name.trim()),
      );
      const unused = exported.filter((name) => name !== '' && (uses.match(wordOf(name)) ?? []).length < 2);
      expect(exported).toContain('GrantsModule');
      expect(unused).toEqual([]);
    });

    test(
      'compile in a strict host that checks libraries and has no Express types',
      async () => {
        const { folder } = stage();
        const file = 'every-export.ts';
        writeFileSync(join(folder, file), uses.replace('../../src/index.js', 'edgepass'));
        const flags =
          '--ignoreConfig --noEmit --strict --exactOptionalPropertyTypes --noUncheckedIndexedAccess --skipLibCheck false --module nodenext --types node --listFiles';
        const files = await compile(folder, [...flags.split(' '), file]);
        const { type } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { type: string };
        const kind = type === 'module' ? 'esm' : 'cjs';
        expect(files).toContain(`node_modules/edgepass/dist/module/${kind}/index.d.ts`);
        expect(files.split('\n').filter((line) => line.includes('/@types/express'))).toEqual([]);
      },
      commandLimitMilliseconds,
    );
  });
}

function wordOf(name: string): RegExp {
  return new RegExp(String.raw`(?<!\w)${name}(?!\w)`, 'g');
}
