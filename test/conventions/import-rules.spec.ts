import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { temporaryFolder } from '../support/temporary-folder.js';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const { forbidden } = createRequire(import.meta.url)(join(repository, '.dependency-cruiser.cjs')) as {
  forbidden: readonly { readonly name: string }[];
};

/** Each rule with an import that breaks it, and no other rule. */
const breaches: readonly (readonly [sentence: string, from: string, to: string])[] = [
  ['no folder imports in a circle', 'src/operation/a.ts', 'src/operation/b.ts'],
  ['cloudfront can be read without knowing Nest or Express', 'src/cloudfront/policy.ts', '@nestjs/common'],
  ['the edge imports nothing of the service', 'packages/edge/src/server.ts', 'src/cloudfront/prefix.ts'],
  [
    'the local stack starts the others as processes',
    'packages/local/src/stack.ts',
    'packages/edge/src/server.ts',
  ],
  ['only its command knows the local stack', 'src/operation/start.ts', 'packages/local/src/index.ts'],
  ['only diagnoses knows the doctor', 'src/operation/answer.ts', 'packages/doctor/src/diagnose.ts'],
  [
    'the doctor imports nothing of the service, and of the edge what it exports',
    'packages/doctor/src/diagnose.ts',
    'packages/edge/src/wildcard.ts',
  ],
  [
    'authentication knows no later step of a grant',
    'src/authentication/guard.ts',
    'src/cloudfront/prefix.ts',
  ],
  [
    'entitlements knows only who is asking and what a prefix is',
    'src/entitlements/service.ts',
    'src/cloudfront/other.ts',
  ],
  [
    'cloudfront knows no other step of a grant and no setting',
    'src/cloudfront/signer.ts',
    'src/settings/settings.ts',
  ],
  [
    'grants knows authentication and entitlements only through its ports',
    'src/grants/service.ts',
    'src/entitlements/entitlement.ts',
  ],
  [
    'a host application gets no database, no environment and no sign-in of ours',
    'src/index.ts',
    'src/database/schema.ts',
  ],
  [
    'nothing that the service is composed of knows the composition',
    'src/http/ready.ts',
    'src/operation/start-api.ts',
  ],
  [
    'the browser side imports nothing of the server',
    'packages/client/src/grant.ts',
    'src/operation/clock.ts',
  ],
  [
    'a host application gets no package that the module does not declare',
    'src/grants/grants.module.ts',
    '@nestjs/swagger',
  ],
  ['the service imports no package that it does not declare', 'src/operation/metrics.ts', 'fast-check'],
  ['nothing imports a package that is not declared', 'packages/edge/src/cache.ts', 'fast-check'],
];

/** Imports that the rules allow although they come close. */
const allowed: readonly (readonly [from: string, to: string])[] = [
  ['src/cloudfront/cloudfront.module.ts', '@nestjs/common'],
  ['src/entitlements/dto.ts', 'src/cloudfront/prefix.ts'],
  ['src/grants/controller.ts', 'src/authentication/viewer.ts'],
  ['src/cli/api.command.ts', 'src/operation/start-api.ts'],
  ['src/cli/start.command.ts', 'packages/local/src/index.ts'],
  ['packages/doctor/src/policy.ts', 'packages/edge/src/viewer-access/resource-match.ts'],
];

interface Violation {
  readonly sentence: string;
  readonly from: string;
  readonly to: string;
}

describe('the import rules', () => {
  let violations: readonly Violation[];

  beforeAll(async () => {
    const folder = temporaryFolder('import-rules');
    const copied = [
      '.dependency-cruiser.cjs',
      'package.json',
      'packages/service/package.json',
      'tsconfig.json',
    ];
    for (const name of copied) {
      cpSync(join(repository, name), join(folder, name));
    }
    symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
    const imports = [...breaches.map(([, from, to]) => [from, to] as const), ...allowed];
    for (const path of imports.flat().filter((name) => name.endsWith('.ts'))) write(folder, path, '');
    for (const [from, to] of imports)
      write(folder, from, `import * as one from '${specifier(from, to)}'; void one;\n`);
    write(folder, 'src/operation/b.ts', "import * as one from './a.js'; void one;\n");
    violations = await cruise(folder);
  });

  test('each have a breach here', () => {
    expect(breaches.map(([sentence]) => sentence).toSorted()).toEqual(
      forbidden.map(({ name }) => name).toSorted(),
    );
  });

  test.each(breaches)('%s: %s → %s is refused', (sentence, from) => {
    expect(violations.filter((violation) => violation.from === from).map((found) => found.sentence)).toEqual([
      sentence,
    ]);
  });

  test.each(allowed)('%s → %s is allowed', (from) => {
    expect(violations.filter((violation) => violation.from === from)).toEqual([]);
  });
});

function write(folder: string, path: string, text: string): void {
  mkdirSync(join(folder, dirname(path)), { recursive: true });
  writeFileSync(join(folder, path), text || 'export const nothing = 0;\n');
}

function specifier(from: string, to: string): string {
  if (!to.endsWith('.ts')) return to;
  return `${from.split('/').slice(1).fill('..').join('/')}/${to.replace(/\.ts$/, '.js')}`;
}

function cruise(folder: string): Promise<Violation[]> {
  const command = join(repository, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const args = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'src', 'packages'];
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [command, ...args],
      { cwd: folder, maxBuffer: 64e6 },
      (_error, stdout, stderr) => {
        if (stdout === '') return reject(new Error(stderr));
        const report = JSON.parse(stdout) as {
          summary: { violations: { rule: { name: string }; from: string; to: string }[] };
        };
        resolve(report.summary.violations.map(({ rule, from, to }) => ({ sentence: rule.name, from, to })));
      },
    );
  });
}
