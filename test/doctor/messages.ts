import { CDN, FILE, PAGE } from './stage.js';

/** Lines that somebody pastes, and the cause that must be named; null: they leave it open. */
export interface Pasted {
  readonly entry: string;
  readonly how: string;
  readonly id: string | null;
  readonly lines: readonly string[];
}

const chromium = (tail: string, url = FILE, page = PAGE, kind = 'fetch') =>
  `Access to ${kind} at '${url}' from origin '${page}' has been blocked by CORS policy: ${tail}`;
const firefox = (reason: string, url = FILE) =>
  `Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at ${url}. (Reason: ${reason}`;
const NO_HEADER = "No 'Access-Control-Allow-Origin' header is present on the requested resource.";
const STATUS_403 = `GET ${FILE} net::ERR_FAILED 403 (Forbidden)`;
const SAFARI_FETCH = `Fetch API cannot load ${FILE} due to access control checks.`;
const PLAYLIST = `${CDN}/courses/algebra/index.m3u8`;

/** Strings of B90–B95, whole or as people cut and translate them. */
export const PASTED: readonly Pasted[] = [
  {
    entry: 'F3',
    how: 'Firefox refuses the Domain',
    id: 'domain-of-another-host',
    lines: [
      'Cookie “CloudFront-Policy” has been rejected for invalid domain.',
      firefox('CORS header ‘Access-Control-Allow-Origin’ missing). Status code: 403.'),
    ],
  },
  {
    entry: 'F3',
    how: 'Chromium’s reason in the Network panel',
    id: 'domain-of-another-host',
    lines: [
      STATUS_403,
      'This attempt to set a cookie via a "Set-Cookie" header was blocked because its "Domain" attribute was invalid with regards to the current host URL.',
    ],
  },
  {
    entry: 'F4',
    how: 'a 403 of a cloudfront.net name',
    id: 'cloudfront-name',
    lines: [
      chromium(NO_HEADER, 'https://d111111abcdef8.cloudfront.net/a.png'),
      'GET https://d111111abcdef8.cloudfront.net/a.png net::ERR_FAILED 403 (Forbidden)',
    ],
  },
  {
    entry: 'F9',
    how: 'a page on localhost',
    id: 'page-on-localhost',
    lines: [chromium(NO_HEADER, FILE, 'http://localhost:5173'), STATUS_403],
  },
  {
    entry: 'F12',
    how: 'Firefox refuses Secure',
    id: 'secure-over-http',
    lines: [
      'Cookie “CloudFront-Signature” has been rejected because a non-HTTPS cookie can’t be set as “secure”.',
    ],
  },
  {
    entry: 'F13',
    how: 'Chromium’s reason in the Network panel',
    id: 'third-party-cookies',
    lines: ['This attempt to set a cookie via a "Set-Cookie" header was blocked due to user preferences.'],
  },
  {
    entry: 'F14',
    how: 'Firefox refuses SameSite',
    id: 'samesite-on-another-site',
    lines: [
      'Cookie “CloudFront-Policy” has been rejected because it is in a cross-site context and its “SameSite” is “Lax” or “Strict”.',
    ],
  },
  {
    entry: 'F15',
    how: 'Firefox refuses None without Secure',
    id: 'none-without-secure',
    lines: [
      'Cookie “CloudFront-Policy” rejected because it has the “SameSite=None” attribute but is missing the “secure” attribute.',
    ],
  },
  {
    entry: 'F18',
    how: 'requestStorageAccess beside a 403',
    id: 'storage-access-own-origin',
    lines: ['requestStorageAccess: granted', chromium(NO_HEADER), STATUS_403],
  },
  {
    entry: 'F19',
    how: 'Chromium’s reason in the Network panel',
    id: 'cookie-path',
    lines: [
      STATUS_403,
      'This cookie was blocked because its path was not an exact match for or a superdirectory of the request URL’s path.',
    ],
  },
  {
    entry: 'F22',
    how: 'Firefox names the size',
    id: 'cookie-too-long',
    lines: ['Cookie “CloudFront-Policy” is invalid because its size is too big. Max size is 4096 B.'],
  },
  {
    entry: 'F27',
    how: 'Chromium’s parse error beside a 403',
    id: 'native-media-expired',
    lines: [
      `GET ${CDN}/courses/algebra/seg-2.ts 403 (Forbidden)`,
      'Uncaught MediaError 4: PipelineStatus::DEMUXER_ERROR_COULD_NOT_PARSE',
    ],
  },
  {
    entry: 'F28',
    how: 'Chromium',
    id: 'wildcard-with-credentials',
    lines: [
      chromium(
        "The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when the request's credentials mode is 'include'.",
      ),
    ],
  },
  {
    entry: 'F28',
    how: 'Firefox',
    id: 'wildcard-with-credentials',
    lines: [
      firefox(
        'Credential is not supported if the CORS header ‘Access-Control-Allow-Origin’ is ‘*’).',
        `‘${FILE}’`,
      ),
    ],
  },
  {
    entry: 'F28',
    how: 'Firefox in German',
    id: 'wildcard-with-credentials',
    lines: [
      `Quellübergreifende (Cross-Origin) Anfrage blockiert: Die Gleiche-Quelle-Regel verbietet das Lesen der externen Ressource auf ${FILE}. (Grund: Anmeldedaten werden nicht unterstützt, wenn der CORS-Header ‘Access-Control-Allow-Origin’ ‘*’ ist).`,
    ],
  },
  {
    entry: 'F28',
    how: 'Safari',
    id: 'wildcard-with-credentials',
    lines: [
      '[Error] Cannot use wildcard in Access-Control-Allow-Origin when credentials flag is true.',
      `[Error] ${SAFARI_FETCH}`,
    ],
  },
  {
    entry: 'F28',
    how: 'an old Chrome',
    id: 'wildcard-with-credentials',
    lines: [
      `XMLHttpRequest cannot load ${FILE}. A wildcard '*' cannot be used in the 'Access-Control-Allow-Origin' header when the credentials flag is true. Origin '${PAGE}' is therefore not allowed access.`,
    ],
  },
  {
    entry: 'F29',
    how: 'Chromium',
    id: 'credentials-not-allowed',
    lines: [
      chromium(
        "The value of the 'Access-Control-Allow-Credentials' header in the response is '' which must be 'true' when the request's credentials mode is 'include'.",
      ),
    ],
  },
  {
    entry: 'F29',
    how: 'Firefox with its link alone',
    id: 'credentials-not-allowed',
    lines: [
      `クロスオリジン要求をブロックしました: ${FILE} [https://developer.mozilla.org/docs/Web/HTTP/CORS/Errors/CORSMissingAllowCredentials]`,
    ],
  },
  {
    entry: 'F29',
    how: 'Safari',
    id: 'credentials-not-allowed',
    lines: ['Credentials flag is true, but Access-Control-Allow-Credentials is not "true".', SAFARI_FETCH],
  },
  {
    entry: 'F30',
    how: 'a slash at the end',
    id: 'allowed-origin-differs',
    lines: [
      chromium(
        `The 'Access-Control-Allow-Origin' header has a value '${PAGE}/' that is not equal to the supplied origin. Have the server send the header with a valid value.`,
      ),
    ],
  },
  {
    entry: 'F30',
    how: 'Firefox, no scheme',
    id: 'allowed-origin-differs',
    lines: [firefox('CORS header ‘Access-Control-Allow-Origin’ does not match ‘null’).')],
  },
  {
    entry: 'F34',
    how: 'Chromium',
    id: 'origin-header-twice',
    lines: [
      chromium(
        `The 'Access-Control-Allow-Origin' header contains multiple values '${PAGE}, *', but only one is allowed. Have the server send the header with a valid value.`,
      ),
    ],
  },
  {
    entry: 'F34',
    how: 'Safari',
    id: 'origin-header-twice',
    lines: ['Access-Control-Allow-Origin cannot contain more than one origin.', SAFARI_FETCH],
  },
  {
    entry: 'F35',
    how: 'Chromium, not ok',
    id: 'preflight-refused',
    lines: [
      chromium(
        "Response to preflight request doesn't pass access control check: It does not have HTTP ok status.",
      ),
    ],
  },
  {
    entry: 'F35',
    how: 'Firefox',
    id: 'preflight-refused',
    lines: [
      firefox('CORS preflight response did not succeed). Status code: 403.'),
      firefox('CORS request did not succeed). Status code: (null).'),
    ],
  },
  {
    entry: 'F35',
    how: 'Safari',
    id: 'preflight-refused',
    lines: ['Preflight response is not successful. Status code: 403', SAFARI_FETCH],
  },
  {
    entry: 'F36',
    how: 'Chromium',
    id: 'header-not-allowed',
    lines: [
      chromium(
        'Request header field x-cookie is not allowed by Access-Control-Allow-Headers in preflight response.',
      ),
    ],
  },
  {
    entry: 'F36',
    how: 'Firefox',
    id: 'header-not-allowed',
    lines: [
      firefox(
        'header ‘authorization’ is not allowed according to header ‘Access-Control-Allow-Headers’ from CORS preflight response).',
      ),
    ],
  },
  {
    entry: 'F37',
    how: 'Chromium',
    id: 'preflight-redirected',
    lines: [
      chromium(
        "Response to preflight request doesn't pass access control check: Redirect is not allowed for a preflight request.",
      ),
    ],
  },
  {
    entry: 'F37',
    how: 'Firefox',
    id: 'preflight-redirected',
    lines: [firefox('CORS request external redirect not allowed).')],
  },
  {
    entry: 'F38',
    how: 'Chromium names the redirect',
    id: 'redirect-to-another-origin',
    lines: [
      `Access to fetch at '${FILE}' (redirected from 'https://api.example.com/file') from origin '${PAGE}' has been blocked by CORS policy: The 'Access-Control-Allow-Origin' header has a value '${PAGE}' that is not equal to the supplied origin. Have the server send the header with a valid value.`,
    ],
  },
  {
    entry: 'F39',
    how: 'Chromium',
    id: 'image-refused',
    lines: [`GET ${FILE} net::ERR_BLOCKED_BY_ORB 403 (Forbidden)`],
  },
  {
    entry: 'F39',
    how: 'Firefox',
    id: 'image-refused',
    lines: [
      `The resource at “${FILE}” was blocked by OpaqueResponseBlocking. Reason: “after sniff: status code is not in allowed range”.`,
    ],
  },
  {
    entry: 'F40',
    how: 'a media error beside a 403',
    id: 'media-refused',
    lines: [
      `GET ${CDN}/courses/algebra/lesson.mp4 403 (Forbidden)`,
      'MEDIA_ERR_SRC_NOT_SUPPORTED: the media could not be loaded',
    ],
  },
  {
    entry: 'F40',
    how: 'Firefox',
    id: 'media-refused',
    lines: [
      `The resource at “${CDN}/courses/algebra/lesson.mp4” was blocked by OpaqueResponseBlocking. Reason: “media request's response status is neither 200 nor 206”.`,
    ],
  },
  {
    entry: 'F43',
    how: 'Chromium',
    id: 'track-refused',
    lines: [
      `Unsafe attempt to load URL ${CDN}/courses/algebra/a.vtt from frame with URL ${PAGE}/. Domains, protocols and ports must match.`,
    ],
  },
  {
    entry: 'F43',
    how: 'Firefox',
    id: 'track-refused',
    lines: [`Security Error: Content at ${PAGE}/ may not load data from ${CDN}/courses/algebra/a.vtt.`],
  },
  {
    entry: 'F44',
    how: 'Chromium names a font',
    id: 'font',
    lines: [
      chromium(NO_HEADER, `${CDN}/courses/algebra/a.woff2`, PAGE, 'font'),
      `GET ${CDN}/courses/algebra/a.woff2 net::ERR_FAILED 403 (Forbidden)`,
    ],
  },
  {
    entry: 'F45',
    how: 'Chromium',
    id: 'canvas-tainted',
    lines: [
      "Uncaught SecurityError: Failed to execute 'toDataURL' on 'HTMLCanvasElement': Tainted canvases may not be exported.",
    ],
  },
  {
    entry: 'F45',
    how: 'Firefox',
    id: 'canvas-tainted',
    lines: ['Uncaught DOMException: The operation is insecure.'],
  },
  {
    entry: 'F47',
    how: 'a logged answer',
    id: 'no-cors-fetch',
    lines: ["Response {type: 'opaque', url: '', redirected: false, status: 0, ok: false}"],
  },
  {
    entry: 'F48',
    how: 'an authority that is not trusted',
    id: 'certificate-not-trusted',
    lines: [`GET ${FILE} net::ERR_CERT_AUTHORITY_INVALID`],
  },
  {
    entry: 'F48',
    how: 'nothing listens',
    id: 'nothing-answers',
    lines: [`GET ${FILE} net::ERR_CONNECTION_REFUSED`],
  },
  {
    entry: 'F49',
    how: 'a host directly below localhost',
    id: 'certificate-wildcard',
    lines: ['GET https://cdn.localhost:3002/a.png net::ERR_CERT_COMMON_NAME_INVALID'],
  },
  {
    entry: 'F50',
    how: 'Chromium',
    id: 'name-below-localhost',
    lines: ['GET https://cdn.media.localhost:3002/a.png net::ERR_NAME_NOT_RESOLVED'],
  },
  {
    entry: 'F50',
    how: 'Node',
    id: 'name-below-localhost',
    lines: ['Error: getaddrinfo ENOTFOUND app.media.localhost'],
  },
  {
    entry: 'F51',
    how: 'the loopback',
    id: 'local-network-access',
    lines: [
      chromium(
        'Permission was denied for this request to access the `loopback` address space.',
        'https://cdn.media.localhost:3002/a.png',
      ),
    ],
  },
  {
    entry: 'F51',
    how: 'the local network',
    id: 'local-network-access',
    lines: [
      chromium(
        'Permission was denied for this request to access the `local` address space.',
        'https://192.168.1.4/a.png',
      ),
    ],
  },
  {
    entry: 'F52',
    how: 'Chromium',
    id: 'mixed-content',
    lines: [
      `Mixed Content: The page at '${PAGE}/' was loaded over HTTPS, but requested an insecure resource 'http://cdn.example.com/a.png'. This request has been blocked; the content must be served over HTTPS.`,
    ],
  },
  {
    entry: 'F52',
    how: 'Firefox',
    id: 'mixed-content',
    lines: ['Blocked loading mixed active content “http://cdn.example.com/courses/algebra/1.svg”'],
  },
  {
    entry: 'F53',
    how: 'Chromium',
    id: 'content-security-policy',
    lines: [
      `Connecting to '${FILE}' violates the following Content Security Policy directive: "connect-src 'self'". The action has been blocked.`,
    ],
  },
  {
    entry: 'F53',
    how: 'Firefox',
    id: 'content-security-policy',
    lines: [
      `Content-Security-Policy: The page’s settings blocked the loading of a resource (img-src) at ${FILE} because it violates the following directive: “img-src 'self'”`,
    ],
  },
  {
    entry: 'F54',
    how: 'Chromium',
    id: 'resource-or-embedder-policy',
    lines: [`GET ${FILE} net::ERR_BLOCKED_BY_RESPONSE.NotSameOrigin 200 (OK)`],
  },
  {
    entry: 'F54',
    how: 'Firefox',
    id: 'resource-or-embedder-policy',
    lines: [
      `The resource at “${FILE}” was blocked due to its Cross-Origin-Resource-Policy header (or lack thereof).`,
    ],
  },
  {
    entry: 'F56',
    how: 'Vite',
    id: 'dev-server-host',
    lines: ['Blocked request. This host ("app.media.test") is not allowed.'],
  },
  {
    entry: 'F60',
    how: 'a Playwright configuration',
    id: 'harness-ignores-certificates',
    lines: ['  use: { ignoreHTTPSErrors: true },'],
  },
  {
    entry: 'F60',
    how: 'Chromium’s own notice',
    id: 'harness-ignores-certificates',
    lines: [
      'You are using an unsupported command-line flag: --ignore-certificate-errors. Stability and security will suffer.',
    ],
  },
  { entry: 'F1', how: 'a 403 alone decides nothing', id: null, lines: [chromium(NO_HEADER), STATUS_403] },
  {
    entry: 'F32',
    how: 'a 200 alone decides nothing',
    id: null,
    lines: [chromium(NO_HEADER), `GET ${FILE} net::ERR_FAILED 200 (OK)`],
  },
  {
    entry: 'F31',
    how: 'another of your origins decides nothing',
    id: null,
    lines: [
      chromium(
        "The 'Access-Control-Allow-Origin' header has a value 'https://admin.example.com' that is not equal to the supplied origin. Have the server send the header with a valid value.",
      ),
    ],
  },
  {
    entry: 'F30',
    how: 'Safari says one thing for two causes',
    id: null,
    lines: [`Origin ${PAGE} is not allowed by Access-Control-Allow-Origin. Status code: 200`, SAFARI_FETCH],
  },
  {
    entry: 'F35',
    how: 'a preflight without its status decides nothing',
    id: null,
    lines: [chromium(`Response to preflight request doesn't pass access control check: ${NO_HEADER}`)],
  },
  {
    entry: 'F42',
    how: 'a line of video.js and a 403 decide nothing',
    id: null,
    lines: [
      'VIDEOJS: ERROR: (CODE:4 MEDIA_ERR_NETWORK) The media could not be loaded',
      chromium(NO_HEADER, PLAYLIST, PAGE, 'XMLHttpRequest'),
      `GET ${PLAYLIST} net::ERR_FAILED 403 (Forbidden)`,
    ],
  },
];
