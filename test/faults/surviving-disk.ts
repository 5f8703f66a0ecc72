import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { TracedFile, type Survival } from './traced-file.js';
import type { TracedEvent } from './traced-writes.js';

/** A folder as its disk would hold it, event by event. A name is safe once its folder was synced. */
export class SurvivingDisk {
  readonly #folder: string;
  readonly #base: string | null;
  /** `null`: removed. What is absent is as in the base. */
  readonly #names = new Map<string, TracedFile | null>();
  readonly #safeNames = new Map<string, TracedFile | null>();
  readonly #syncs = new Map<string, () => void>();

  /** @param base a copy of the folder from before the first event, all of it safe; `null` for an empty folder */
  constructor(folder: string, base: string | null) {
    this.#folder = folder;
    this.#base = base;
  }

  /** How many writes no fsync has confirmed yet. */
  get unsynced(): number {
    return this.#files().reduce((sum, file) => sum + file.pending, 0);
  }

  apply(event: TracedEvent): void {
    switch (event.kind) {
      case 'write':
      case 'resize':
      case 'grow':
        this.#file(event.path).change(event);
        return;
      case 'create':
        this.#file(event.path);
        return;
      case 'unlink':
        this.#names.set(event.path, null);
        return;
      case 'rename':
        this.#names.set(event.to, this.#file(event.path));
        this.#names.set(event.path, null);
        return;
      case 'sync-begin':
        this.#syncs.set(event.thread, this.#syncOf(event.path));
        return;
      case 'sync-end':
        this.#syncs.get(event.thread)?.();
        return;
      case 'sent':
        return;
    }
  }

  /** Writes what survives over a copy of the base. */
  writeTo(target: string, survival: Survival, random: () => number): void {
    for (const [path, file] of survival === 'only what was synced' ? this.#safeNames : this.#names) {
      const to = join(target, relative(this.#folder, path));
      if (file === null) rmSync(to, { force: true });
      else writeFileSync(to, file.contentAfter(survival, random));
    }
  }

  #syncOf(path: string): () => void {
    if (!this.#isFolder(path)) return this.#file(path).beginSync();
    const inFolder = [...this.#names].filter(([name]) => dirname(name) === path);
    return () => {
      for (const [name, file] of inFolder) this.#safeNames.set(name, file);
    };
  }

  #isFolder(path: string): boolean {
    if (path === this.#folder) return true;
    const inBase = this.#inBase(path);
    return inBase !== null && existsSync(inBase) && statSync(inBase).isDirectory();
  }

  #file(path: string): TracedFile {
    const known = this.#names.get(path);
    if (known !== undefined && known !== null) return known;
    const inBase = known === undefined ? this.#inBase(path) : null;
    const isInBase = inBase !== null && existsSync(inBase);
    const file = new TracedFile(isInBase ? readFileSync(inBase) : Buffer.alloc(0));
    this.#names.set(path, file);
    if (isInBase) this.#safeNames.set(path, file);
    return file;
  }

  #inBase(path: string): string | null {
    return this.#base === null ? null : join(this.#base, relative(this.#folder, path));
  }

  #files(): readonly TracedFile[] {
    return [...new Set([...this.#names.values(), ...this.#safeNames.values()])].filter(
      (file) => file !== null,
    );
  }
}
