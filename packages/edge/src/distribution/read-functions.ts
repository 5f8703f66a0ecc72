import { compileFunction } from 'node:vm';
import { programOf, type FunctionSources } from '../functions/function-runner.js';
import type { BehaviorFunctions } from './distribution.js';
import type { FolderFiles } from './folder-files.js';
import type { JsonNode } from './json-node.js';

const FOLDER = 'functions';
const STORES = 'key-value-stores';

/**
 * Reads `functions/*.js`, the code that `get-function` writes, and `key-value-stores/*.json`, by name.
 *
 * @param wanted the names that behaviors give
 */
export function readFunctions(files: FolderFiles, wanted: readonly string[]): FunctionSources {
  const functions = new Map<string, string>();
  for (const [name, { code, place }] of files.programs(FOLDER, wanted)) {
    if (code === null) {
      // It is there, and the mistake in it is recorded.
      functions.set(name, '');
      continue;
    }
    const program = programOf(code);
    const fault = faultOf(code, program);
    if (fault !== null) {
      const expected = 'JavaScript with a function handler';
      files.problems.push({ file: place, path: '', expected, found: fault });
    }
    functions.set(name, program);
  }
  const stores = files.all(STORES).files.map((file) => {
    const name = file.file.slice(STORES.length + 1).replace(/\.json$/, '');
    return [name, readStore(file)] as const;
  });
  return { functions, keyValueStores: new Map(stores) };
}

/** Reads which functions a behavior runs; one whose code is not in the folder is not run. */
export function readAssociations(behavior: JsonNode, { functions }: FunctionSources): BehaviorFunctions {
  const found = { viewerRequest: null as string | null, viewerResponse: null as string | null };
  for (const node of behavior.get('FunctionAssociations').quantityItems()) {
    const event = node.get('EventType').oneOf(['viewer-request', 'viewer-response']);
    const name = functionName(node);
    if (name === null) node.get('FunctionARN').mistake('the ARN of a function, which ends in function/NAME');
    if (name === null || event === null || !functions.has(name)) continue;
    found[event === 'viewer-request' ? 'viewerRequest' : 'viewerResponse'] = name;
  }
  return found;
}

/** The functions that behaviors name, known or not. */
export function functionNames(behaviors: readonly JsonNode[]): readonly string[] {
  return behaviors.flatMap((behavior) => {
    const list = behavior.get('FunctionAssociations').get('Items');
    return Array.isArray(list.value) ? list.items().flatMap((item) => functionName(item) ?? []) : [];
  });
}

/** The name at the end of a function's ARN; null, and no mistake, where there is none. */
export function functionName(association: JsonNode): string | null {
  const { value } = association.get('FunctionARN');
  return typeof value === 'string'
    ? (/(?:^|function\/)([A-Za-z0-9_-]{1,64})$/.exec(value)?.[1] ?? null)
    : null;
}

/** What keeps the code from being run, before any viewer comes. */
function faultOf(code: string, program: string): string | null {
  if (!/\bhandler\b/.test(code)) return 'no handler';
  try {
    compileFunction(`return ${program}`);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The answer of list-keys, the file that a store is made from, or an object of texts. */
function readStore(file: JsonNode): Readonly<Record<string, string>> {
  const [list, key, value] = file.get('Items').isPresent
    ? ([file.get('Items'), 'Key', 'Value'] as const)
    : ([file.get('data'), 'key', 'value'] as const);
  const pairs = list.isPresent
    ? list.items().map((item) => [item.get(key).text() ?? '', item.get(value).optionalText()] as const)
    : file.members().map(([name, node]) => [name, node.optionalText()] as const);
  return Object.fromEntries(pairs);
}
