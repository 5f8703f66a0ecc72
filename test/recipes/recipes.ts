/**
 * What each recipe of docs/players.md and docs/libraries.md loads, and what fails without it. Node runs this file as it
 * is (`npm run docs`), so it imports nothing.
 */

/** A line of the recipe changed, and what the same page then gets. */
export interface Variation {
  /** What stands in the recipe, and what instead. */
  readonly change: readonly [from: string, to: string];
  /** How the pages call it. */
  readonly how: string;
  /** Asked for without cookies and refused. */
  readonly refused: readonly string[];
  /** Not even asked for. */
  readonly notAsked?: readonly string[];
  /** Whether the file is shown nevertheless. */
  readonly isShown: boolean;
  /** True in the page once nothing more comes: where neither a refused request nor what is shown tells. */
  readonly ended?: string;
}

export interface Recipe {
  readonly name: string;
  /** In examples/recipes. */
  readonly file: string;
  /** A line of that file that differs. */
  readonly instead?: readonly [from: string, to: string];
  /** The packages whose versions stand in the evidence. */
  readonly packages: readonly string[];
  /** What the page does with the module `recipe`; `url(file)` is an address on the CDN. */
  readonly call: string;
  /** True in the page when the file is shown; absent for players, whose film must play (`PLAYS`). */
  readonly shown?: string;
  /** Loaded with cookies: names of files, with `*` for numbers. */
  readonly loads: readonly string[];
  /** Of those, what is asked for in parts. */
  readonly inRanges?: readonly string[];
  /** Asked for without cookies whatever the page sets. */
  readonly neverSent?: readonly string[];
  readonly variations: readonly Variation[];
  /** Files of packages that the page's own host serves. */
  readonly served?: Readonly<Record<string, string>>;
  /** Its film ends before three minutes are over. */
  readonly isShort?: boolean;
  /** `npm ci` of this repository installs its library: part of `npm run whole`. */
  readonly isInstalled?: boolean;
}

const HLS = [
  'film.m3u8',
  'video.m3u8',
  'audio.m3u8',
  'v-init.mp4',
  'a-init.mp4',
  'video.key',
  'e-*.m4s',
  'a-*.m4s',
  'subtitles.m3u8',
  'subtitles.vtt',
];
const CLIP = ['clip.json', 'clip.m3u8', 'clip-init.mp4', 'clip-*.m4s'];
const HLS_CONFIG = 'hlsConfig({ cdn: url })';

const withoutHlsConfig = (change: Variation['change']): Variation => ({
  change,
  how: `without \`${HLS_CONFIG}\``,
  refused: ['film.m3u8'],
  isShown: false,
});

/** Those of docs/players.md. */
export const PLAYERS: readonly Recipe[] = [
  {
    name: 'hls.js',
    file: 'hls.mjs',
    packages: ['hls.js'],
    call: "recipe.play(video, url('film-with-clip.m3u8'))",
    loads: [
      'film-with-clip.m3u8',
      'video-with-clip.m3u8',
      ...HLS.filter((name) => name !== 'film.m3u8' && name !== 'video.m3u8'),
      'steering.json',
      ...CLIP,
    ],
    variations: [
      { ...withoutHlsConfig([`new Hls(${HLS_CONFIG})`, 'new Hls()']), refused: ['film-with-clip.m3u8'] },
      {
        change: [`new Hls(${HLS_CONFIG});`, `new Hls(); Object.assign(hls.config, ${HLS_CONFIG});`],
        how: 'with `Object.assign(hls.config, …)` after the constructor instead',
        refused: ['clip.m3u8'],
        isShown: true,
      },
    ],
    isInstalled: true,
  },
  {
    name: 'Video.js 8',
    file: 'videojs-8.mjs',
    packages: ['video.js'],
    call: "state.tracks = recipe.play(video, url('film.m3u8'), url('captions.vtt')).textTracks()",
    // A viewer switches the subtitles of the playlist on.
    shown: "(Array.from(state.tracks ?? []).forEach((track) => (track.mode = 'showing')), PLAYS)",
    loads: [...HLS, 'captions.vtt'],
    neverSent: ['steering.json'],
    variations: [
      {
        change: ['videoJsOptions()', '{}'],
        how: 'without `videoJsOptions()`',
        refused: ['film.m3u8', 'captions.vtt'],
        isShown: false,
      },
      {
        change: ['videoJsOptions()', '{ ...videoJsOptions(), crossOrigin: null }'],
        how: 'without its `crossOrigin`',
        refused: ['captions.vtt'],
        isShown: true,
      },
      {
        change: ['player.ready(() => {', '[0].forEach(() => {'],
        how: 'without `ready`',
        refused: ['captions.vtt'],
        isShown: true,
      },
    ],
    isInstalled: true,
  },
  {
    name: '<video>, HLS of Chromium',
    file: 'native.mjs',
    packages: [],
    call: "recipe.play(video, url('native.m3u8'), url('captions.vtt'))",
    loads: ['native.m3u8', 'lesson.m3u8', 'l-init.mp4', 'l-*.m4s', 'captions.vtt'],
    variations: [
      {
        change: ["video.crossOrigin = 'use-credentials';", ''],
        how: 'without `crossOrigin`',
        refused: [],
        notAsked: ['captions.vtt'],
        isShown: true,
      },
      {
        change: ['use-credentials', 'anonymous'],
        how: "with `crossOrigin = 'anonymous'`",
        refused: ['native.m3u8', 'captions.vtt'],
        isShown: false,
      },
    ],
  },
  {
    name: '<video>, HLS of Chromium with a key',
    file: 'native.mjs',
    packages: [],
    call: "recipe.play(video, url('keyed.m3u8'), url('captions.vtt'))",
    loads: ['keyed.m3u8', 'video.key', 'n-*.ts', 'captions.vtt'],
    variations: [],
    isShort: true,
  },
  {
    name: 'Shaka Player',
    file: 'shaka.mjs',
    packages: ['shaka-player'],
    call: "recipe.play(video, url('film.m3u8'))",
    loads: [...HLS, 'steering.json'],
    variations: [
      {
        change: ['if (isCdn) request', 'if (false) request'],
        how: 'without the filter',
        refused: ['film.m3u8'],
        isShown: false,
      },
      {
        change: ['if (isCdn) request', 'if (isCdn && _type < 2) request'],
        how: 'with a filter for `MANIFEST` and `SEGMENT` alone',
        refused: ['steering.json', 'video.key'],
        isShown: false,
      },
    ],
  },
  {
    name: 'dash.js',
    file: 'dash.mjs',
    packages: ['dashjs'],
    call: "recipe.play(video, url('film.mpd'))",
    loads: [
      'film.mpd',
      'dash-steering.json',
      'v-init.mp4',
      'a-init.mp4',
      'v-*.m4s',
      'a-*.m4s',
      'captions.vtt',
    ],
    variations: [
      {
        change: ['player.setXHRWithCredentialsForType(null, true);', ''],
        how: 'without `setXHRWithCredentialsForType`',
        refused: ['film.mpd'],
        isShown: false,
      },
    ],
  },
  {
    name: 'Vidstack',
    file: 'vidstack.mjs',
    packages: ['vidstack', 'hls.js'],
    call: "recipe.play(place, url('film.m3u8'), url('captions.vtt'))",
    loads: [...HLS, 'steering.json', 'captions.vtt'],
    variations: [
      withoutHlsConfig([`provider.config = ${HLS_CONFIG};`, '']),
      {
        change: ["player.crossOrigin = 'use-credentials';", ''],
        how: 'without `crossOrigin`',
        refused: ['captions.vtt'],
        isShown: true,
      },
    ],
  },
  {
    name: 'Plyr',
    file: 'plyr.mjs',
    packages: ['plyr', 'hls.js'],
    call: "recipe.play(video, url('film.m3u8'), url('thumbnails.vtt'))",
    loads: [...HLS, 'steering.json', 'thumbnails.vtt', 'picture.png'],
    variations: [
      withoutHlsConfig([`new Hls(${HLS_CONFIG})`, 'new Hls()']),
      {
        change: [', withCredentials: true', ''],
        how: 'without `withCredentials` of the thumbnails',
        refused: ['thumbnails.vtt'],
        isShown: true,
      },
    ],
  },
  {
    name: 'hls-video-element',
    file: 'hls-video-element.mjs',
    packages: ['hls-video-element'],
    call: "recipe.play(place, url('film.m3u8'))",
    loads: [...HLS, 'steering.json'],
    variations: [withoutHlsConfig([`video.config = ${HLS_CONFIG};`, ''])],
  },
  {
    name: 'mux-player',
    file: 'mux-player.mjs',
    packages: ['@mux/mux-player'],
    call: "recipe.play(place, url('film.m3u8'))",
    loads: [...HLS, 'steering.json'],
    variations: [withoutHlsConfig([`player._hlsConfig = ${HLS_CONFIG};`, ''])],
  },
  {
    name: 'React: hls-video-element',
    file: 'react-player.jsx',
    packages: ['react', 'react-player', 'hls-video-element'],
    call: "(await import('react-dom/client')).createRoot(place).render((await import('react')).createElement(recipe.Lesson, { url: url('film.m3u8') }))",
    loads: [...HLS, 'steering.json'],
    variations: [
      withoutHlsConfig([`config={${HLS_CONFIG}} `, '']),
      {
        change: ["HlsVideo from 'hls-video-element/react'", "HlsVideo from 'react-player'"],
        how: 'with react-player instead',
        refused: ['film.m3u8'],
        isShown: false,
      },
    ],
  },
  {
    name: 'Video.js 10 (beta)',
    file: 'hls-video-element.mjs',
    instead: ["'hls-video-element'", "'@videojs/html/media/hls-video'"],
    packages: ['@videojs/html'],
    call: "recipe.play(place, url('film.m3u8'))",
    loads: [...HLS, 'steering.json'],
    variations: [withoutHlsConfig([`video.config = ${HLS_CONFIG};`, ''])],
  },
];

const TONE_LINES = `const response = await fetch(url, { credentials: 'include' });
  if (!response.ok) throw new Error(\`\${url}: \${response.status}\`);
  return new Player(await getContext().decodeAudioData(await response.arrayBuffer())).toDestination();`;

/** Those of docs/libraries.md. */
export const LIBRARIES: readonly Recipe[] = [
  {
    name: 'PDF.js',
    file: 'pdf.mjs',
    packages: ['pdfjs-dist'],
    served: { '/pdf.worker.mjs': 'pdfjs-dist/build/pdf.worker.mjs' },
    call: "place.append(document.createElement('canvas')); await recipe.show(place.lastChild, url('course.pdf')); state.shown = true",
    shown: 'state.shown === true',
    loads: ['course.pdf'],
    inRanges: ['course.pdf'],
    variations: [
      {
        change: ['withCredentials: true, ', ''],
        how: 'without `withCredentials`',
        refused: ['course.pdf'],
        isShown: false,
      },
    ],
  },
  {
    name: 'three.js, model',
    file: 'three.mjs',
    packages: ['three'],
    call: "state.shown = (await recipe.model(url('scene.gltf'))).scene.children.length",
    shown: 'state.shown === 1',
    loads: ['scene.gltf', 'scene.bin', 'texture.png'],
    variations: [
      {
        change: ['.setWithCredentials(true)', ''],
        how: 'without `setWithCredentials`',
        refused: ['scene.gltf'],
        isShown: false,
      },
      {
        change: ['.setWithCredentials(true)', ".setCrossOrigin('use-credentials')"],
        how: "with `setCrossOrigin('use-credentials')` instead",
        refused: ['scene.gltf'],
        isShown: false,
      },
    ],
  },
  {
    name: 'three.js, texture',
    file: 'three.mjs',
    packages: ['three'],
    call: "state.shown = (await recipe.texture(url('picture.png'))).image.naturalWidth",
    shown: 'state.shown === 256',
    loads: ['picture.png'],
    variations: [
      {
        change: [".setCrossOrigin('use-credentials')", ''],
        how: 'without `setCrossOrigin`',
        refused: ['picture.png'],
        isShown: false,
      },
      {
        change: [".setCrossOrigin('use-credentials')", '.setWithCredentials(true)'],
        how: 'with `setWithCredentials(true)` instead',
        refused: ['picture.png'],
        isShown: false,
      },
    ],
  },
  {
    name: 'model-viewer',
    file: 'model-viewer.mjs',
    packages: ['@google/model-viewer'],
    call: "recipe.show(place, url('scene.glb')); place.lastChild.addEventListener('load', () => (state.shown = true))",
    shown: 'state.shown === true',
    loads: ['scene.glb'],
    variations: [
      {
        change: ['viewer.withCredentials = true;', ''],
        how: 'without `withCredentials`',
        refused: ['scene.glb'],
        isShown: false,
      },
    ],
  },
  {
    name: 'OpenSeadragon',
    file: 'openseadragon.mjs',
    packages: ['openseadragon'],
    call: "recipe.show(place, url('slide.dzi')).addHandler('tile-loaded', () => (state.shown = true))",
    shown: 'state.shown === true',
    loads: ['slide.dzi', 'slide_files/*/*_*.png'],
    variations: [
      {
        change: ['ajaxWithCredentials: true,', ''],
        how: 'without `ajaxWithCredentials`',
        refused: ['slide.dzi'],
        isShown: false,
      },
      {
        change: ['use-credentials', 'Anonymous'],
        how: "with `crossOriginPolicy: 'Anonymous'`",
        refused: ['slide_files/*/*_*.png'],
        isShown: false,
      },
    ],
  },
  {
    name: 'Leaflet',
    file: 'leaflet.mjs',
    packages: ['leaflet'],
    call: "recipe.show(place, url('tiles/{z}/{x}/{y}.png'))",
    shown: "place.querySelector('img')?.naturalWidth === 256",
    loads: ['tiles/*/*/*.png'],
    variations: [
      {
        change: ["crossOrigin: 'use-credentials'", 'crossOrigin: true'],
        how: 'with `crossOrigin: true`',
        refused: ['tiles/*/*/*.png'],
        isShown: false,
      },
    ],
  },
  {
    name: 'MapLibre',
    file: 'maplibre.mjs',
    packages: ['maplibre-gl'],
    served: {
      '/maplibre-gl-worker.mjs': 'maplibre-gl/dist/maplibre-gl-worker.mjs',
      '/maplibre-gl-shared.mjs': 'maplibre-gl/dist/maplibre-gl-shared.mjs',
    },
    call: `const map = recipe.show(place, {
      version: 8,
      sources: {
        tiles: { type: 'raster', tiles: [url('tiles/{z}/{x}/{y}.png')], tileSize: 256, maxzoom: 2 },
        places: { type: 'geojson', data: url('places.json') },
      },
      layers: [
        { id: 'tiles', type: 'raster', source: 'tiles' },
        { id: 'places', type: 'circle', source: 'places' },
      ],
    }, url(''));
    map.on('idle', () => (state.shown = map.queryRenderedFeatures().length === 1))`,
    shown: 'state.shown === true',
    loads: ['tiles/*/*/*.png', 'places.json'],
    variations: [
      {
        change: ["{ url, credentials: 'include' }", '{ url }'],
        how: 'without `transformRequest`',
        refused: ['tiles/*/*/*.png', 'places.json'],
        isShown: false,
      },
    ],
  },
  {
    name: 'OpenLayers',
    file: 'openlayers.mjs',
    packages: ['ol'],
    call: "recipe.show(place, url('tiles/{z}/{x}/{y}.png'), url('places.json')).once('rendercomplete', (event) => (state.shown = event.target.getLayers().item(1).getSource().getFeatures().length))",
    shown: 'state.shown === 1',
    loads: ['tiles/*/*/*.png', 'places.json'],
    variations: [
      {
        change: ['setWithCredentials(true);', ''],
        how: 'without `setWithCredentials`',
        refused: ['places.json'],
        isShown: false,
      },
      {
        change: ['use-credentials', 'anonymous'],
        how: "with `crossOrigin: 'anonymous'`",
        refused: ['tiles/*/*/*.png'],
        isShown: true,
      },
    ],
  },
  {
    name: 'wavesurfer.js',
    file: 'wavesurfer.mjs',
    packages: ['wavesurfer.js'],
    call: "recipe.show(place, url('sound.wav')).on('ready', (seconds) => (state.shown = seconds))",
    shown: 'state.shown === 2',
    loads: ['sound.wav'],
    variations: [
      {
        change: [", fetchParams: { credentials: 'include' }", ''],
        how: 'without `fetchParams`',
        refused: ['sound.wav'],
        isShown: false,
      },
    ],
  },
  {
    name: 'howler.js',
    file: 'howler.mjs',
    packages: ['howler'],
    call: "const sound = recipe.load(url('sound.wav')); sound.once('load', () => (state.shown = sound.duration()))",
    shown: 'state.shown === 2',
    loads: ['sound.wav'],
    variations: [
      {
        change: [', xhr: { withCredentials: true }', ''],
        how: 'without `xhr.withCredentials`',
        refused: ['sound.wav'],
        isShown: true,
      },
    ],
  },
  {
    name: 'Tone.js',
    file: 'tone.mjs',
    packages: ['tone'],
    call: "state.shown = (await recipe.load(url('sound.wav'))).buffer.duration",
    shown: 'state.shown === 2',
    loads: ['sound.wav'],
    variations: [
      {
        change: ["fetch(url, { credentials: 'include' })", 'fetch(url)'],
        how: 'without `credentials`',
        refused: ['sound.wav'],
        isShown: false,
      },
      {
        change: [TONE_LINES, 'const player = new Player();\n  await player.load(url);\n  return player;'],
        how: 'with `player.load(url)` instead',
        refused: ['sound.wav'],
        isShown: false,
      },
    ],
  },
  {
    name: 'Service worker, cache',
    file: 'service-worker.mjs',
    packages: [],
    call: "await recipe.keepOffline(url('picture.png')); state.shown = true",
    shown: 'state.shown === true',
    loads: ['picture.png'],
    variations: [
      {
        change: ["new Request(url, { credentials: 'include' })", 'url'],
        how: 'without `credentials`',
        refused: ['picture.png'],
        isShown: false,
      },
    ],
  },
  {
    name: 'Service worker, answers',
    file: 'service-worker.mjs',
    packages: [],
    call: "await underWorker(); place.append(Object.assign(new Image(), { src: url('picture.png') }))",
    shown: "place.querySelector('img')?.naturalWidth === 256",
    loads: ['picture.png'],
    variations: [
      {
        change: ['fetch(event.request)', 'fetch(event.request.url)'],
        how: 'with the address of the request instead',
        refused: ['picture.png'],
        isShown: false,
      },
    ],
  },
];

/** Those of docs/libraries.md whose packages take more than 30 MB: `npm run recipes -- --large`. */
export const LARGE: readonly Recipe[] = [
  {
    name: 'Cesium',
    file: 'large/cesium.mjs',
    packages: ['cesium'],
    call: "state.shown = (await recipe.imagery(url('tiles/{z}/{x}/{y}.png')).requestImage(0, 0, 0)).width",
    shown: 'state.shown === 256',
    loads: ['tiles/*/*/*.png'],
    variations: [
      {
        change: ['TrustedServers.add(hostname, Number(port) || 443);', ''],
        how: 'without `TrustedServers`',
        refused: ['tiles/*/*/*.png'],
        isShown: false,
      },
    ],
  },
  {
    name: 'next/image',
    file: 'large/next-image.jsx',
    packages: ['next', 'react'],
    call: "(await import('react-dom/client')).createRoot(place).render((await import('react')).createElement(recipe.Picture, { url: url('picture.png') }))",
    shown: "place.querySelector('img')?.naturalWidth === 256",
    loads: ['picture.png'],
    variations: [
      {
        change: [' unoptimized', ''],
        how: 'without `unoptimized`',
        refused: [],
        notAsked: ['picture.png'],
        isShown: false,
        ended: "place.querySelector('img')?.complete === true",
      },
    ],
  },
];
