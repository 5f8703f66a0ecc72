/**
 * Whether the browser gets any answer at all from the host of `url`, whatever the answer is.
 * `no-cors` answers are opaque but need no CORS headers. A host that sends
 * `Cross-Origin-Resource-Policy: same-origin`, as helmet does by default, is withheld from such a call, so a
 * call with CORS follows. `true` after a failed call means that the answer was a refusal; `false` means that the
 * certificate is not trusted, that nothing answers, or that the host keeps itself from this page's origin.
 */
export async function canReach(
  url: string,
  options: { readonly fetch?: typeof globalThis.fetch } = {},
): Promise<boolean> {
  const send = options.fetch ?? globalThis.fetch.bind(globalThis);
  for (const mode of ['no-cors', 'cors'] as const) {
    try {
      await send(url, { mode, credentials: 'omit', cache: 'no-store' });
      return true;
    } catch {
      // The next mode may get through.
    }
  }
  return false;
}
