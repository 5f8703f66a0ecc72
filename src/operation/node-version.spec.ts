import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { assertModuleRunsOn, nodeVersionProblem } from './node-version.js';

describe('the version of Node', () => {
  it.each(['24.15.0', '24.21.0', '25.0.0', '26.10.0', '100.0.0'])('%s is new enough', (version) => {
    expect(nodeVersionProblem(version)).toBeNull();
  });

  it.each(['18.20.4', '20.20.2', '22.23.3', '24.14.9', '24.9.0'])('%s is too old', (version) => {
    expect(nodeVersionProblem(version)).toBe(
      `edgepass needs Node 24.15 or newer and this is Node ${version}. In a clone, \`npm ci && npm start\` brings its own on Linux; elsewhere see https://nodejs.org.`,
    );
  });

  it.each(['22.12.0', '22.23.3', '24.9.0'])('%s is new enough for `edgepass keys`', (version) => {
    expect(nodeVersionProblem(version, 'keys')).toBeNull();
  });

  it('22.11.0 is too old for `edgepass keys` as well', () => {
    expect(nodeVersionProblem('22.11.0', 'keys')).toContain('needs Node 22.12 or newer');
  });

  it('22.12.0 is new enough for the module', () => {
    expect(() => assertModuleRunsOn('22.12.0')).not.toThrow();
  });

  it.each(['20.20.2', '22.11.0'])('%s is too old for the module', (version) => {
    expect(() => assertModuleRunsOn(version)).toThrow(
      new Error(`edgepass needs Node 22.12 or newer and this is Node ${version}.`),
    );
  });

  it.each([
    ['package.json', '>=22.12.0'],
    ['packages/service/package.json', '>=24.15.0'],
    ['packages/node/package.json', '>=24.15.0'],
  ])('is the one that %s asks for', (file, wanted) => {
    const text = readFileSync(join(import.meta.dirname, '../..', file), 'utf8');
    expect((JSON.parse(text) as { engines: { node: string } }).engines.node).toBe(wanted);
  });
});
