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

/** Each sentence of the house with an import that breaks it, and no other sentence. */
const breaches: readonly (readonly [sentence: string, from: string, to: string])[] = [
  ['no room imports in a circle', 'src/clock/a.ts', 'src/clock/b.ts'],
  [
    'a cryptographer reads cloudfront without knowing Nest or Express',
    'src/cloudfront/policy.ts',
    '@nestjs/common',
  ],
  ['the edge shares no code with the signer', 'src/edge/server.ts', 'src/cloudfront/prefix.ts'],
  ['authentication knows no later room', 'src/authentication/guard.ts', 'src/cloudfront/prefix.ts'],
  [
    'entitlements knows only who is asking and what a prefix is',
    'src/entitlements/service.ts',
    'src/cloudfront/other.ts',
  ],
  ['cloudfront knows no other room of the flow', 'src/cloudfront/signer.ts', 'src/settings/settings.ts'],
  [
    'grants knows the first two rooms only through its ports',
    'src/grants/service.ts',
    'src/entitlements/entitlement.ts',
  ],
  [
    'a host application gets no database, no environment and no sign-in of ours',
    'src/index.ts',
    'src/database/schema.ts',
  ],
  ['no room knows the service that is made of the rooms', 'src/health/ready.ts', 'src/service/start-api.ts'],
  ['only diagnoses and cli know the doctor', 'src/grants/audit.ts', 'src/doctor/finding.ts'],
  ['the browser side imports nothing of the server', 'client/grant.ts', 'src/clock/clock.ts'],
  ['nothing imports a package that is not declared', 'src/metrics/metrics.ts', 'fast-check'],
];

/** Imports that the house allows although they come close. */
const allowed: readonly (readonly [from: string, to: string])[] = [
  ['src/cloudfront/cloudfront.module.ts', '@nestjs/common'],
  ['src/entitlements/dto.ts', 'src/cloudfront/prefix.ts'],
  ['src/grants/controller.ts', 'src/authentication/viewer.ts'],
  ['src/cli/doctor.command.ts', 'src/doctor/finding.ts'],
];

interface Violation {
  readonly sentence: string;
  readonly from: string;
  readonly to: string;
}

describe('the import rules', () => {
  let violations: readonly Violation[];

  beforeAll(async () => {
    const house = temporaryFolder('house');
    for (const name of ['.dependency-cruiser.cjs', 'package.json', 'tsconfig.json']) {
      cpSync(join(repository, name), join(house, name));
    }
    symlinkSync(join(repository, 'node_modules'), join(house, 'node_modules'));
    const imports = [...breaches.map(([, from, to]) => [from, to] as const), ...allowed];
    for (const path of imports.flat().filter((name) => name.endsWith('.ts'))) write(house, path, '');
    for (const [from, to] of imports)
      write(house, from, `import * as one from '${specifier(from, to)}'; void one;\n`);
    write(house, 'src/clock/b.ts', "import * as one from './a.js'; void one;\n");
    write(house, 'demo/main.ts', '');
    violations = await cruise(house);
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

function write(house: string, path: string, text: string): void {
  mkdirSync(join(house, dirname(path)), { recursive: true });
  writeFileSync(join(house, path), text || 'export const nothing = 0;\n');
}

function specifier(from: string, to: string): string {
  if (!to.endsWith('.ts')) return to;
  return `${from.split('/').slice(1).fill('..').join('/')}/${to.replace(/\.ts$/, '.js')}`;
}

function cruise(house: string): Promise<Violation[]> {
  const command = join(repository, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const args = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'src', 'client', 'demo'];
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [command, ...args],
      { cwd: house, maxBuffer: 64e6 },
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
