/**
 * Whether the browser gets any answer at all from the host of `url`, whatever the answer is.
 * `no-cors` answers are opaque but need no CORS headers (B81), so `false` after a failed call means that the
 * certificate is not trusted or nothing answers (F48), and `true` means that the answer was a refusal.
 */
export async function canReach(
  url: string,
  options: { readonly fetch?: typeof globalThis.fetch } = {},
): Promise<boolean> {
  const send = options.fetch ?? globalThis.fetch.bind(globalThis);
  try {
    await send(url, { mode: 'no-cors', credentials: 'omit', cache: 'no-store' });
    return true;
  } catch {
    return false;
  }
}
