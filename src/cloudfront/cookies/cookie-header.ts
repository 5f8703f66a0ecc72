/**
 * The value of one cookie in a `Cookie` request header, or undefined. Of several with one name the
 * first, as every server reads them (B60); no decoding, because we write nothing that needs any.
 */
export function readCookie(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const separator = pair.indexOf('=');
    if (separator !== -1 && pair.slice(0, separator).trim() === name) return pair.slice(separator + 1).trim();
  }
  return undefined;
}
