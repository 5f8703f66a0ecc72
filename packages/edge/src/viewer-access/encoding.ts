/**
 * Decodes a value of CloudFront's own base64: `-`, `_`, `~` in the place of `+`, `=`, `/` (R4).
 * Null for anything else, ordinary base64 and blanks included. Missing padding is taken: what CloudFront does
 * is not documented, and nothing is ambiguous without it (R5).
 */
export function decodeCloudFrontBase64(value: string): Buffer | null {
  let end = value.length;
  while (end > 0 && value.length - end < 2 && value[end - 1] === '_') end -= 1;
  for (let index = 0; index < end; index += 1) {
    if (!isAlphabet(value.charCodeAt(index))) return null;
  }
  const padding = value.length - end;
  if (end === 0 || end % 4 === 1) return null;
  if (padding > 0 && value.length % 4 !== 0) return null;
  const ordinary = value.slice(0, end).replaceAll('-', '+').replaceAll('~', '/');
  return Buffer.from(ordinary, 'base64');
}

/** `A–Z a–z 0–9 - ~`. */
function isAlphabet(code: number): boolean {
  return (
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x2d ||
    code === 0x7e
  );
}
