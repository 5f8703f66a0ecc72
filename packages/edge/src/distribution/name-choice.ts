import { matchesWildcard } from '../viewer-access/wildcard.js';

/** Which cookies or query strings of a viewer are meant: by AWS's four behaviors. Names are case-sensitive. */
export interface NameChoice {
  readonly kind: 'none' | 'all' | 'listed' | 'allExcept';
  /** Empty unless the kind is `listed` or `allExcept`. A cookie name may hold `*` and `?`. */
  readonly names: readonly string[];
}

/** Nothing of the viewer. */
export const NO_NAMES: NameChoice = { kind: 'none', names: [] };
/** Everything of the viewer. */
export const ALL_NAMES: NameChoice = { kind: 'all', names: [] };

/** The choice of these names alone. */
export function listed(names: readonly string[]): NameChoice {
  return { kind: 'listed', names };
}

/** Says whether a name is meant. */
export function isChosen(choice: NameChoice, name: string): boolean {
  if (choice.kind === 'none' || choice.kind === 'all') return choice.kind === 'all';
  const isListed = choice.names.some((entry) =>
    /[*?]/.test(entry) ? matchesWildcard(entry, name) : entry === name,
  );
  return isListed === (choice.kind === 'listed');
}
