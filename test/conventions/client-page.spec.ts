import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import * as client from '../../packages/client/src/index.js';
import { read } from './project-files.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = read('docs/client.md');

/** Every `ts` and `tsx` block of the page, as a file beside the page. */
const BLOCKS = new Map(
  [...page.matchAll(/```(tsx?)\n(.*?)```/gs)].map(([, kind = '', code = ''], index) => [
    join(root, 'docs', `block-${index + 1}.${kind}`),
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
const REACT_FILE = join(root, 'docs/react.d.ts');

function problemsOf(blocks: ReadonlyMap<string, string>): readonly string[] {
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    jsx: ts.JsxEmit.ReactJSX,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
    types: [],
    paths: { '@edgepass/client': [join(root, 'packages/client/src/index.ts')] },
  };
  const virtual = new Map([...blocks, [REACT_FILE, REACT]]);
  const host = ts.createCompilerHost(options);
  const onDisk = ts.createCompilerHost(options);
  host.fileExists = (name) => virtual.has(name) || onDisk.fileExists(name);
  host.readFile = (name) => virtual.get(name) ?? onDisk.readFile(name);
  host.getSourceFile = (name, language) => {
    const text = virtual.get(name);
    return text === undefined
      ? onDisk.getSourceFile(name, language)
      : ts.createSourceFile(name, text, language);
  };
  const program = ts.createProgram([...virtual.keys()], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(
      ({ file, messageText }) =>
        `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
}

describe('docs/client.md', () => {
  test('has code that compiles against the real client', () => {
    expect(BLOCKS.size).toBeGreaterThan(4);
    expect(problemsOf(BLOCKS)).toEqual([]);
  });

  test('is compiled for real: a call that does not exist is found', () => {
    const wrong = new Map([
      [
        join(root, 'docs/wrong.ts'),
        "import { hlsConfig } from '@edgepass/client';\nhlsConfig().nothing;\nexport {};\n",
      ],
    ]);
    expect(problemsOf(wrong)).toEqual([
      `${join(root, 'docs/wrong.ts')}: Property 'nothing' does not exist on type 'HlsCredentialsConfig'.`,
    ]);
  });

  test('names everything that the client exports', () => {
    expect(Object.keys(client).filter((name) => !page.includes(`\`${name}`))).toEqual([]);
  });
});
