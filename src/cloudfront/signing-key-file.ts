import type { SigningKeyProblem } from './signing-key.js';

export type SigningKeyFileResult =
  { readonly text: string; readonly warnings: readonly string[] } | { readonly problem: SigningKeyProblem };

/** Reads a key file; hand the text to loadSigningKey with `origin: path`. */
export function readSigningKeyFile(
  _path: string,
  _environment: 'production' | 'development' | 'test',
): SigningKeyFileResult {
  throw new Error('being built');
}
