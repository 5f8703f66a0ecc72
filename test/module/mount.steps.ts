import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { SETTING_NAMES } from '../../src/settings/settings-table.js';
import { example, IS_LINKED, repository } from './packed-host.js';
import { startSchool } from './school.js';
import { commandLimitMilliseconds, type OnStage } from './stage.js';

const sources = readdirSync(join(example, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, text: readFileSync(join(example, 'src', name), 'utf8') }));

/** Mounting it: how little that takes, and what it leaves alone. */
export function mountSteps(stage: OnStage): void {
  describe('mounting GrantsModule', () => {
    test('takes one file of at most 25 lines', () => {
      const mounting = sources.filter(({ text }) => /(Grants|CloudFront)Module\.forRoot/.test(text));
      expect(mounting.map(({ name }) => name)).toEqual(['media/media.module.ts']);
      expect(mounting[0]?.text.trimEnd().split('\n').length).toBeLessThanOrEqual(25);
    });

    test('needs no environment variable of edgepass', () => {
      const words = new Set(sources.flatMap(({ text }) => text.match(/[A-Z][A-Z_]+/g) ?? []));
      // Every Node program has that one.
      words.delete('NODE_ENV');
      expect(SETTING_NAMES.filter((name) => words.has(name))).toEqual([]);
    });

    test('changes nothing of the routes, refusals and validation that the host has', async () => {
      const { school } = stage();
      expect(await school.call('GET', '/nowhere')).toMatchObject({
        status: 404,
        body: { school: 'refused', because: 'Cannot GET /nowhere' },
      });
      expect(await school.call('POST', '/session', { body: { name: 'sam' } })).toMatchObject({
        status: 400,
        body: { school: 'refused', because: 'Bad Request Exception' },
      });
      const courses = await school.call('GET', '/courses', { cookie: await school.signIn('sam') });
      expect(courses).toMatchObject({
        status: 200,
        body: [{ id: 'algebra' }, { id: 'geometry' }, { id: 'linear-algebra' }],
      });
      expect(courses.headers.get('cache-control')).toBeNull();
    });

    // src/cloudfront/cloudfront.module.spec.ts shows it in the tests' own process.
    if (!IS_LINKED) {
      test(
        'with addresses that cannot work stops the start, in the words of the options',
        async () => {
          const started = startSchool(stage().folder, { MEDIA_URL: 'https://d111111abcdef8.cloudfront.net' });
          expect(await started.ended).toMatchObject({ code: 1 });
          const said = started.stdout() + started.stderr();
          expect(said).toContain('these CloudFront options cannot work:\n');
          expect(said).toMatch(/^cloudFrontUrl: expected .*d111111abcdef8\.cloudfront\.net/m);
          expect(said).not.toContain('CLOUDFRONT_DOMAIN');
        },
        commandLimitMilliseconds,
      );
    }

    test('is pinned to the versions that this repository is tested with', () => {
      const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Manifest;
      const { dependencies, devDependencies } = read(join(example, 'package.json'));
      const { packages } = read(join(repository, 'package-lock.json'));
      const { edgepass: _tarball, ...pinned } = { ...dependencies, ...devDependencies };
      const locked = Object.keys(pinned).map((name) => [name, packages?.[`node_modules/${name}`]?.version]);
      expect(pinned).toEqual(Object.fromEntries(locked));
    });
  });
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly packages?: Readonly<Record<string, { readonly version?: string }>>;
}
