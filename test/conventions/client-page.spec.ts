import { spawnSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import * as client from '../../packages/client/src/index.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { read } from './project-files.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = read('docs/client.md');

/** Every `ts` and `tsx` block of the page, by the name of its file. */
const BLOCKS = new Map(
  [...page.matchAll(/```(tsx?)\n(.*?)```/gs)].map(([, kind = '', code = ''], index) => [
    `block-${index + 1}.${kind}`,
    `${code}\nexport {};\n`,
  ]),
);

/** As much of React as the page uses; it is no dependency of this repository. */
const REACT = `declare module 'react' {
  export function useState<T>(initial: T): [T, (next: T) => void];
  export function useEffect(effect: () => void | (() => void), dependencies: readonly unknown[]): void;
}
declare module 'react/jsx-runtime' {
  export namespace JSX {
    type Element = object;
    interface IntrinsicElements { p: { children?: unknown }; img: { src: string; alt: string } }
  }
}`;

const OPTIONS = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  target: 'es2023',
  module: 'esnext',
  moduleResolution: 'bundler',
  jsx: 'react-jsx',
  lib: ['es2023', 'dom'],
  types: [],
  paths: { '@edgepass/client': [join(root, 'packages/client/src/index.ts')] },
};

/** The lines of the compiler that the repository is checked with, for these files beside each other. */
function problemsOf(files: ReadonlyMap<string, string>): string {
  const folder = temporaryFolder('client-page');
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'react.d.ts'), REACT);
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: OPTIONS }));
  const compiler = join(root, 'node_modules/typescript-7/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', folder, '--pretty', 'false'], {
    cwd: folder,
    encoding: 'utf8',
  });
  return `${stdout}exit code ${status}`;
}

describe('docs/client.md', () => {
  test('has code that compiles against the real client', () => {
    expect(BLOCKS.size).toBeGreaterThan(4);
    expect(problemsOf(BLOCKS)).toBe('exit code 0');
  });

  test('is compiled for real: a call that does not exist is found', () => {
    const wrong = new Map([
      ['wrong.ts', "import { hlsConfig } from '@edgepass/client';\nhlsConfig().nothing;\nexport {};\n"],
    ]);
    expect(problemsOf(wrong)).toBe(
      "wrong.ts(2,13): error TS2339: Property 'nothing' does not exist on type 'HlsCredentialsConfig'.\nexit code 1",
    );
  });

  test('names everything that the client exports', () => {
    expect(Object.keys(client).filter((name) => !page.includes(`\`${name}`))).toEqual([]);
  });
});
