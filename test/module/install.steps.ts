import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { startProcess } from '../support/processes.js';
import { broughtBy, installedPackages, IS_LINKED, run } from './packed-host.js';
import { commandLimitMilliseconds, type OnStage } from './stage.js';

/** Everything that a Nest application gains by `npm install edgepass`; a longer list must be meant. */
const ADDED = [
  // signing
  '@aws-sdk/cloudfront-signer',
  '@smithy/core',
  '@smithy/types',
  // public suffixes
  'tldts',
  'tldts-core',
  // ids in the order of their time
  'uuidv7',
];

/** Bytes on the disk: of the tarball's own files, and of everything that it brings, itself included. */
const MOST_OWN_BYTES = 600_000;
const MOST_ADDED_BYTES = 15_000_000;

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
}

/** What the tarball brings to a host, and what it leaves to the host. */
export function installSteps(stage: OnStage): void {
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

    test('weighs at most 0.6 MB itself, and at most 15 MB with all that it brings', () => {
      const { folder } = stage();
      const own = bytesBelow(join(folder, 'node_modules/edgepass'));
      const added = ADDED.map((name) => bytesBelow(join(folder, 'node_modules', name)));
      expect(own).toBeLessThanOrEqual(MOST_OWN_BYTES);
      expect(added.reduce((sum, bytes) => sum + bytes, own)).toBeLessThanOrEqual(MOST_ADDED_BYTES);
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

    // npm calls a link no installation.
    if (!IS_LINKED) {
      test(
        'satisfies npm: nothing missing, nothing of the wrong version',
        async () => {
          const listed = await run('npm', ['ls', '--all', '--json'], stage().folder);
          expect((JSON.parse(listed) as { problems?: readonly string[] }).problems).toBeUndefined();
        },
        commandLimitMilliseconds,
      );
    }

    test(
      'gives the command `edgepass`',
      async () => {
        // own-backend.spec.ts runs it by npx, as the README of the example does.
        const said = await run('node_modules/.bin/edgepass', ['keys', '--help'], stage().folder);
        expect(said).toMatch(/^Usage: edgepass keys rsa\|ecdsa /);
      },
      commandLimitMilliseconds,
    );

    test.each(IS_LINKED ? ['start'] : ['start', 'api', 'audit', 'docs'])(
      'leaves `edgepass %s` to the service, and says where that is',
      async (command) => {
        expect(await runCommand(stage().folder, command)).toEqual({
          code: 1,
          stderr: `edgepass ${command} is not installed here: it is a command of the service, which the npm package does not contain; run it in a clone of the repository (npm ci && npm start) or in the container image\n`,
        });
      },
      commandLimitMilliseconds,
    );

    test.each(IS_LINKED ? ['edge'] : ['edge', 'doctor'])(
      'leaves `edgepass %s` to its own package, and says how to get it',
      async (command) => {
        expect(await runCommand(stage().folder, command)).toEqual({
          code: 1,
          stderr: `edgepass ${command} is not installed here: install it: npm install --save-dev @edgepass/${command}\n`,
        });
      },
      commandLimitMilliseconds,
    );
  });
}

async function runCommand(folder: string, command: string): Promise<{ code: number | null; stderr: string }> {
  const started = startProcess(
    process.execPath,
    ['node_modules/edgepass/dist/module/esm/cli/edgepass.js', command],
    {
      cwd: folder,
      environment: {},
    },
  );
  const { code } = await started.ended;
  return { code, stderr: started.stderr() };
}

/** The sizes of all files below a folder. */
function bytesBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
