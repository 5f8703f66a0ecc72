import type { CachePolicy } from '../distribution/cache-policy.js';

/**
 * The `Accept-Encoding` that stands in the cache key and goes to the origin: what the viewer accepts of
 * what the policy enables, in one spelling; null for neither (R61).
 */
export function normalisedAcceptEncoding(
  header: string | undefined,
  { gzip, brotli }: Pick<CachePolicy, 'gzip' | 'brotli'>,
): string | null {
  if (header === undefined || (!gzip && !brotli)) return null;
  const accepted = header.split(',').flatMap((part) => {
    const [coding = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    return parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter)) ? [] : [coding];
  });
  const kept = [...(brotli ? ['br'] : []), ...(gzip ? ['gzip'] : [])].filter((one) => accepted.includes(one));
  return kept.length === 0 ? null : kept.join(',');
}
