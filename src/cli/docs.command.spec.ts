import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { run } from './docs.command.js';

let root: string;
let printed: { stdout: string; stderr: string };
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'edgepass-docs-'));
  mkdirSync(join(root, 'docs'));
  printed = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    jest.spyOn(process[stream], 'write').mockImplementation((text) => {
      printed[stream] += String(text);
      return true;
    });
  }
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(root, { recursive: true });
});

describe('edgepass docs', () => {
  it('writes every generated file, once', async () => {
    expect(await run(['--root', root])).toBe(0);
    expect(printed.stdout).toContain(
      '.env.example written\ndocs/settings.md written\ndocs/errors.md written\n',
    );
    printed.stdout = '';
    expect(await run(['--root', root])).toBe(0);
    expect(printed.stdout).toBe('');
  });

  it('--check names the file that differs and the command that writes it, and writes nothing', async () => {
    await run(['--root', root]);
    writeFileSync(join(root, 'docs/errors.md'), 'edited by hand');
    expect(await run(['--check', '--root', root])).toBe(1);
    expect(printed.stderr).toBe('docs/errors.md: differs from the code; run: npm run docs\n');
    expect(readFileSync(join(root, 'docs/errors.md'), 'utf8')).toBe('edited by hand');
  });

  it('--check is content with what it has written', async () => {
    await run(['--root', root]);
    expect(await run(['--check', '--root', root])).toBe(0);
    expect(printed.stderr).toBe('');
  });

  it('finds the files of this repository as the code makes them', async () => {
    expect([await run(['--check']), printed.stderr]).toStrictEqual([0, '']);
  });

  it('answers a wrong flag with its usage and exit code 2', async () => {
    expect(await run(['--chek'])).toBe(2);
    expect(printed.stderr).toContain("Unknown option '--chek'");
    expect(printed.stderr).toContain('Usage: edgepass docs [--check]');
  });
});
