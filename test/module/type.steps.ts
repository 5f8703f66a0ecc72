import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { compile, EVERY_EXPORT, everyExport, IS_LINKED, repository } from './packed-host.js';
import { commandLimitMilliseconds, type OnStage } from './stage.js';

const uses = everyExport();
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

    // installPackedHost compiles the two together, in the strict settings of the host.
    if (process.env['EDGEPASS_HOST_FOLDER'] === undefined) {
      test('are compiled in a strict host', () => {
        expect(existsSync(join(stage().folder, 'dist', EVERY_EXPORT.replace('.ts', '.js')))).toBe(true);
      });
    }

    test('import nothing but what the package depends on', () => {
      const own = join(stage().folder, 'node_modules/edgepass');
      const { dependencies, peerDependencies } = JSON.parse(
        readFileSync(join(own, 'package.json'), 'utf8'),
      ) as Readonly<Record<'dependencies' | 'peerDependencies', Readonly<Record<string, string>>>>;
      const known = Object.keys({ ...dependencies, ...peerDependencies });
      const imported = globSync('dist/module/**/*.d.ts', { cwd: own }).flatMap((file) =>
        [
          ...readFileSync(join(own, file), 'utf8').matchAll(/(?:from|import\(|import) ?['"]([^'"]+)['"]/g),
        ].map(([, name = '']) => name),
      );
      expect(imported).toContain('@nestjs/common');
      const foreign = imported.filter(
        (name) =>
          !/^(?:\.|node:)/.test(name) && !known.some((one) => name === one || name.startsWith(`${one}/`)),
      );
      expect(foreign).toEqual([]);
    });

    // A compiler that also checks the declarations of Nest and of Node.
    if (IS_LINKED) return;
    test(
      'compile in a strict host that checks libraries and has no Express types',
      async () => {
        const { folder } = stage();
        writeFileSync(join(folder, EVERY_EXPORT), uses);
        const flags =
          '--ignoreConfig --noEmit --strict --exactOptionalPropertyTypes --noUncheckedIndexedAccess --skipLibCheck false --module nodenext --types node --listFiles';
        const files = await compile(folder, [...flags.split(' '), EVERY_EXPORT]);
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
