import type { Compilable, CompiledQuery } from 'kysely';

/** Stands where a value goes while the text is made. */
class Place {
  constructor(
    readonly name: string,
    /** Its place in a list; `null` for a single value. */
    readonly index: number | null,
  ) {}
}

/** More than the lengths that occur together; each text takes about a kilobyte. */
const REMEMBERED_TEXTS = 256;

/**
 * A query about single values and lists, whose text is made once for each combination of list lengths
 * instead of once for each call.
 * The function handed in builds it with kysely from places that stand for the values; it must pass them
 * on as parameters and not look at them.
 */
export class PreparedQuery<V extends object, Row> {
  readonly #texts = new Map<string, CompiledQuery<Row>>();

  constructor(private readonly build: (places: V) => Compilable<Row>) {}

  /** The query with these values, to be given to kysely's `executeQuery`. */
  with(values: V): CompiledQuery<Row> {
    const text = this.#textFor(values);
    return { ...text, parameters: text.parameters.map((parameter) => valueOf(parameter, values)) };
  }

  #textFor(values: V): CompiledQuery<Row> {
    let shape = '';
    // Not with map() and join(): this is asked for every grant.
    for (const value of Object.values(values)) shape += Array.isArray(value) ? `${value.length},` : ',';
    const known = this.#texts.get(shape);
    if (known !== undefined) return known;
    const text = this.build(placesFor(values)).compile();
    this.#texts.set(shape, text);
    if (this.#texts.size > REMEMBERED_TEXTS) this.#texts.delete(this.#texts.keys().next().value ?? '');
    return text;
  }
}

function placesFor<V extends object>(values: V): V {
  const places = Object.entries(values).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.map((_, index) => new Place(name, index)) : new Place(name, null),
  ]);
  return Object.fromEntries(places) as V;
}

function valueOf(parameter: unknown, values: object): unknown {
  if (!(parameter instanceof Place)) return parameter;
  const value = (values as Readonly<Record<string, unknown>>)[parameter.name];
  return parameter.index === null ? value : (value as readonly unknown[])[parameter.index];
}
