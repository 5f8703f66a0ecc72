import * as realVm from 'node:vm';
import { setFlagsFromString } from 'node:v8';
import { describe, expect, it, jest } from '@jest/globals';
import { compileOnce } from './compile-once.js';

const never = (): never => {
  throw new Error('not called');
};

function recorded() {
  const compileFunction = jest.fn(realVm.compileFunction);
  const constructed: (Buffer | undefined)[] = [];
  class SourceTextModule extends realVm.SourceTextModule {
    constructor(code: string, options: realVm.SourceTextModuleOptions) {
      super(code, options);
      constructed.push(options.cachedData as Buffer | undefined);
    }
  }
  const vm = { compileFunction, SourceTextModule };
  compileOnce(vm);
  return { vm, options: () => compileFunction.mock.calls.map(([, , options]) => options), constructed };
}

describe('a function', () => {
  it('is compiled without the callback where its source has no import', () => {
    const { vm, options } = recorded();
    const made = vm.compileFunction('return a + 1', ['a'], {
      filename: 'one.js',
      importModuleDynamically: never,
    });
    expect(made(1)).toBe(2);
    expect(options()).toStrictEqual([{ filename: 'one.js', importModuleDynamically: undefined }]);
  });

  it('keeps the callback where its source has one, and is compiled from what its last compilation left', async () => {
    const { vm, options } = recorded();
    const asked: string[] = [];
    const importModuleDynamically = async (specifier: string): Promise<realVm.Module> => {
      asked.push(specifier);
      const found = new realVm.SourceTextModule('');
      await found.link(never);
      await found.evaluate();
      return found;
    };
    for (const _ of [1, 2]) {
      const made = vm.compileFunction(`return import('x')`, [], {
        filename: 'two.js',
        importModuleDynamically,
      });
      // oxlint-disable-next-line no-await-in-loop -- one after the other, as jest does
      await made();
    }
    expect(asked).toEqual(['x', 'x']);
    expect(options()).toEqual([
      { filename: 'two.js', importModuleDynamically, produceCachedData: true },
      { filename: 'two.js', importModuleDynamically, cachedData: expect.any(Uint8Array) },
    ]);
  });

  it('is compiled anew where its source has changed', () => {
    const { vm } = recorded();
    const answer = (value: number): unknown =>
      vm.compileFunction(`if (false) import('x'); return ${value}`, [], { filename: 'three.js' })();
    expect([answer(1), answer(2)]).toEqual([1, 2]);
  });
});

describe('a module', () => {
  const valueOf = async (
    { SourceTextModule }: Pick<typeof realVm, 'SourceTextModule'>,
    code: string,
  ): Promise<unknown> => {
    const made = new SourceTextModule(code, { identifier: 'module.js' });
    await made.link(never);
    await made.evaluate();
    return (made.namespace as { readonly value: unknown }).value;
  };

  it('is compiled from what its last compilation left', async () => {
    const { vm, constructed } = recorded();
    const code = 'export const value = 1;';
    expect([await valueOf(vm, code), await valueOf(vm, code)]).toEqual([1, 1]);
    expect(constructed).toEqual([undefined, expect.any(Uint8Array)]);
  });

  it('is compiled anew where its source has changed', async () => {
    const { vm, constructed } = recorded();
    const values = [
      await valueOf(vm, 'export const value = 1;'),
      await valueOf(vm, 'export const value = 2;'),
    ];
    expect(values).toEqual([1, 2]);
    expect(constructed).toEqual([undefined, undefined]);
  });

  it('is compiled anew where a flag of V8 has changed', async () => {
    const { vm, constructed } = recorded();
    const code = 'export const value = 3;';
    await valueOf(vm, code);
    setFlagsFromString('--stack-size=983');
    try {
      await expect(valueOf(vm, code)).resolves.toBe(3);
    } finally {
      setFlagsFromString('--stack-size=984');
    }
    expect(constructed).toEqual([undefined, undefined]);
  });
});
