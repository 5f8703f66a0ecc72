import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

describe('docs/players.md and docs/libraries.md', () => {
  test('show the recipes that the tests run', () => {
    const script = join(import.meta.dirname, 'write-pages.mjs');
    const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
