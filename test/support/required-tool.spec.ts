import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { findTool } from './required-tool.js';
import { temporaryFolder } from './temporary-folder.js';

describe('findTool', () => {
  test('finds the first executable on the path, in the order of its names', () => {
    const [early, late] = [temporaryFolder('tool'), temporaryFolder('tool')];
    executable(join(early, 'google-chrome'));
    executable(join(late, 'chromium'));
    expect(findTool('chromium', `${early}:${late}`)).toBe(join(late, 'chromium'));
  });

  test('gives null where nothing of that name can be run', () => {
    const folder = temporaryFolder('tool');
    writeFileSync(join(folder, 'openssl'), '');
    chmodSync(join(folder, 'openssl'), 0o644);
    expect(findTool('openssl', `${folder}::/does/not/exist`)).toBeNull();
  });

  test('takes no folder for a tool', () => {
    const folder = temporaryFolder('tool');
    mkdirSync(join(folder, 'curl'));
    expect(findTool('curl', folder)).toBeNull();
  });
});

function executable(path: string): void {
  writeFileSync(path, '#!/bin/sh\n');
  chmodSync(path, 0o755);
}
