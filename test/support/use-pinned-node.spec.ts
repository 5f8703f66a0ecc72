import { cpSync, existsSync, mkdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { startProcess } from './processes.js';
import { temporaryFolder } from './temporary-folder.js';

const script = fileURLToPath(new URL('../../packages/node/use-pinned-node.mjs', import.meta.url));
const pinned = `node-${process.platform}-${process.arch}`;

describe('the pinned Node', () => {
  test('is linked where npm 10 left it out and this Node is too old', async () => {
    const { folder, run } = clone('>=99.0.0');
    mkdirSync(join(folder, 'node_modules', pinned, 'bin'), { recursive: true });
    writeFileSync(join(folder, 'node_modules', pinned, 'bin', 'node'), '');
    expect(await run()).toEqual({ code: 0, said: '' });
    expect(readlinkSync(join(folder, 'node_modules', '.bin', 'node'))).toBe(`../${pinned}/bin/node`);
    expect(await run()).toEqual({ code: 0, said: '' });
  });

  test('is left alone where this Node will do', async () => {
    const { folder, run } = clone('>=20.0.0');
    expect(await run()).toEqual({ code: 0, said: '' });
    expect(existsSync(join(folder, 'node_modules', '.bin', 'node'))).toBe(false);
  });

  test('is missed with one clear line where none was installed', async () => {
    const { code, said } = await clone('>=99.0.0').run();
    expect(code).toBe(1);
    expect(said).toBe(
      `edgepass: expected Node >=99.0.0, found ${process.versions.node}: on Linux run npm ci without --omit=optional, which brings one; elsewhere install Node 24 (nvm use)\n`,
    );
  });
});

function clone(node: string): { folder: string; run: () => Promise<{ code: number | null; said: string }> } {
  const folder = temporaryFolder('pinned-node');
  mkdirSync(join(folder, 'packages', 'node'), { recursive: true });
  mkdirSync(join(folder, 'node_modules', '.bin'), { recursive: true });
  cpSync(script, join(folder, 'packages', 'node', 'use-pinned-node.mjs'));
  writeFileSync(join(folder, 'packages', 'node', 'package.json'), JSON.stringify({ engines: { node } }));
  const run = async (): Promise<{ code: number | null; said: string }> => {
    const started = startProcess(process.execPath, [join(folder, 'packages', 'node', 'use-pinned-node.mjs')]);
    const { code } = await started.ended;
    return { code, said: started.stdout() + started.stderr() };
  };
  return { folder, run };
}
