import type { EdgepassClient } from '/client/index.js';

/** One question for many tiles that fail together, and none again while its answer is new. */
const QUIET_MILLISECONDS = 10_000;
let askedAt = Number.NEGATIVE_INFINITY;

/**
 * Asks the API which layer refuses a file that this page holds a grant for; gives a sentence for the page, `null` where it
 * was asked a moment ago or cannot say.
 */
export async function whyRefused(client: EdgepassClient, url: string): Promise<string | null> {
  if (performance.now() - askedAt < QUIET_MILLISECONDS) return null;
  askedAt = performance.now();
  try {
    return (await client.diagnose(url)).sentence;
  } catch {
    // The page says already that the API does not answer.
    return null;
  }
}
