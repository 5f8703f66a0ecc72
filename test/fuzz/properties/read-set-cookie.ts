/** A cookie as RFC 6265bis 5.6 reads one `Set-Cookie` line, every attribute in the order written. */
export interface ReadSetCookie {
  readonly name: string;
  readonly value: string;
  readonly attributes: readonly (readonly [name: string, value: string])[];
}

/** Reads a line as a browser does; null where it would drop it. */
export function readSetCookie(line: string): ReadSetCookie | null {
  // 5.6 step 1: control characters but the tab.
  for (const character of line) {
    const code = character.codePointAt(0) ?? 0;
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return null;
  }
  const [pair = '', ...rest] = line.split(';');
  const at = pair.indexOf('=');
  const name = trim(at === -1 ? '' : pair.slice(0, at));
  const value = trim(at === -1 ? pair : pair.slice(at + 1));
  if (name === '' && value === '') return null;
  if (Buffer.byteLength(name) + Buffer.byteLength(value) > 4096) return null;
  const attributes = rest.map((part): readonly [string, string] => {
    const equals = part.indexOf('=');
    return equals === -1
      ? [trim(part).toLowerCase(), '']
      : [trim(part.slice(0, equals)).toLowerCase(), trim(part.slice(equals + 1))];
  });
  return { name, value, attributes: attributes.filter(([, text]) => Buffer.byteLength(text) <= 1024) };
}

/** Blanks and tabs, nothing else. */
function trim(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && ' \t'.includes(text.charAt(start))) start += 1;
  while (end > start && ' \t'.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}
