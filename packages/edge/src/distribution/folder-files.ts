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

/** The code of a CloudFront Function, and where it stands; null for what cannot be read. */
export interface ProgramText {
  readonly code: string | null;
  readonly place: string;
}

/** What a template says of the bucket behind an origin. */
export interface BucketAnswers {
  /** The rules, as `bucket-cors.json` has them. */
  readonly cors: JsonNode | null;
  /** As `bucket-website.json` has it. */
  readonly website: JsonNode | null;
  readonly isSigned: boolean;
  /** What its policy grants; null where the template has none of it. */
  readonly access: { readonly readableKeys: readonly string[]; readonly isListable: boolean } | null;
}

/** What AWS would answer about the distribution of a template. */
export interface TemplateAnswers {
  readonly distribution: JsonNode | null;
  /** The definitions that take the place of the files of a folder. */
  readonly folders: ReadonlyMap<string, readonly JsonNode[]>;
  /** By the name of the function. */
  readonly programs: ReadonlyMap<string, ProgramText>;
  /** By the id of the origin. */
  readonly buckets: ReadonlyMap<string, BucketAnswers>;
}

/**
 * The files of a distribution's folder, and what a template has in their place; what cannot be read is recorded as a
 * mistake.
 */
export class FolderFiles {
  private readonly seen = new Map<string, JsonNode | null>();

  constructor(
    readonly folder: string,
    readonly problems: FolderProblem[],
    readonly template: TemplateAnswers | null = null,
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
    const readable = [
      ...files.filter((file) => file !== null),
      ...(this.template?.folders.get(subFolder) ?? []),
    ];
    return { files: readable, isComplete: isComplete && !files.includes(null) };
  }

  /**
   * The text of every `*.js` of a sub-folder that may be absent, by its name without that.
   *
   * @param wanted beside a template these alone: its folder may hold programs of all kinds
   */
  programs(subFolder: string, wanted: readonly string[]): ReadonlyMap<string, ProgramText> {
    const { names } = this.list(subFolder, '.js', 'a folder of JavaScript files');
    const read = names.flatMap((name) => {
      const program = name.replace(/\.js$/, '');
      if (this.template !== null && !wanted.includes(program)) return [];
      const place = `${subFolder}/${name}`;
      const code = this.bytes(place, 'a readable JavaScript file')?.toString('utf8') ?? null;
      return [[program, { code, place }] as const];
    });
    return new Map([...read, ...(this.template?.programs ?? [])]);
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
