import type { JsonNode } from './json-node.js';

const MAX_LENGTH = 255;
/** What AWS documents; a copy of a distribution that AWS took may hold more, so others are a warning. */
const DOCUMENTED = /^[A-Za-z0-9_.*$/~"'@:+&?-]*$/;

/** Reads the path pattern of a behavior; one that can never decide gets a warning. */
export function readPathPattern(node: JsonNode, earlier: readonly string[], warnings: string[]): string {
  const pattern = node.text() ?? '';
  if (pattern.length > MAX_LENGTH) node.mistake(`a path pattern of at most ${MAX_LENGTH} characters`);
  const place = `${node.file} ${node.path}`;
  if (!DOCUMENTED.test(pattern)) {
    warnings.push(`${place}: ${JSON.stringify(pattern)} has characters that AWS does not name for patterns`);
  }
  const shadow = earlier.find((other) => isSame(other, pattern) || other === '*' || other === '/*');
  if (pattern !== '' && shadow !== undefined) {
    warnings.push(
      `${place}: never decides, because ${JSON.stringify(shadow)} stands before it and covers the same paths`,
    );
  }
  return pattern;
}

/** A leading `/` is optional and changes nothing. */
function isSame(one: string, other: string): boolean {
  return one.replace(/^\//, '') === other.replace(/^\//, '');
}
