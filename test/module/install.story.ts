import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { startProcess } from '../support/processes.js';
import { broughtBy, installedPackages, run } from './packed-host.js';
import { commandLimitMilliseconds, type OnStage } from './stage.js';

/** Everything that a Nest application gains by `npm install edgepass`; a longer list must be meant. */
const ADDED = [
  // signing, tokens, public suffixes, ids
  '@aws-sdk/cloudfront-signer',
  '@smithy/core',
  '@smithy/types',
  'jose',
  'tldts',
  'tldts-core',
  'uuid',
  // OpenAPI of the routes
  '@microsoft/tsdoc',
  '@nestjs/mapped-types',
  '@nestjs/swagger',
  '@scarf/scarf',
  'argparse',
  'es-toolkit',
  'js-yaml',
  'swagger-ui-dist',
  // of the commands: the stand-alone service and its log
  '@opentelemetry/api',
  '@pinojs/redact',
  'atomic-sleep',
  'bintrees',
  'helmet',
  'kysely',
  'on-exit-leak-free',
  'pino',
  'pino-abstract-transport',
  'pino-std-serializers',
  'process-warning',
  'prom-client',
  'quick-format-unescaped',
  'real-require',
  'safe-stable-stringify',
  'sonic-boom',
  'split2',
  'tdigest',
  'thread-stream',
];

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
}

/** What the tarball brings to a host, and what it leaves to the host. */
export function installStory(stage: OnStage): void {
  const manifestOf = (...path: readonly string[]) =>
    JSON.parse(readFileSync(join(stage().folder, ...path, 'package.json'), 'utf8')) as Manifest;

  describe('installing the tarball', () => {
    test('brings no Node binary, certificate maker, database driver, player or proxy', () => {
      const places = Object.keys(installedPackages(stage().folder));
      const unwanted =
        /node_modules\/(node-linux-.*|node-bin-.*|@peculiar\/.*|better-sqlite3|pg|pg-.*|hls\.js|httpxy|@edgepass\/.*)$/;
      expect(places.filter((place) => unwanted.test(place))).toEqual([]);
    });

    test('brings these packages beyond those of a Nest application, and no other', () => {
      const { folder } = stage();
      const { edgepass: _tarball, ...own } = manifestOf().dependencies;
      const packages = installedPackages(folder);
      const hosts = broughtBy(packages, Object.keys({ ...own, ...manifestOf().devDependencies }));
      const ours = broughtBy(packages, ['edgepass']);
      expect([...ours].filter((name) => !hosts.has(name)).toSorted()).toEqual(
        ['edgepass', ...ADDED].toSorted(),
      );
    });

    test('runs nothing on the host’s machine and asks for nothing optional', () => {
      const { optionalDependencies, scripts } = manifestOf('node_modules', 'edgepass');
      expect(optionalDependencies).toBeUndefined();
      expect(Object.keys(scripts).filter((name) => /^(pre|post)?install$/.test(name))).toEqual([]);
    });

    test('leaves one copy of each package of Nest, and of what knows its classes', () => {
      const places = Object.keys(installedPackages(stage().folder));
      const copies = places.filter((place) =>
        /node_modules\/(@nestjs\/(core|common)|class-validator|class-transformer|reflect-metadata|rxjs)$/.test(
          place,
        ),
      );
      expect(copies.toSorted()).toEqual([
        'node_modules/@nestjs/common',
        'node_modules/@nestjs/core',
        'node_modules/class-transformer',
        'node_modules/class-validator',
        'node_modules/reflect-metadata',
        'node_modules/rxjs',
      ]);
    });

    test(
      'satisfies npm: nothing missing, nothing of the wrong version',
      async () => {
        const listed = await run('npm', ['ls', '--all', '--json'], stage().folder);
        expect((JSON.parse(listed) as { problems?: readonly string[] }).problems).toBeUndefined();
      },
      commandLimitMilliseconds,
    );

    test(
      'gives the command `edgepass`',
      async () => {
        const said = await run('npx', ['--no-install', 'edgepass', 'keys', '--help'], stage().folder);
        expect(said).toMatch(/^Usage: edgepass keys rsa\|ecdsa /);
      },
      commandLimitMilliseconds,
    );

    test.each([
      ['sqlite:', 'better-sqlite3', 'sqlite:./edgepass.sqlite'],
      ['postgres:', 'pg', 'postgres://school:not-to-be-printed@127.0.0.1:1/school'],
    ])(
      'leaves the driver of %s to who uses it, and says so in one line',
      async (_scheme, driver, url) => {
        const { folder } = stage();
        const started = startProcess(
          process.execPath,
          ['node_modules/edgepass/dist/cli/edgepass.js', 'api'],
          {
            cwd: folder,
            environment: {
              PUBLIC_URL: 'https://api.school.example.com',
              APP_ORIGINS: 'https://www.school.example.com',
              CLOUDFRONT_DOMAIN: 'media.school.example.com',
              CLOUDFRONT_PRIVATE_KEY_FILE: join(folder, 'media-key.pem'),
              AUTH_SECRET: 'a secret of the tests, thirty-two bytes or more',
              AUTH_ISSUER: 'https://sign-in.school.example.com',
              AUTH_AUDIENCE: 'school',
              TRUSTED_PROXIES: '127.0.0.1',
              DATABASE_URL: url,
            },
          },
        );
        expect(await started.ended).toEqual({ code: 1, signal: null });
        expect(started.stderr()).toBe(
          `DATABASE_URL needs the package ${driver}, which is not installed: npm install ${driver}\n`,
        );
      },
      commandLimitMilliseconds,
    );
  });
}
