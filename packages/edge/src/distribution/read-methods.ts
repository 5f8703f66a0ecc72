import type { JsonNode } from './json-node.js';

const METHODS = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'] as const;
const READ = ['GET', 'HEAD'] as const;
const READ_AND_ASK = [...READ, 'OPTIONS'] as const;

/** The methods of a behavior: those it takes (R80) and those whose answers may be cached (R81). */
export interface BehaviorMethods {
  readonly allowedMethods: ReadonlySet<string>;
  readonly cachedMethods: ReadonlySet<string>;
}

/** Reads `AllowedMethods`; where AWS leaves it out, a behavior takes and caches GET and HEAD. */
export function readMethods(node: JsonNode): BehaviorMethods {
  const allowed = node.isPresent
    ? readSet(node, [READ, READ_AND_ASK, METHODS], 'GET and HEAD, with OPTIONS, or all seven methods (R80)')
    : new Set<string>(READ);
  const cachedNode = node.get('CachedMethods');
  if (!node.isPresent || !cachedNode.isPresent) {
    return { allowedMethods: allowed, cachedMethods: new Set(READ) };
  }
  const cached = readSet(cachedNode, [READ, READ_AND_ASK], 'GET and HEAD, or these and OPTIONS (R81)');
  if (cached.has('OPTIONS') && !allowed.has('OPTIONS')) {
    cachedNode.mistake('no method that is not allowed', 'OPTIONS');
  }
  return { allowedMethods: allowed, cachedMethods: cached };
}

function readSet(
  node: JsonNode,
  possible: readonly (readonly string[])[],
  expected: string,
): ReadonlySet<string> {
  const items = node.quantityItems();
  const methods = new Set<string>(items.flatMap((item) => item.oneOf(METHODS) ?? []));
  const isPossible = possible.some(
    (set) => set.length === methods.size && set.every((method) => methods.has(method)),
  );
  // A method that does not exist was reported already.
  if (!isPossible && items.every((item) => methods.has(String(item.value)))) {
    node.mistake(expected, [...methods].join(', ') || 'none');
  }
  return methods;
}
