/** One mistake in the distribution's folder: where it is, what was expected there and what was found. */
export interface FolderProblem {
  /** Relative to the folder: `key-groups/viewers.json`. */
  readonly file: string;
  /** JSON path inside the file, `''` for the file itself. */
  readonly path: string;
  readonly expected: string;
  readonly found: string;
}

/** Where a value was written, when that is not the file in which it is read: in a template, with its line. */
export interface Place {
  /** `template.yaml:42`. */
  readonly file: string;
  readonly path: string;
  /** What stands there could not be evaluated, which was reported: nothing more is wrong with it. */
  readonly isUnknown: boolean;
}

/**
 * A value inside a JSON file that knows its own path. Reading it as the wrong type records a mistake and
 * gives null, so that one pass over the folder finds all mistakes at once.
 */
export class JsonNode {
  constructor(
    readonly file: string,
    readonly path: string,
    readonly value: unknown,
    private readonly problems: FolderProblem[],
    /** By path, for what was made of a template. */
    private readonly places: ReadonlyMap<string, Place> | null = null,
  ) {}

  /** Where people find it: `distribution.json DistributionConfig.Aliases`. */
  get place(): string {
    const { file, path } = this.written();
    return `${file}${path === '' ? '' : ` ${path}`}`;
  }

  /** The same for every element of a list, so that one line can speak of all of them. */
  get placeInEveryElement(): string {
    const { file, path } = this.written();
    return `${file.replace(/:\d+$/, '')} ${path.replaceAll(/\[\d+\]/g, '[]')}`;
  }

  /** AWS writes absent members as null now and then. */
  get isPresent(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  get(name: string): JsonNode {
    const path = this.path === '' ? name : `${this.path}.${name}`;
    return this.at(path, this.isObject() ? this.value[name] : undefined);
  }

  /** The members of an object in file order; a mistake when it is none. */
  members(): readonly (readonly [name: string, node: JsonNode])[] {
    if (!this.isObject()) return this.mistake('an object') ?? [];
    return Object.keys(this.value).map((name) => [name, this.get(name)] as const);
  }

  items(): readonly JsonNode[] {
    if (!Array.isArray(this.value)) return this.mistake('an array') ?? [];
    return this.value.map((item: unknown, index) => this.at(`${this.path}[${index}]`, item));
  }

  /** The texts of an array, and nothing where there is none: reading them records no mistake. */
  texts(): readonly string[] {
    if (!Array.isArray(this.value)) return [];
    return this.value.filter((item): item is string => typeof item === 'string');
  }

  /** AWS's `{ "Quantity": n, "Items": […] }`; without Items it is empty. */
  quantityItems(): readonly JsonNode[] {
    if (!this.isPresent) return [];
    if (!this.isObject()) return this.mistake('an object with Quantity and Items') ?? [];
    const { Items } = this.value;
    if (this.get('Items').isPresent && !Array.isArray(Items)) return this.get('Items').items();
    const items = this.get('Items').isPresent ? this.get('Items').items() : [];
    const quantity = this.get('Quantity');
    if (quantity.value !== items.length) quantity.mistake(`${items.length}, the number of Items`);
    return items;
  }

  text(): string | null {
    return typeof this.value === 'string' && this.value !== ''
      ? this.value
      : this.mistake('a text that is not empty');
  }

  /** A text that may be absent or empty. */
  optionalText(): string {
    if (!this.isPresent) return '';
    return typeof this.value === 'string' ? this.value : (this.mistake('a text') ?? '');
  }

  flag(): boolean | null {
    return typeof this.value === 'boolean' ? this.value : this.mistake('true or false');
  }

  /** A flag that is false where AWS leaves it out. */
  optionalFlag(): boolean {
    return this.isPresent ? (this.flag() ?? false) : false;
  }

  wholeNumber(): number | null {
    return typeof this.value === 'number' && Number.isInteger(this.value) && this.value >= 0
      ? this.value
      : this.mistake('a whole number');
  }

  oneOf<const Value extends string>(values: readonly Value[]): Value | null {
    return values.find((value) => value === this.value) ?? this.mistake(values.join(' or '));
  }

  /** Records a mistake at this place. `found` replaces the value where that must not be shown. */
  mistake(expected: string, found: string = describe(this.value)): null {
    const { file, path, isUnknown } = this.written();
    if (!isUnknown) this.problems.push({ file, path, expected, found });
    return null;
  }

  private at(path: string, value: unknown): JsonNode {
    return new JsonNode(this.file, path, value, this.problems, this.places);
  }

  /** The place of what is not written is below that of the object which would hold it. */
  private written(): Place {
    const known = nearest(this.path, this.places);
    const place = known === null ? undefined : this.places?.get(known);
    if (known === null || place === undefined) return { file: this.file, path: this.path, isUnknown: false };
    const rest = this.path.slice(known.length);
    const separator = known === '' && rest !== '' ? '.' : '';
    return { ...place, path: `${place.path}${separator}${rest}` };
  }

  private isObject(this: JsonNode): this is JsonNode & { readonly value: Record<string, unknown> } {
    return typeof this.value === 'object' && this.value !== null && !Array.isArray(this.value);
  }
}

/** The path itself, or the nearest object or list around it, of which a place is known. */
function nearest(path: string, places: ReadonlyMap<string, Place> | null): string | null {
  if (places === null) return null;
  if (places.has(path)) return path;
  const around = path.replace(/\[\d+\]$|(?:^|\.)[^.[\]]*$/, '');
  return around === path ? null : nearest(around, places);
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/**
 * The line that is printed for a mistake.
 *
 * @example
 * formatFolderProblem({ file: 'edge.json', path: 'tls', expected: 'an object', found: '"x"' });
 * // edge.json tls: expected an object, found "x"
 */
export function formatFolderProblem({ file, path, expected, found }: FolderProblem): string {
  return `${file}${path === '' ? '' : ` ${path}`}: expected ${expected}, found ${found}`;
}
