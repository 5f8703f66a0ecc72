/** A run of bytes that no output may hold, and whose secret it is of. One character a byte. */
interface Run {
  readonly name: string;
  readonly bytes: string;
}

/** Bytes that are looked up at every place of an output; every run is at least as long. */
const GRAM = 8;
const FILTER_BITS = 1 << 22;
// Under jest each look at a global costs more than the rest of a step.
const { imul } = Math;

/**
 * Knows secrets and finds any of them in bytes, in one walk over these however many there are. A secret is
 * kept as runs of it, so that a part is found as well as the whole.
 */
export class SecretRegister {
  readonly #runs = new Map<string, Run[]>();
  /** Which grams begin a run, by hash: almost no place of an output passes it. */
  readonly #filter = new Uint8Array(FILTER_BITS / 8);
  readonly #names = new Set<string>();

  /** How many different secrets it knows. */
  get size(): number {
    return this.#names.size;
  }

  /** Keeps every run of that length that begins at a multiple of `step`. */
  keep(name: string, bytes: string, length: number, step: number): void {
    if (length < GRAM) throw new RangeError(`expected runs of at least ${GRAM} bytes`);
    this.#names.add(name);
    for (let at = 0; at + length <= bytes.length; at += step) {
      const run = bytes.slice(at, at + length);
      const gram = run.slice(0, GRAM);
      const others = this.#runs.get(gram);
      if (others === undefined) this.#runs.set(gram, [{ name, bytes: run }]);
      else if (!others.some((other) => other.bytes === run)) others.push({ name, bytes: run });
      const hash = hashOf(gram);
      this.#filter[hash >>> 3] = (this.#filter[hash >>> 3] ?? 0) | (1 << (hash & 7));
    }
  }

  /** The names of the secrets of which these bytes hold a run; never the secrets. */
  namesIn(output: string | Buffer): readonly string[] {
    const bytes = typeof output === 'string' ? Buffer.from(output) : output;
    const found = new Set<string>();
    let [low, high] = [0, 0];
    for (let end = 0; end < bytes.length; end += 1) {
      low = (low >>> 8) | (high << 24);
      high = (high >>> 8) | ((bytes[end] ?? 0) << 24);
      const hash = mix(low, high);
      if (((this.#filter[hash >>> 3] ?? 0) & (1 << (hash & 7))) === 0 || end + 1 < GRAM) continue;
      const start = end + 1 - GRAM;
      for (const run of this.#runs.get(bytes.toString('latin1', start, end + 1)) ?? []) {
        if (bytes.toString('latin1', start, start + run.bytes.length) === run.bytes) found.add(run.name);
      }
    }
    return [...found];
  }
}

function hashOf(gram: string): number {
  const bytes = Buffer.from(gram, 'latin1');
  return mix(bytes.readInt32LE(0), bytes.readInt32LE(4));
}

function mix(low: number, high: number): number {
  const mixed = imul(low, 0x9e3779b1) ^ imul(high, 0x85ebca77);
  return (mixed ^ (mixed >>> 15)) & (FILTER_BITS - 1);
}
