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

/** The JSON files of a distribution's folder; what cannot be read is recorded as a mistake. */
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
    let names: string[];
    try {
      names = readdirSync(join(this.folder, subFolder)).filter((name) => name.endsWith('.json'));
    } catch (error) {
      const isAbsent = errorCode(error) === 'ENOENT';
      if (!isAbsent) this.problem(subFolder, 'a folder of JSON files', errorCode(error));
      return { files: [], isComplete: isAbsent };
    }
    const files = names.toSorted().map((name) => this.required(`${subFolder}/${name}`));
    const readable = files.filter((file) => file !== null);
    return { files: readable, isComplete: readable.length === files.length };
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
    let bytes: Buffer;
    try {
      bytes = readFileSync(join(this.folder, file));
    } catch (error) {
      const isAbsent = errorCode(error) === 'ENOENT';
      if (expected !== null || !isAbsent) {
        this.problem(file, expected ?? 'a readable JSON file', isAbsent ? 'no file' : errorCode(error));
      }
      return null;
    }
    const reading = readJson(bytes);
    if ('value' in reading) return new JsonNode(file, '', reading.value, this.problems);
    this.problem(file, reading.expected, reading.found);
    return null;
  }

  private problem(file: string, expected: string, found: string): void {
    this.problems.push({ file, path: '', expected, found });
  }
}
