import { API, CDN, FILE, PAGE, type World } from './stage.js';
import { attributes, path, send, changeFirstStep, bearer, type Scenario } from './world-changes.js';

const withoutPath = attributes((text) => text.replace(/Path=[^;]*; /, ''));

/** A file that the grant opens, and one of a folder beside it. */
const anotherFolder: World['steps'] = [
  { way: 'fetch', url: FILE },
  { way: 'fetch', url: `${CDN}/courses/biology/1.svg` },
];

const me: NonNullable<World['apiRoute']> = (request, response, world) => {
  const isLogin = request.url?.startsWith('/login') === true;
  if (!isLogin && request.url !== '/me') return false;
  if (isLogin)
    response.appendHeader(
      'Set-Cookie',
      `session=${Buffer.from(request.url ?? '').toString('hex')}0123456789; Path=/; Secure; HttpOnly; SameSite=Lax`,
    );
  const asked = request.headers['access-control-request-headers'] ?? '';
  send(response, 200, [...world.grant.cors, ['Access-Control-Allow-Headers', asked]], '{}');
  return true;
};

/** Ways of loading that leave the cookies out, and cookies of somebody else. */
export const COOKIES_NOT_SENT: readonly Scenario[] = [
  {
    entry: 'F1',
    how: 'fetch without credentials, after an image with cookies',
    id: 'request-without-credentials',
    change: (world) => changeFirstStep(world, { credentials: 'omit' }),
  },
  {
    entry: 'F1',
    how: 'XMLHttpRequest without withCredentials',
    id: 'request-without-credentials',
    change: (world) => {
      world.steps = [
        { way: 'img', url: FILE },
        { way: 'xhr', url: `${CDN}/courses/algebra/index.m3u8`, credentials: 'omit' },
      ];
    },
  },
  {
    entry: 'F19',
    how: 'Path with a wildcard',
    id: 'cookie-path',
    change: path('/courses/algebra/*'),
  },
  {
    entry: 'F19',
    how: 'Path=/grants, the folder of the API’s route',
    id: 'cookie-path',
    change: path('/grants'),
  },
  {
    entry: 'F19',
    how: 'no Path, set by /grants/algebra',
    id: 'cookie-path',
    change: (world) => {
      withoutPath(world);
      world.steps = [{ grant: '/algebra' }, ...world.steps];
    },
  },
  {
    entry: 'F19',
    how: 'Path in capitals',
    id: 'cookie-path',
    change: path('/Courses/algebra'),
  },
  {
    entry: 'F19',
    how: 'Path of one folder, a policy of its parent, a file of another folder',
    id: 'cookie-path',
    change: (world) => {
      world.grant = { ...world.grant, resource: `${CDN}/courses/*` };
      world.steps = anotherFolder;
    },
  },
  {
    entry: 'F61',
    how: 'Path and policy of one folder, a file of another',
    id: 'folder-not-granted',
    change: (world) => void (world.steps = anotherFolder),
  },
  {
    entry: 'F61',
    how: 'a policy of one folder, Path of its parent, a file of another folder',
    id: 'folder-not-granted',
    change: (world) => {
      path('/courses')(world);
      world.steps = anotherFolder;
    },
  },
  {
    entry: 'F41',
    how: 'an image with crossorigin',
    id: 'crossorigin-anonymous',
    change: (world) =>
      void (world.steps = [
        { way: 'fetch', url: FILE },
        { way: 'img', url: `${CDN}/courses/algebra/2.svg`, crossorigin: 'anonymous' },
      ]),
  },
  {
    entry: 'F41',
    how: 'a video with crossorigin=""',
    id: 'crossorigin-anonymous',
    change: (world) =>
      void (world.steps = [
        { way: 'img', url: FILE },
        { way: 'video', url: `${CDN}/courses/algebra/seg-1.ts`, crossorigin: 'anonymous' },
      ]),
  },
  {
    entry: 'F42',
    how: 'VHS without withCredentials',
    id: 'video-js-path',
    change: (world) =>
      void (world.steps = [
        { way: 'img', url: FILE },
        {
          way: 'xhr',
          url: `${CDN}/courses/algebra/index.m3u8`,
          credentials: 'omit',
          initiators: [`${PAGE}/vendor/video.min.js`],
        },
      ]),
  },
  {
    entry: 'F42',
    how: 'VHS bundled, crossorigin on the element alone',
    id: 'video-js-path',
    change: (world) =>
      void (world.steps = [
        { way: 'fetch', url: FILE },
        {
          way: 'xhr',
          url: `${CDN}/courses/algebra/index.m3u8`,
          credentials: 'omit',
          initiators: [
            `${PAGE}/assets/app.js`,
            `${PAGE}/node_modules/@videojs/http-streaming/dist/videojs-http-streaming.es.js`,
          ],
        },
      ]),
  },
  {
    entry: 'F43',
    how: 'a track in a video with crossorigin="anonymous"',
    id: 'track-without-crossorigin',
    change: (world) =>
      void (world.steps = [
        { way: 'fetch', url: FILE },
        { way: 'track', url: `${CDN}/courses/algebra/a.vtt`, crossorigin: 'anonymous' },
      ]),
  },
  {
    entry: 'F44',
    how: 'a font of the CDN',
    id: 'font',
    change: (world) =>
      void (world.steps = [
        { way: 'fetch', url: FILE },
        { way: 'font', url: `${CDN}/courses/algebra/a.woff2` },
      ]),
  },
  {
    entry: 'F44',
    how: 'a font, and nothing else of the CDN',
    id: 'font',
    change: (world) => void (world.steps = [{ way: 'font', url: `${CDN}/courses/algebra/a.woff2` }]),
  },
  {
    entry: 'F46',
    how: 'a Chromecast asks',
    id: 'cast-receiver',
    change: (world) =>
      void (world.steps = [
        { way: 'fetch', url: FILE },
        {
          way: 'video',
          url: `${CDN}/courses/algebra/seg-1.ts`,
          userAgent:
            'Mozilla/5.0 (X11; Linux armv7l) AppleWebKit/537.36 Chrome/120.0 Safari/537.36 CrKey/1.56.500000',
        },
      ]),
  },
  {
    entry: 'F46',
    how: 'an Apple TV asks',
    id: 'cast-receiver',
    change: (world) =>
      void (world.steps = [
        { way: 'img', url: FILE },
        {
          way: 'video',
          url: `${CDN}/courses/algebra/index.m3u8`,
          userAgent: 'AppleCoreMedia/1.0.0.22K (Apple TV; U; CPU OS 18_1 like Mac OS X)',
        },
      ]),
  },
  {
    entry: 'F47',
    how: 'fetch with mode no-cors',
    id: 'no-cors-fetch',
    change: (world) =>
      void (world.steps = [
        { way: 'img', url: FILE },
        { way: 'no-cors-fetch', url: `${CDN}/courses/algebra/2.svg` },
      ]),
  },
  {
    entry: 'F55',
    how: 'a page with COEP credentialless, an image',
    id: 'credentialless-page',
    change: (world) => {
      world.embedderPolicy = 'credentialless';
      world.pageHeaders = [...world.pageHeaders, ['Cross-Origin-Embedder-Policy', 'credentialless']];
    },
  },
  {
    entry: 'F55',
    how: 'the same, a video alone',
    id: 'credentialless-page',
    change: (world) => {
      world.embedderPolicy = 'credentialless';
      world.pageHeaders = [...world.pageHeaders, ['Cross-Origin-Embedder-Policy', 'credentialless']];
      world.steps = [{ way: 'video', url: `${CDN}/courses/algebra/seg-1.ts` }];
    },
  },
  {
    entry: 'F58',
    how: 'another token, without clearing',
    id: 'viewer-changed',
    change: (world) => {
      world.apiRoute = me;
      world.steps = [
        { way: 'fetch', url: FILE },
        { way: 'fetch', url: `${API}/me`, headers: { Authorization: bearer('ann') } },
        { way: 'fetch', url: `${API}/me`, headers: { Authorization: bearer('bob') } },
        { way: 'img', url: `${CDN}/courses/algebra/2.svg` },
      ];
    },
  },
  {
    entry: 'F58',
    how: 'a new session, without clearing',
    id: 'viewer-changed',
    change: (world) => {
      world.apiRoute = me;
      world.steps = [
        { way: 'fetch', url: `${API}/login?ann`, method: 'POST' },
        { grant: '' },
        { way: 'fetch', url: FILE },
        { way: 'fetch', url: `${API}/login?bob`, method: 'POST' },
        { way: 'fetch', url: `${CDN}/courses/algebra/2.svg` },
      ];
    },
  },
];
