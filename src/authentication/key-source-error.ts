/**
 * A key source of access tokens that cannot be used: stops the start. The four parts are those of a
 * settings problem, so that it can be listed with the others. Never contains key material.
 */
export class KeySourceError extends Error {
  override readonly name = 'KeySourceError';

  constructor(
    /** Name of the setting to change. */
    readonly setting: string,
    readonly expected: string,
    readonly found: string,
    readonly todo: string,
  ) {
    super(`${setting}: expected ${expected}, found ${found}. ${todo}`);
  }
}
