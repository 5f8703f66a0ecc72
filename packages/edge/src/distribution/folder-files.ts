import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '../error-code.js';
import { JsonNode, type FolderProblem } from './json-node.js';
import { readJson } from './json-text.js';

/** The JSON files of a sub-folder. */
export interface SubFolder {
  readonly files: readonly JsonNode[];
  /** False when a file could not be read: then nobody knows what stands in it. */
  readonly isComplete: boolean;
}

/** The files of a distribution's folder; what cannot be read is recorded as a mistake. */
export class FolderFiles {
  private readonly seen = new Map<string, JsonNode | null>();

  constructor(
    readonly folder: string,
    readonly problems: FolderProblem[],
  ) {}

  /** The content of a file that must exist. */
  required(file: string, expected = 'a readable JSON file'): JsonNode | null {
    return this.read(file, expected);
  }

  /** The content of a file that may be absent. */
  optional(file: string): JsonNode | null {
    return this.read(file, null);
  }

  /** The content of every `*.json` of a sub-folder that may be absent, by file name. */
  all(subFolder: string): SubFolder {
    const { names, isComplete } = this.list(subFolder, '.json', 'a folder of JSON files');
    const files = names.map((name) => this.required(`${subFolder}/${name}`));
    const readable = files.filter((file) => file !== null);
    return { files: readable, isComplete: isComplete && readable.length === files.length };
  }

  /** The text of every `*.js` of a sub-folder that may be absent, by file name; null for what cannot be read. */
  scripts(subFolder: string): ReadonlyMap<string, string | null> {
    const { names } = this.list(subFolder, '.js', 'a folder of JavaScript files');
    return new Map(
      names.map((name) => {
        const file = `${subFolder}/${name}`;
        return [name, this.bytes(file, 'a readable JavaScript file')?.toString('utf8') ?? null] as const;
      }),
    );
  }

  /** The names of the files of a sub-folder, in order; incomplete when it is there and cannot be listed. */
  private list(subFolder: string, extension: string, expected: string) {
    try {
      const names = readdirSync(join(this.folder, subFolder)).filter((name) => name.endsWith(extension));
      return { names: names.toSorted(), isComplete: true };
    } catch (error) {
      const isAbsent = errorCode(error) === 'ENOENT';
      if (!isAbsent) this.problem(subFolder, expected, errorCode(error));
      return { names: [], isComplete: isAbsent };
    }
  }

  /** Each file is read once, so that its mistakes are reported once. */
  private read(file: string, expected: string | null): JsonNode | null {
    const seen = this.seen.get(file);
    if (seen !== undefined) return seen;
    const node = this.parse(file, expected);
    this.seen.set(file, node);
    return node;
  }

  private parse(file: string, expected: string | null): JsonNode | null {
    const bytes = this.bytes(file, expected);
    if (bytes === null) return null;
    const reading = readJson(bytes);
    if ('value' in reading) return new JsonNode(file, '', reading.value, this.problems);
    this.problem(file, reading.expected, reading.found);
    return null;
  }

  /** Null for what cannot be read, which is a mistake unless nothing is expected and nothing is there. */
  private bytes(file: string, expected: string | null): Buffer | null {
    try {
      return readFileSync(join(this.folder, file));
    } catch (error) {
      const isAbsent = errorCode(error) === 'ENOENT';
      if (expected !== null || !isAbsent) {
        this.problem(file, expected ?? 'a readable JSON file', isAbsent ? 'no file' : errorCode(error));
      }
      return null;
    }
  }

  private problem(file: string, expected: string, found: string): void {
    this.problems.push({ file, path: '', expected, found });
  }
}
