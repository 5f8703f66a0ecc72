import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { transform } from '@swc/core';
import { temporaryFolder } from '../support/temporary-folder.js';
import { IS_WHOLE } from '../support/whole.js';
import { packInto, repository, run } from './packed-host.js';

/** Packing, a type check and a whole Jest: some 15 s on an idle machine. */
const limitMilliseconds = 120_000;

/** The tsconfig of an application that the Nest CLI made up to version 10. */
const TSCONFIG = {
  compilerOptions: {
    module: 'commonjs',
    moduleResolution: 'node10',
    // TypeScript 6 warns of node10, which such an application has.
    ignoreDeprecations: '6.0',
    target: 'ES2021',
    strict: true,
    esModuleInterop: true,
    emitDecoratorMetadata: true,
    experimentalDecorators: true,
    skipLibCheck: true,
    types: ['node'],
  },
};

/** Its Jest settings, as the CLI writes them: nothing is added for edgepass. */
const JEST = {
  moduleFileExtensions: ['js', 'json', 'ts'],
  testRegex: String.raw`.*\.spec\.ts$`,
  transform: { [String.raw`^.+\.(t|j)s$`]: 'ts-jest' },
  testEnvironment: 'node',
};

/** The application, and what it answers. */
const HOST = `
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { generateKeyPairSync } from 'crypto';
import request from 'supertest';
import { CloudFrontService, GrantsModule, type GrantRecord, type MayOpen, type Permission, type RecordGrant } from 'edgepass';

@Injectable()
class Rights implements MayOpen {
  async mayOpen(): Promise<Permission | null> {
    return { untilEpochSeconds: null };
  }
}

@Injectable()
class Trail implements RecordGrant {
  readonly all: GrantRecord[] = [];
  async record(grant: GrantRecord): Promise<void> {
    this.all.push(grant);
  }
}

@Module({ providers: [Rights, Trail], exports: [Rights, Trail] })
class AccessModule {}

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

@Module({
  imports: [
    GrantsModule.forRoot({
      imports: [AccessModule],
      viewer: { guards: [], read: () => ({ id: 'u1', groups: [] }) },
      mayOpen: Rights,
      record: Trail,
      cloudFront: {
        cloudFrontUrl: 'https://media.school.example.com',
        publicUrl: 'https://api.school.example.com',
        appOrigins: ['https://www.school.example.com'],
        keyPairId: 'K2JCJMDEHXQW5F',
        privateKey,
      },
    }),
  ],
})
class AppModule {}

export async function ask() {
  const version: string = require('@nestjs/common/package.json').version;
  const app = await NestFactory.create(AppModule, { logger: ['error'] });
  await app.init();
  const answer = await request(app.getHttpServer()).post('/grants').send({ prefix: 'courses/algebra' });
  const refused = await request(app.getHttpServer()).post('/grants').send({ prefix: '/courses' });
  const found = {
    nest: version.split('.')[0],
    granted: [answer.status, answer.headers['set-cookie'][1].split('=')[0]],
    refused: [refused.status, refused.body.code],
    recorded: app.get(Trail, { strict: false }).all.length,
    hasService: app.get(CloudFrontService, { strict: false }) instanceof CloudFrontService,
  };
  await app.close();
  return found;
}
`;

const ANSWERS = {
  nest: '11',
  granted: [201, 'CloudFront-Signature'],
  refused: [400, 'prefix_invalid'],
  recorded: 1,
  hasService: true,
};

const SPEC = `
import { expect, test } from '@jest/globals';
import { ask } from './host';

test('a grant on Nest 11', async () => {
  expect(await ask()).toEqual(${JSON.stringify(ANSWERS)});
});
`;

/** What the host installs, from this repository's own node_modules: npm is not asked for each run. */
const FROM_HERE = [
  '@aws-sdk/cloudfront-signer',
  '@jest/globals',
  '@smithy/core',
  '@smithy/types',
  '@types/node',
  '@types/supertest',
  'jest',
  'reflect-metadata',
  'rxjs',
  'supertest',
  'tldts',
  'ts-jest',
  'typescript',
  'uuidv7',
];
const NEST_11 = ['@nestjs/common', '@nestjs/core', '@nestjs/platform-express'];

describe('the packed tarball in a CommonJS application on Nest 11', () => {
  let folder: string;
  beforeAll(async () => {
    folder = temporaryFolder('nest-11');
    const link = (from: string, name: string) => {
      const place = join(folder, 'node_modules', name);
      mkdirSync(join(place, '..'), { recursive: true });
      symlinkSync(join(repository, from, name), place);
    };
    for (const name of FROM_HERE) link('node_modules', name);
    for (const name of NEST_11) link('packages/nest-11/node_modules', name);
    const tarball = await packInto(folder);
    mkdirSync(join(folder, 'node_modules/edgepass'));
    await run('tar', ['-xzf', tarball, '-C', 'node_modules/edgepass', '--strip-components=1'], folder);
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'host', jest: JEST }));
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG));
    writeFileSync(join(folder, 'host.ts'), HOST);
    writeFileSync(join(folder, 'grant.spec.ts'), SPEC);
  }, limitMilliseconds);

  test('starts, grants and refuses', async () => {
    const { code } = await transform(HOST, {
      module: { type: 'commonjs' },
      jsc: {
        target: 'es2021',
        parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true },
      },
    });
    // Not beside host.ts, which ts-jest is to compile.
    mkdirSync(join(folder, 'built'));
    writeFileSync(join(folder, 'built/host.js'), code);
    const print = "require('./built/host.js').ask().then((found) => console.log(JSON.stringify(found)))";
    expect(JSON.parse(await run(process.execPath, ['-e', print], folder))).toEqual(ANSWERS);
  });

  // A compiler and a whole Jest, which node10 leads to the types.
  if (!IS_WHOLE) return;
  test(
    'is typed for node10, starts, grants and refuses under ts-jest without an option of its own',
    async () => {
      const jest = join(repository, 'node_modules/jest/bin/jest.js');
      const args = [jest, '--rootDir', folder, '--no-cache', '--runInBand', '--json'];
      const { numPassedTests } = JSON.parse(await run(process.execPath, args, folder)) as {
        numPassedTests: number;
      };
      expect(numPassedTests).toBe(1);
    },
    limitMilliseconds,
  );
});
