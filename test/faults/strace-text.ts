/** The bytes of every quoted text, which `-xx` writes as `\x…` throughout. */
export function quoted(text: string): readonly Buffer[] {
  return Array.from(text.matchAll(/"([^"]*)"/g), ([, hex = '']) => bytesOf(hex));
}

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll('\\x', ''), 'hex');
/** A path, which `-xx` writes in the same way. */
export const unhex = (hex: string): string => (hex.startsWith('\\x') ? bytesOf(hex).toString() : hex);
