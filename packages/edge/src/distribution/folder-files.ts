import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '../error-code.js';
import { JsonNode, type FolderProblem } from './json-node.js';

/** The JSON files of a distribution's folder; what cannot be read is recorded as a mistake. */
export class FolderFiles {
  private readonly seen = new Map<string, JsonNode | null>();

  constructor(
    readonly folder: string,
    readonly problems: FolderProblem[],
  ) {}

  /** The content of a file that must exist. */
  required(file: string): JsonNode | null {
    return this.read(file, true);
  }

  /** The content of a file that may be absent. */
  optional(file: string): JsonNode | null {
    return this.read(file, false);
  }

  /** The content of every `*.json` of a sub-folder that may be absent, by file name. */
  all(subFolder: string): readonly JsonNode[] {
    let names: string[];
    try {
      names = readdirSync(join(this.folder, subFolder)).filter((name) => name.endsWith('.json'));
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') this.problem(subFolder, 'a folder of JSON files', errorCode(error));
      return [];
    }
    return names.toSorted().flatMap((name) => this.read(`${subFolder}/${name}`, true) ?? []);
  }

  /** Each file is read once, so that its mistakes are reported once. */
  private read(file: string, isRequired: boolean): JsonNode | null {
    const seen = this.seen.get(file);
    if (seen !== undefined) return seen;
    const node = this.parse(file, isRequired);
    this.seen.set(file, node);
    return node;
  }

  private parse(file: string, isRequired: boolean): JsonNode | null {
    let text: string;
    try {
      text = readFileSync(join(this.folder, file), 'utf8');
    } catch (error) {
      if (isRequired || errorCode(error) !== 'ENOENT') {
        this.problem(
          file,
          'a readable JSON file',
          errorCode(error) === 'ENOENT' ? 'no file' : errorCode(error),
        );
      }
      return null;
    }
    try {
      // PowerShell puts a byte order mark before what it redirects into a file.
      return new JsonNode(file, '', JSON.parse(text.replace(/^\uFEFF/, '')) as unknown, this.problems);
    } catch (error) {
      this.problem(file, 'JSON', error instanceof Error ? error.message : 'something else');
      return null;
    }
  }

  private problem(file: string, expected: string, found: string): void {
    this.problems.push({ file, path: '', expected, found });
  }
}
