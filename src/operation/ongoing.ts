/**
 * What has begun and not ended, in the order in which it began; for things of which each call brings some.
 *
 * Not a Set or a Map. V8 makes the table of one anew each time its places are used up, and the table before points to
 * the new one (`OrderedHashTable::Rehash` in V8's `src/objects/ordered-hash-table.cc`). As soon as one table has come
 * into the old generation, it keeps the next alive, that one the next after it, and each keeps all that it ever held:
 * every request then grows old, and the full collections that follow take a quarter of the time of a grant.
 */
export class Ongoing<One> implements Iterable<One> {
  readonly #all: One[] = [];

  get size(): number {
    return this.#all.length;
  }

  add(one: One): void {
    this.#all.push(one);
  }

  /** Most end in the order in which they began, so that it is found at once. */
  delete(one: One): void {
    const place = this.#all.indexOf(one);
    if (place === 0) this.#all.shift();
    else if (place > 0) this.#all.splice(place, 1);
  }

  /** As they are now: for those that delete while they look. */
  copy(): readonly One[] {
    return [...this.#all];
  }

  [Symbol.iterator](): Iterator<One> {
    return this.#all.values();
  }
}
