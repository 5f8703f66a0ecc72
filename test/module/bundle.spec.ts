import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { build, type BuildOptions } from 'esbuild';
import { startProcess } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { repository } from './packed-host.js';

/** A whole host application in one file: it grants once and says what it answered. */
const HOST = `
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { generateKeyPairSync } from 'node:crypto';
import { GrantsModule } from 'edgepass';

class Ports {
  async mayOpen() { return { untilEpochSeconds: null }; }
  async record() {}
}
const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const ports = { module: class PortsModule {}, providers: [Ports], exports: [Ports] };
const grants = GrantsModule.forRoot({
  imports: [ports],
  viewer: { guards: [], read: () => ({ id: 'u1', groups: [] }) },
  mayOpen: Ports,
  record: Ports,
  cloudFront: {
    cloudFrontUrl: 'https://media.school.example.com',
    publicUrl: 'https://api.school.example.com',
    appOrigins: ['https://www.school.example.com'],
    keyPairId: 'K2JCJMDEHXQW5F',
    privateKey,
  },
});
async function main() {
  const app = await NestFactory.create({ module: class Root {}, imports: [grants] }, { logger: ['warn', 'error'] });
  await app.listen(0, '127.0.0.1');
  const answer = await fetch((await app.getUrl()) + '/grants', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{"prefix":"courses/algebra"}',
  });
  console.log(answer.status + ' ' + answer.headers.getSetCookie()[1].split('=')[0]);
  await app.close();
}
void main();
`;

// What Nest loads only where a host has it. Everything else goes into the one file.
const OPTIONAL = [
  '@nestjs/microservices',
  '@nestjs/microservices/*',
  '@nestjs/websockets/*',
  'class-validator',
  'class-transformer',
  'class-transformer/*',
];

/** Bundles the host, with edgepass from dist/module, and runs the file alone in an empty folder. */
async function runBundle(options: BuildOptions): Promise<{ stdout: string; warnings: number }> {
  const folder = temporaryFolder('bundle');
  const file = join(folder, options.format === 'cjs' ? 'host.cjs' : 'host.mjs');
  await build({
    stdin: { contents: HOST, resolveDir: repository },
    bundle: true,
    platform: 'node',
    external: OPTIONAL,
    outfile: file,
    logLevel: 'silent',
    ...options,
  });
  expect(readdirSync(folder)).toHaveLength(1);
  const started = startProcess(process.execPath, [file], { cwd: folder, environment: {} });
  const ended = await started.ended;
  expect({
    ...ended,
    said: started
      .stderr()
      .replaceAll(/^.*WARN.*$/gm, '')
      .trim(),
  }).toEqual({
    code: 0,
    signal: null,
    said: '',
  });
  const printed = started.stdout() + started.stderr();
  return {
    stdout: started.stdout().trim().split('\n').at(-1) ?? '',
    warnings: printed.split('the signing worker is not beside this file').length - 1,
  };
}

describe('a host application bundled into one file', () => {
  test('as CommonJS starts, grants, and warns once that it signs on the main thread', async () => {
    expect(await runBundle({ format: 'cjs', minify: true, keepNames: true })).toEqual({
      stdout: '201 CloudFront-Signature',
      warnings: 1,
    });
  });

  test('as an ES module does so as well', async () => {
    // Packages of Nest are CommonJS in part and call require().
    const banner = {
      js: "import { createRequire as forRequire } from 'node:module'; const require = forRequire(import.meta.url);",
    };
    expect(await runBundle({ format: 'esm', banner })).toEqual({
      stdout: '201 CloudFront-Signature',
      warnings: 1,
    });
  });
});
