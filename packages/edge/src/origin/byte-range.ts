/** What a `Range` header asks for of an object of known length. Positions are inclusive. */
export type RangeReading =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly firstByte: number; readonly lastByte: number }
  | { readonly kind: 'unsatisfiable' };

/**
 * Reads one byte range: `bytes=0-99`, `bytes=100-`, `bytes=-100`. Anything else, several ranges included,
 * is answered with the whole object as S3 does (R93, R112, E33, E34).
 */
export function readByteRange(header: string | undefined, byteLength: number): RangeReading {
  const whole = { kind: 'whole' } as const;
  if (header === undefined || !header.toLowerCase().startsWith('bytes=')) return whole;
  const spec = header.slice('bytes='.length).trim();
  const dash = spec.indexOf('-');
  if (dash === -1) return whole;
  const first = spec.slice(0, dash).trim();
  const last = spec.slice(dash + 1).trim();
  if (![first, last].every((text) => /^[0-9]*$/.test(text)) || (first === '' && last === '')) return whole;
  if (first === '') {
    const suffixLength = Math.min(Number(last), byteLength);
    if (suffixLength === 0) return { kind: 'unsatisfiable' };
    return { kind: 'part', firstByte: byteLength - suffixLength, lastByte: byteLength - 1 };
  }
  if (last !== '' && Number(last) < Number(first)) return whole;
  if (Number(first) >= byteLength) return { kind: 'unsatisfiable' };
  const lastByte = last === '' ? byteLength - 1 : Math.min(Number(last), byteLength - 1);
  return { kind: 'part', firstByte: Number(first), lastByte };
}
