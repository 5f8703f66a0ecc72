import { isSameSite } from '../browser/site.js';
import { header, type Load } from '../evidence/evidence.js';
import {
  hadCredentials,
  hostOf,
  loadsAt,
  loadsOfHost,
  onceForEach,
  isMedia,
  originOf,
  originSent,
  signedCookiesOf,
  type Facts,
} from '../facts.js';
import { holdingFor } from '../holding.js';
import { distinct, loadsWith, shown, signsOf, type Check, type Sign } from './check.js';
import { COOKIE_FOLDER_CHECKS } from './cookie-folders.js';
import { withoutCookies } from './refused-requests.js';

/** Refused requests whose cookies are not shown; for ways of loading that never send any. */
const refusedUnseen = ({ failing }: Facts) =>
  failing.filter(({ status, cookies }) => status === 403 && cookies === null);

/** A request in CORS mode, whose credentials mode the element decides. */
const isAnonymous = (load: Load) => load.mode === 'cors' && hadCredentials(load) !== true;

/** A frame without an origin: sandboxed, not redirected. */
const isSandboxed = (load: Load) =>
  originSent(load) === 'null' &&
  load.redirectedFrom === null &&
  header(load.requestHeaders, 'sec-fetch-site') === 'cross-site';

/** Receivers of a cast fetch with a client of their own. */
const RECEIVER = /CrKey|Apple ?TV|tvOS|AirPlay|Chromecast/i;
const isFromReceiver = (load: Load) => RECEIVER.test(header(load.requestHeaders, 'user-agent') ?? '');

/** Scripts that play video by XMLHttpRequest and are video.js. */
const VIDEO_JS = /video(?:js|\.js|\.min\.js)|http-streaming|\/vhs/i;
const isFromVideoJs = (load: Load) => load.initiators.some((url) => VIDEO_JS.test(url));

/** Headers of the page that embeds, as far as its own document is in the evidence. */
const embedderPolicies = onceForEach(({ evidence }: Facts) =>
  evidence.loads.flatMap((load) => {
    const policy = header(load.headers, 'cross-origin-embedder-policy');
    return policy !== null && (load.dest === 'document' || load.mode === 'navigate')
      ? [{ page: originOf(load.url), policy: policy.trim() }]
      : [];
  }),
);

/** Whether the page's document asks for a mode of embedding. */
export function embedderPolicyOf(load: Load, facts: Facts): string | null {
  return embedderPolicies(facts).find(({ page }) => page === load.page)?.policy ?? null;
}

/** What a way of loading does with cookies, decided by what the browser's own headers say. */
function neverSends(
  id: string,
  catalogue: readonly string[],
  texts: Pick<Check, 'title' | 'why' | 'fix' | 'evidence' | 'toTellApart'>,
  applies: (load: Load, facts: Facts) => boolean,
): Check {
  return {
    id,
    catalogue,
    stage: 'cookie-sent',
    ...texts,
    look: (facts) => {
      const candidates = [...withoutCookies(facts), ...refusedUnseen(facts)];
      const signs = candidates
        .filter((load) => applies(load, facts))
        .map((load) => ({
          seen: `${shown(load)} was asked as ${load.dest ?? 'a file'} in ${load.mode ?? 'no'} mode${load.cookies === null ? '' : ', without cookies'}.`,
        }));
      if (signs.length > 0) return distinct(signs);
      return facts.failing.some((load) => load.dest === null || load.cookies === null) ||
        facts.failing.length === 0
        ? null
        : [];
    },
  };
}

export const COOKIE_SENT_CHECKS: readonly Check[] = [
  neverSends(
    'font',
    ['F44'],
    {
      title: 'A font in CSS is fetched without cookies.',
      why: 'Chromium and Firefox fetch a font in CORS mode without credentials, and the CSS that changes it is Chromium’s alone (B32).',
      fix: 'Load it by script (loadFont of the client), or serve fonts from a behavior without restricted viewer access: docs/loading.md#fonts.',
      evidence: 'Sec-Fetch-Dest: font, or a console line that names a font',
      toTellApart: 'whether the refused file is a font',
    },
    ({ dest }) => dest === 'font',
  ),
  neverSends(
    'sandboxed-frame',
    [],
    {
      title: 'The file is asked for from a sandboxed frame, which has no origin and no cookies.',
      why: 'sandbox without allow-same-origin makes the origin null: the document gets its cookies, and what it loads gets none (B41).',
      fix: 'Add allow-same-origin to the sandbox of the frame: docs/loading.md#sandboxed-frames.',
      evidence: 'Origin: null and Sec-Fetch-Site: cross-site without a redirect',
      toTellApart: 'the sandbox attribute of the frame',
    },
    isSandboxed,
  ),
  {
    id: 'credentialless-page',
    catalogue: ['F55'],
    stage: 'cookie-sent',
    title: 'The page’s Cross-Origin-Embedder-Policy takes the cookies from plain loads.',
    why: 'Under COEP credentialless a load without CORS goes out without credentials (B33).',
    fix: 'Write crossorigin="use-credentials" on the element, or remove the policy from the page: docs/loading/scripts.md#pages-with-an-embedder-policy.',
    evidence:
      'Cross-Origin-Embedder-Policy: credentialless on the page’s own document, and a refused load without CORS and without cookies',
    toTellApart: 'the response headers of the page’s document',
    look: (facts) => {
      const signs = withoutCookies(facts)
        .filter((load) => load.mode === 'no-cors' && embedderPolicyOf(load, facts) === 'credentialless')
        .map((load) => ({
          seen: `${shown(load)} was asked without cookies by ${load.page ?? 'a page'}, whose policy is credentialless.`,
        }));
      if (signs.length > 0) return distinct(signs);
      return embedderPolicies(facts).length === 0 ? null : [];
    },
  },
  {
    id: 'cast-receiver',
    catalogue: ['F46'],
    stage: 'cookie-sent',
    title: 'Another device fetches the file, and it has none of the browser’s cookies.',
    why: 'AirPlay and Chromecast hand over the address alone (B102).',
    fix: 'Hand the device a signed URL, or switch remote playback off (disableRemotePlayback).',
    evidence: 'the user agent of a receiver in a request without cookies',
    toTellApart: 'the User-Agent of the refused request',
    look: (facts) => {
      const signs = facts.failing.filter(
        (load) => isFromReceiver(load) && (signedCookiesOf(load)?.names.length ?? 0) === 0,
      );
      if (signs.length > 0)
        return distinct(
          signs.map((load) => ({ seen: `${shown(load)} was asked by a receiver, without cookies.` })),
        );
      return facts.failing.some(({ requestHeaders }) => requestHeaders !== null) ? [] : null;
    },
  },
  {
    id: 'video-js-path',
    catalogue: ['F42'],
    stage: 'cookie-sent',
    title: 'video.js loads without credentials: the setting belongs to the other of its two ways to play.',
    why: 'VHS loads by XMLHttpRequest and ignores the crossorigin attribute; the native path of Safari ignores XHR options (B96, B99).',
    fix: 'Set both: html5: { vhs: { withCredentials: true } }, and no crossorigin attribute, or crossorigin="use-credentials".',
    evidence:
      'a script of video.js as initiator of a refused request without cookies; a line of video.js in the console beside a 403',
    toTellApart: 'whether player.tech().vhs is defined',
    look: (facts) => {
      const signs: Sign[] = withoutCookies(facts)
        .filter((load) => isFromVideoJs(load) && load.dest === 'empty' && holdingFor(load, facts) === 'held')
        .map((load) => ({
          seen: `${shown(load)} was asked by video.js, without cookies that the browser holds.`,
        }));
      const said = facts.evidence.sayings.find(({ kind }) => kind === 'video-js');
      const playlist = facts.failing.find(
        (load) =>
          load.status === 403 &&
          load.source === 'console' &&
          /\.(?:m3u8|mpd|m4s|ts)(?:$|\?)/.test(load.url) &&
          load.dest === 'empty',
      );
      if (said !== undefined && playlist !== undefined) {
        const held = facts.files.some(
          (load) =>
            load.source !== 'console' &&
            hostOf(load.url) === hostOf(playlist.url) &&
            (signedCookiesOf(load)?.names.length ?? 0) > 0,
        );
        if (held)
          signs.push({
            seen: `${said.where} is of video.js, ${shown(playlist)} answered 403, and other requests carried the cookies.`,
          });
      }
      return signs.length > 0 ? distinct(signs) : null;
    },
  },
  neverSends(
    'track-without-crossorigin',
    ['F43'],
    {
      title: 'Subtitles need crossorigin="use-credentials" on the video.',
      why: 'A track follows the video’s crossorigin: without one another origin’s track is not even asked for, with anonymous it goes without cookies (B32).',
      fix: 'Write crossorigin="use-credentials" on the video element, with CORS on the CDN: docs/loading.md#text-tracks.',
      evidence: 'the browser’s line on a track, or Sec-Fetch-Dest: track without cookies',
      toTellApart: 'the crossorigin attribute of the video element',
    },
    ({ dest, mode, cookies }) => dest === 'track' && mode === 'cors' && cookies !== null,
  ),
  {
    id: 'track-refused',
    catalogue: ['F43'],
    stage: 'cookie-sent',
    title: 'Subtitles from another origin are not loaded without crossorigin on the video.',
    why: 'A track of another origin is refused before it is asked for when the video has no crossorigin (B32).',
    fix: 'Write crossorigin="use-credentials" on the video element, with CORS on the CDN: docs/loading.md#text-tracks.',
    evidence: 'Chromium: "Unsafe attempt to load URL"; Firefox: "may not load data from"',
    toTellApart: 'the crossorigin attribute of the video element',
    look: (facts) =>
      signsOf(loadsWith(facts, 'track-refused'), (load) => `${shown(load)} was refused as a track.`),
  },
  {
    id: 'mask-in-css',
    catalogue: [],
    stage: 'cookie-sent',
    title: 'CSS masks and shapes are fetched in CORS mode without cookies.',
    why: 'mask-image and shape-outside go out without cookies, while a background image carries them (B32).',
    fix: 'Load the picture by fetch with credentials and use a blob: address: docs/loading.md#masks-and-shapes.',
    evidence: 'Sec-Fetch-Dest: image in CORS mode without cookies, asked by a style sheet',
    toTellApart: 'whether a style sheet asks for the picture',
    look: (facts) =>
      signsOf(
        withoutCookies(facts).filter(
          (load) =>
            load.dest === 'image' &&
            isAnonymous(load) &&
            load.initiators.some((url) => /\.css(?:$|\?)/.test(url)),
        ),
        (load) => `${shown(load)} was asked by a style sheet in cors mode, without cookies.`,
      ),
  },
  {
    id: 'crossorigin-anonymous',
    catalogue: ['F41'],
    stage: 'cookie-sent',
    title: 'crossorigin on the element takes the cookies away.',
    why: 'crossorigin, crossorigin="" and crossorigin="anonymous" all mean: in CORS mode, without credentials (B32). React and players add it. A module script is loaded so without any attribute.',
    fix: 'Remove the attribute, or write crossorigin="use-credentials" with CORS on the CDN; a module script needs the latter: docs/loading/scripts.md#scripts-and-modules.',
    evidence: 'an image, video, audio, style or script in CORS mode without cookies that the browser holds',
    toTellApart: 'the crossorigin attribute of the element',
    look: (facts) => {
      const isElement = ({ dest }: Load) =>
        ['image', 'video', 'audio', 'style', 'script'].includes(dest ?? '');
      const candidates = withoutCookies(facts).filter(
        (load) =>
          isElement(load) && isAnonymous(load) && !load.initiators.some((url) => /\.css(?:$|\?)/.test(url)),
      );
      const signs = candidates
        .filter((load) => holdingFor(load, facts) === 'held')
        .map((load) => ({
          seen: `${shown(load)} was asked as ${load.dest ?? ''} in cors mode without cookies, which the browser holds.`,
        }));
      if (signs.length > 0) return distinct(signs);
      if (candidates.length > 0) return null;
      return facts.failing.length > 0 && facts.failing.every(({ dest }) => dest !== null && dest !== 'image')
        ? []
        : null;
    },
  },
  {
    id: 'no-cors-fetch',
    catalogue: ['F47'],
    stage: 'cookie-sent',
    title: 'fetch with mode: "no-cors" gives an empty answer, whatever the server says.',
    why: 'An opaque answer has no status and no body for the page; it is no cure for CORS (B81).',
    fix: 'Remove mode: "no-cors"; send credentials: "include" and set up CORS on the CDN.',
    evidence:
      'Sec-Fetch-Mode: no-cors with Sec-Fetch-Dest: empty; an answer of the type opaque in the console',
    toTellApart: 'the mode of the fetch call',
    look: (facts) => {
      const loads = facts.files.filter(
        (load) =>
          load.source === 'har' && load.method === 'GET' && load.mode === 'no-cors' && load.dest === 'empty',
      );
      const signs: Sign[] = loads.map((load) => ({ seen: `${shown(load)} was fetched in no-cors mode.` }));
      for (const { where, text } of facts.evidence.sayings.filter(({ kind }) => kind === 'opaque-response')) {
        signs.push({ seen: `${where}: ${text}` });
      }
      if (signs.length > 0) return distinct(signs);
      return facts.files.some(({ mode }) => mode !== null) ? [] : null;
    },
  },
  ...COOKIE_FOLDER_CHECKS,
  {
    id: 'request-without-credentials',
    catalogue: ['F1'],
    stage: 'cookie-sent',
    title: 'The request is made without credentials, so the browser leaves its cookies out.',
    why: 'fetch and XMLHttpRequest send no cookies to another origin unless they are asked to, of one site or not (B32, B96).',
    fix: 'Use fetch with credentials: "include", or XMLHttpRequest with withCredentials = true; in a player its option for that. All ways: docs/loading/scripts.md#scripted-requests.',
    evidence:
      'a refused request with Origin and without cookies, while the browser holds some: a grant before it, or another request that carried them',
    toTellApart: 'whether an <img> with the same address loads',
    look: (facts) => {
      const candidates = withoutCookies(facts).filter(
        (load) =>
          load.dest !== 'image' &&
          load.mode === 'cors' &&
          (load.dest === 'empty' || load.dest === null) &&
          !isMedia(load) &&
          !isSandboxed(load),
      );
      const signs: Sign[] = [];
      // Nothing but the grant says that the cookies are there: whether it was made with credentials must be known.
      const isGrantSure = facts.grants.some(
        ({ load: grant }) =>
          (grant.cookies?.length ?? 0) > 0 || grant.page === null || grant.page === originOf(grant.url),
      );
      for (const load of candidates) {
        if (load.source === 'live' || isFromVideoJs(load) || holdingFor(load, facts) !== 'held') continue;
        const isCarried = isSeenToCarry(loadsOfHost(load.url, facts.files));
        if (isCarried || isGrantSure || facts.evidence.held.length > 0) {
          signs.push({
            seen: `${shown(load)} was asked in cors mode without cookies, which the browser holds.`,
          });
        }
      }
      signs.push(...liveSigns(facts));
      if (signs.length > 0) return distinct(signs);
      if (candidates.length > 0) return null;
      return facts.failing.length > 0 && facts.failing.every(({ cookies }) => cookies !== null) ? [] : null;
    },
  },
];

/** Whether one of the recorded requests carried signed cookies. */
const isSeenToCarry = onceForEach((loads: readonly Load[]) =>
  loads.some((load) => load.source === 'har' && (signedCookiesOf(load)?.names.length ?? 0) > 0),
);

/** The doctor’s own request with the browser’s cookies is served, and the browser’s was refused: it sent none (B122). */
function liveSigns(facts: Facts): readonly Sign[] {
  const refused = facts.failing.filter(
    (load) => load.source === 'console' && load.status === 403 && load.dest === 'empty',
  );
  const held = facts.evidence.held.length > 0;
  return refused.flatMap((load): Sign[] => {
    const own = loadsAt(load.url, facts.evidence.loads).find(
      (other) =>
        other.source === 'live' &&
        (signedCookiesOf(other)?.names.length ?? 0) > 0 &&
        (other.status ?? 999) < 300,
    );
    const isOneSite = load.page !== null && isSameSite(load.page, load.url, true);
    if (own === undefined || !held || !isOneSite || holdingFor(load, facts) !== 'held') return [];
    return [
      {
        seen: `${shown(load)} answered 403 to the page, and ${own.status ?? 0} to the same request with the cookies of its jar.`,
      },
    ];
  });
}
