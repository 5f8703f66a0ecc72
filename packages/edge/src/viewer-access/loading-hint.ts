import type { ViewerRequest } from '../viewer-request.js';

/** What of a request tells how a page loads something. */
type Loading = Pick<ViewerRequest, 'method' | 'headers'>;

/** Elements that send cookies unless `crossorigin` takes them away (B32). */
const ELEMENTS = new Set(['image', 'video', 'audio', 'style']);

/**
 * Says in a few words what the browser's own headers tell about a refused request, with the page that explains it; null
 * where they tell nothing, as those of `curl` do.
 *
 * @param reason of the refusal, as the log names it
 */
export function loadingHint({ method, headers }: Loading, reason: string): string | null {
  if (reason === 'resource-does-not-cover-url') return 'the cookies of another folder came';
  if (method === 'OPTIONS' && headers['access-control-request-method'] !== undefined) {
    return 'a preflight, which never carries cookies: docs/doctor/cors.md#preflight-refused';
  }
  if (reason !== 'key-pair-id-missing') return null;
  const mode = headers['sec-fetch-mode'];
  const dest = headers['sec-fetch-dest'] ?? '';
  const isOtherSite = headers['sec-fetch-site'] === 'cross-site';
  const page = 'docs/doctor/cookies-sent.md';
  if (headers.origin === 'null' && isOtherSite) {
    return `from a sandboxed frame, or redirected by another origin: ${page}#sandboxed-frame`;
  }
  if (mode === 'cors') {
    if (dest === 'font') return `a font, asked in CORS mode without credentials: ${page}#font`;
    if (dest === 'track')
      return `a track of a video without crossorigin="use-credentials": ${page}#track-without-crossorigin`;
    if (dest === 'script')
      return 'a module, or a script with crossorigin, without credentials: docs/loading/scripts.md#scripts-and-modules';
    if (dest === 'manifest')
      return 'a manifest without crossorigin="use-credentials": docs/loading/scripts.md#preloads-and-the-manifest';
    if (ELEMENTS.has(dest))
      return `${dest} with crossorigin and without credentials: ${page}#crossorigin-anonymous`;
    return `fetch without credentials, or no grant in this browser: ${page}#request-without-credentials`;
  }
  if (mode === 'no-cors' && dest === 'empty') return `fetch in no-cors mode: ${page}#no-cors-fetch`;
  if (isOtherSite) return 'from a page of another site: docs/doctor/cookies-set.md#samesite-on-another-site';
  return mode === undefined
    ? null
    : 'no cookie for this address in this browser: ask for a grant, or look at its Path';
}
