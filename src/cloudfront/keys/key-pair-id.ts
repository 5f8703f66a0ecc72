/** What an id must look like to be looked up at all; a PEM or an empty text is answered MissingKey (R56). */
const KEY_PAIR_ID = /^[A-Za-z0-9]{1,64}$/;

export function isKeyPairId(value: string): boolean {
  return KEY_PAIR_ID.test(value);
}
