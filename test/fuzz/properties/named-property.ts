import type * as fc from 'fast-check';

/** One sentence about the code under test, and what tries to break it. */
export interface NamedProperty {
  readonly name: string;
  readonly property: fc.IRawProperty<unknown>;
}

/** Counts what the properties met, so that a run shows that it met more than refusals. */
export class Tally {
  readonly #counts = new Map<string, number>();

  count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].toSorted(([one], [other]) => (one < other ? -1 : 1)));
  }
}

/** Names a property. */
export function named<Input>(name: string, property: fc.IRawProperty<Input>): NamedProperty {
  return { name, property };
}
