/** A JSON text that was read, or one line that says why not. */
export type JsonReading = { readonly value: unknown } | { readonly expected: string; readonly found: string };

/** What .NET writes in the place of a value that `ConvertTo-Json` found below its depth. */
const DOTNET_TEXT = /^(?:@\{.*\}|System\.(?:Object\[\]|Collections\..+|Management\..+))$/s;

/**
 * Reads JSON as it lies on disks: UTF-8 with or without a byte order mark, and the UTF-16 that Windows PowerShell 5
 * writes with `>` (about_Redirection: "UTF16LE").
 */
export function readJson(bytes: Buffer): JsonReading {
  let value: unknown;
  try {
    value = JSON.parse(decode(bytes));
  } catch (error) {
    return { expected: 'JSON', found: error instanceof Error ? error.message : 'something else' };
  }
  const [first, ...others] = mangledPlaces(value, '');
  if (first === undefined) return { value };
  const more =
    others.length === 0 ? '' : ` and in ${others.length} other ${others.length === 1 ? 'place' : 'places'}`;
  return {
    expected:
      'JSON as AWS writes it: redirect the answer of `aws …` into the file, or give ConvertTo-Json `-Depth 20` and its lists as `@(…)`',
    found: `arrays that PowerShell's ConvertTo-Json took apart, at ${first}${more}`,
  };
}

/** The text of a file, by its byte order mark or its first bytes. */
export function decode(bytes: Buffer): string {
  const text =
    encodingOf(bytes) === 'utf-8' ? bytes.toString('utf8') : new TextDecoder(encodingOf(bytes)).decode(bytes);
  return text.replace(/^\uFEFF/, '');
}

/** JSON begins with an ASCII character, so a zero byte beside it tells UTF-16 apart (RFC 4627 section 3). */
function encodingOf([first, second]: Buffer): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) return 'utf-16be';
  return 'utf-8';
}

/**
 * Where `ConvertTo-Json` broke a value: what lay deeper than its depth became a text, and a list of one became its
 * element, or `{ "value": […], "Count": 1 }` in Windows PowerShell 5.
 */
function mangledPlaces(value: unknown, path: string): readonly string[] {
  if (typeof value === 'string') return DOTNET_TEXT.test(value) ? [path] : [];
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item, index) => mangledPlaces(item, `${path}[${index}]`));
  if (isList(value) || isWrapped(value)) return [path === '' ? 'the top' : path];
  return Object.entries(value).flatMap(([name, member]) =>
    mangledPlaces(member, path === '' ? name : `${path}.${name}`),
  );
}

/** A list with elements whose `Items` is no array. */
function isList(value: object): boolean {
  if (!('Quantity' in value) || !('Items' in value)) return false;
  const { Quantity, Items } = value;
  return Number(Quantity) > 0 && Items !== null && !Array.isArray(Items);
}

function isWrapped(value: object): boolean {
  return (
    'value' in value && Array.isArray(value.value) && 'Count' in value && Object.keys(value).length === 2
  );
}
