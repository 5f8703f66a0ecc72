import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { temporaryFolder } from '../support/temporary-folder.js';
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

const SPEC = `
import { expect, test } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { generateKeyPairSync } from 'crypto';
import request from 'supertest';
import { CloudFrontService, GrantsModule, type GrantRecord, type MayOpen, type Permission, type RecordGrant } from 'edgepass';

const version: string = require('@nestjs/common/package.json').version;

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

test('a grant on Nest 11', async () => {
  expect(version).toMatch(/^11\\./);
  const app = await NestFactory.create(AppModule, { logger: ['error'] });
  await app.init();
  const answer = await request(app.getHttpServer()).post('/grants').send({ prefix: 'courses/algebra' });
  expect(answer.status).toBe(201);
  expect(answer.headers['set-cookie'][1]).toMatch(/^CloudFront-Signature=/);
  const refused = await request(app.getHttpServer()).post('/grants').send({ prefix: '/courses' });
  expect([refused.status, refused.body.code]).toEqual([400, 'prefix_invalid']);
  expect(app.get(Trail, { strict: false }).all).toHaveLength(1);
  expect(app.get(CloudFrontService, { strict: false })).toBeInstanceOf(CloudFrontService);
  await app.close();
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
    writeFileSync(join(folder, 'grant.spec.ts'), SPEC);
  }, limitMilliseconds);

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
