import { DEFAULT_CACHE_LIMITS, type CacheLimits } from '../cache/copy-store.js';
import type { JsonNode } from './json-node.js';

const MEMBERS = ['totalMegabytes', 'objectMegabytes'];
const BYTES_PER_MEGABYTE = 1024 * 1024;

/** Reads `cache` of `edge.json`: how much memory the copies may take, and one of them. */
export function readCacheLimits(node: JsonNode): CacheLimits {
  if (!node.isPresent) return DEFAULT_CACHE_LIMITS;
  for (const [name, member] of node.members()) {
    if (!MEMBERS.includes(name)) member.mistake(`one of ${MEMBERS.join(', ')} as name`, `"${name}"`);
  }
  const bytes = (name: string, fallback: number) =>
    node.get(name).isPresent ? (node.get(name).wholeNumber() ?? 0) * BYTES_PER_MEGABYTE : fallback;
  return {
    totalBytes: bytes('totalMegabytes', DEFAULT_CACHE_LIMITS.totalBytes),
    objectBytes: bytes('objectMegabytes', DEFAULT_CACHE_LIMITS.objectBytes),
  };
}
