/** A word of ours: what a request brought along never looks like one by accident and is never a label. */
const WORD = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;

/**
 * A label whose values come from the code, but from many places of it. Gives the value itself for the first
 * `most` of them and `other` for the rest, so that no caller can grow the memory of the scraper.
 */
export class BoundedLabel {
  readonly #known = new Set<string>();

  constructor(private readonly most: number) {}

  of(value: string): string {
    if (this.#known.has(value)) return value;
    if (this.#known.size >= this.most || !WORD.test(value)) return 'other';
    this.#known.add(value);
    return value;
  }
}
