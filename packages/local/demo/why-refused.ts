/** One question for many tiles that fail together, and none again while its answer is new. */
const QUIET_MILLISECONDS = 10_000;
let askedAt = Number.NEGATIVE_INFINITY;

/**
 * Asks the API which layer refuses a file that this page holds a grant for; gives a sentence for the page, `null` where it
 * was asked a moment ago or cannot say.
 */
export async function whyRefused(apiUrl: string, url: string): Promise<string | null> {
  if (performance.now() - askedAt < QUIET_MILLISECONDS) return null;
  askedAt = performance.now();
  try {
    const response = await fetch(`${apiUrl}/diagnoses`, {
      method: 'POST',
      credentials: 'include',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ url }),
    });
    const answer = (await response.json()) as { readonly sentence?: unknown };
    return response.ok && typeof answer.sentence === 'string' ? answer.sentence : null;
  } catch {
    // The page says already that the API does not answer.
    return null;
  }
}
