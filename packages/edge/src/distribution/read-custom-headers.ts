import { HEADER_NAME, HEADER_VALUE } from './header-text.js';
import type { JsonNode } from './json-node.js';

/** Reads `CustomHeaders` of an origin: what CloudFront adds to each request it makes there (R88). */
export function readCustomHeaders(node: JsonNode): readonly (readonly [name: string, value: string])[] {
  return node.quantityItems().flatMap((item) => {
    const name = item.get('HeaderName').text();
    const value = item.get('HeaderValue').optionalText();
    if (name === null) return [];
    if (!HEADER_NAME.test(name)) return item.get('HeaderName').mistake('the name of a header') ?? [];
    if (!HEADER_VALUE.test(value)) return item.get('HeaderValue').mistake('the value of a header') ?? [];
    return [[name.toLowerCase(), value] as const];
  });
}
