import type { JsonNode } from './json-node.js';
import { ALL_NAMES, listed, NO_NAMES, type NameChoice } from './name-choice.js';

/**
 * Reads `CookiesConfig` or `QueryStringsConfig` of a policy: `kind` is `Cookie` or `QueryString`, as in
 * `CookieBehavior` beside `Cookies`.
 */
export function readNameChoice(node: JsonNode, kind: 'Cookie' | 'QueryString'): NameChoice {
  const behavior = node.get(`${kind}Behavior`).oneOf(['none', 'whitelist', 'allExcept', 'all']);
  if (behavior === 'all') return ALL_NAMES;
  if (behavior === null || behavior === 'none') return NO_NAMES;
  const names = readNames(node.get(`${kind}s`), `a name, because ${kind}Behavior is ${behavior}`);
  return behavior === 'whitelist' ? listed(names) : { kind: 'allExcept', names };
}

/** The texts of a list that must not be empty. */
export function readNames(node: JsonNode, expected: string): readonly string[] {
  const names = node.quantityItems().flatMap((item) => item.text() ?? []);
  if (names.length === 0) node.mistake(expected);
  return names;
}
