import type { BucketCors, BucketCorsRule } from './bucket-cors.js';
import type { CorsRequest } from './cors-request.js';

/**
 * The first rule that allows origin, method and every requested header (R99); null when none does. The case of an
 * origin counts: browsers send it in lower case, and S3's documents compare it as text (R98).
 */
export function chooseRule(cors: BucketCors, request: CorsRequest): BucketCorsRule | null {
  const { rules, pageOrigins } = cors;
  // A local page may be allowed by its own name or by that of the production page it stands for.
  const production = pageOrigins.get(request.origin);
  const origins = production === undefined ? [request.origin] : [request.origin, production];
  return (
    rules.find(
      (rule) =>
        rule.allowedMethods.includes(request.method) &&
        rule.allowedOrigins.some((pattern) => origins.some((origin) => covers(pattern, origin))) &&
        request.requestedHeaders.every((name) =>
          rule.allowedHeaders.some((pattern) => covers(pattern.toLowerCase(), name)),
        ),
    ) ?? null
  );
}

/** R98: one `*` stands for any characters or none; everything else is literal, both ends anchored. */
function covers(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*');
  if (star === -1) return pattern === text;
  return (
    text.length >= pattern.length - 1 &&
    text.startsWith(pattern.slice(0, star)) &&
    text.endsWith(pattern.slice(star + 1))
  );
}
