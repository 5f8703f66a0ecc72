/** One request as the log panel shows it. */
export interface Call {
  readonly host: 'API' | 'edge' | 'page';
  readonly method: string;
  /** Path and query, as asked. */
  readonly path: string;
  /** The status, `shown` for an element that loaded (pages do not see its status), `blocked` for no readable answer. */
  readonly status: number | 'shown' | 'blocked';
  readonly via: 'fetch' | '<img>' | 'hls.js' | '<video>' | 'Leaflet' | 'FontFace';
  /** The code of problem details, when the API gave one. */
  readonly code?: string;
  /** With `blocked`: false when not even an opaque answer came (certificate, network). */
  readonly reachable?: boolean;
  /** With `blocked`: the settings of the edge are wrong on purpose, so the status is not known to be 403. */
  readonly isIncident?: boolean;
}

/** What became of a call, in a word: its status, where the page may read it. */
export function outcomeOf({ host, status, reachable, isIncident }: Call): string {
  if (status !== 'blocked') return String(status);
  if (reachable === false) return 'no answer';
  return host === 'edge' && isIncident !== true ? 'refused' : 'withheld';
}

/** One line for people on what a call meant. */
export function meaningOf(call: Call): string {
  if (call.status === 'blocked') return meaningOfBlocked(call);
  if (call.host === 'page')
    return 'The settings of the edge on this machine were changed, or its copies removed.';
  return call.host === 'API' ? meaningOfApi(call, call.status) : meaningOfEdge(call);
}

function meaningOfBlocked(call: Call): string {
  if (call.reachable === false) {
    return 'No answer: the certificate is not trusted, or nothing listens there.';
  }
  if (call.isIncident === true) return 'The browser keeps the answer from the page, and its status too.';
  if (call.host === 'API') return 'The API answered without CORS headers for this page: see APP_ORIGINS.';
  return call.via === 'fetch'
    ? '403 without CORS headers: the browser calls it a CORS error.'
    : `403: ${call.via} only learns that it failed.`;
}

function meaningOfEdge(call: Call): string {
  if (typeof call.status === 'number' && call.status >= 400) {
    return `The edge refused with ${call.status}, readable thanks to CORS headers.`;
  }
  return OPENED[call.via];
}

const OPENED: Readonly<Record<Call['via'], string>> = {
  fetch: 'Opened: a fetch with credentials, so the cookies went along.',
  '<img>': 'Opened: a plain <img>, the browser sent the cookies by itself.',
  'hls.js': 'Opened: hls.js asked with withCredentials, so the cookies went along.',
  '<video>': 'Opened: the browser’s own player, cookies sent by itself.',
  Leaflet: 'Opened: tiles with crossOrigin: use-credentials, so the cookies went along.',
  FontFace: 'Opened: a fetch with credentials, then FontFace. @font-face would send no cookies.',
};

function meaningOfApi(call: Call, status: number | 'shown'): string {
  if (call.code !== undefined)
    return `Refused: ${call.code}. The API’s refusals carry CORS headers, so they can be read.`;
  if (typeof status === 'number' && status >= 400) return 'The API refused.';
  const route = `${call.method} ${call.path
    .replace(/\?.*$/, '')
    .replace(/^.*?\/(?=grants|entitlements|admin|diagnoses|demo)/, '/')
    .replace(/(\/admin\/entitlements)\/.*$/, '$1')}`;
  switch (route) {
    case 'POST /grants':
      return 'Granted and recorded. Set-Cookie: CloudFront-Policy, CloudFront-Signature and CloudFront-Key-Pair-Id, which the browser keeps for the CDN.';
    case 'GET /grants':
      return 'This viewer’s unexpired grants; the answer clears what another viewer left here.';
    case 'DELETE /grants':
      return 'The browser was asked to drop the cookies.';
    case 'GET /entitlements':
      return 'What this viewer may open.';
    case 'POST /diagnoses':
      return 'Why a file does not load: the API asked the CDN for it as this page would.';
    case 'GET /admin/entitlements':
      return 'Who may open what, for the administrator.';
    case 'PUT /admin/entitlements':
      return 'A right was given, and recorded.';
    case 'DELETE /admin/entitlements':
      return 'A right was taken away, and recorded.';
    case 'POST /demo/sign-in':
      return 'Signed in, with a session cookie that this page cannot read.';
    case 'DELETE /demo/sign-in':
      return 'Signed out.';
    default:
      return 'The API answered.';
  }
}
