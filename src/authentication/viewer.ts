/** Who is asking: what every later room needs of the caller, and nothing of how they signed in. */
export interface Viewer {
  /** The caller's id, as the sign-in system spells it. Compared byte for byte. */
  readonly id: string;
  /** Names of the groups the caller is in, each compared whole. */
  readonly groups: readonly string[];
}
