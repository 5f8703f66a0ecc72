/**
 * Jest gives each spec file a context of its own and compiles every module anew for it, itself included
 * (`expect`, `jest-circus` and what they load: 1 MB), which was a third of the time to load a spec file. V8 would know a
 * module again, were it not for the callback for `import()` that jest hands with each: functions with a callback
 * are never found in V8's cache (the host-defined options of a script are part of its key).
 * Node runs this file as it is.
 */
import type * as nodeVm from 'node:vm';

/** `@types/node` lacks it (https://nodejs.org/api/vm.html#sourcetextmodulecreatecacheddata). */
type WithData = nodeVm.SourceTextModule & { readonly createCachedData: () => Buffer };
type Changed = Pick<typeof nodeVm, 'compileFunction' | 'SourceTextModule'>;

/**
 * Makes this process compile a source that it has compiled before from V8's cache.
 * A source without `import` is compiled without the callback, which nothing in it could call; V8 then shares its
 * functions between the contexts. Any other keeps it, and is compiled from what its last compilation has left.
 * @param vm what is changed: `node:vm` itself
 */
export function compileOnce(vm: Changed): void {
  const { compileFunction, SourceTextModule } = vm;
  const compiled = new Map<string, { readonly code: string; readonly data: Buffer | undefined }>();
  const dataOf = (name: string | undefined, code: string): Buffer | undefined => {
    const last = name === undefined ? undefined : compiled.get(name);
    return last?.code === code ? last.data : undefined;
  };

  vm.compileFunction = (code, parameters, options) => {
    if (!/\bimport\b/.test(code)) {
      return compileFunction(code, parameters, { ...options, importModuleDynamically: undefined });
    }
    const name = `${options?.filename}(${parameters?.join(',')})`;
    const cachedData = dataOf(name, code);
    if (cachedData !== undefined) return compileFunction(code, parameters, { ...options, cachedData });
    const made = compileFunction(code, parameters, { ...options, produceCachedData: true });
    compiled.set(name, { code, data: made.cachedData });
    return made;
  };

  vm.SourceTextModule = new Proxy(SourceTextModule, {
    construct(
      target,
      [code, options]: [string, nodeVm.SourceTextModuleOptions | undefined],
    ): nodeVm.SourceTextModule {
      const name = options?.identifier;
      const cachedData = dataOf(name, code);
      if (cachedData !== undefined) {
        try {
          return new target(code, { ...options, cachedData });
        } catch (error) {
          // A flag of V8 was changed meanwhile.
          if ((error as NodeJS.ErrnoException).code !== 'ERR_VM_MODULE_CACHED_DATA_REJECTED') throw error;
        }
      }
      const made = new target(code, options) as WithData;
      if (name !== undefined) compiled.set(name, { code, data: made.createCachedData() });
      return made;
    },
  });
}
