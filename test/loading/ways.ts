/**
 * Every way of loading that docs/loading.md has a line for. The scripts run in a page; they may use what page-library.js has.
 * `{a.png}` stands for the address of that file on the CDN, one that no other way asks for. Imports nothing: `npm run docs`
 * reads this file as it is.
 */
export interface Way {
  /** Stable; measured.json knows it by this name. */
  readonly id: string;
  /** As the page shows it, in Markdown. */
  readonly title: string;
  /** Body of an async function: gives whether it worked, or nothing where only the requests tell. */
  readonly run: string;
  /** It takes its tab elsewhere, or changes all of it: it gets one of its own. */
  readonly isAlone?: true;
  /** The only file that the result is about, where others must load first. */
  readonly only?: string;
  /** A document, or a sheet, with what it loads itself. */
  readonly isDocument?: true;
  /** How often a file is asked for is part of the result. */
  readonly isCounted?: true;
  /** How to make it work, in Markdown; absent: nothing is needed. */
  readonly cure?: string;
  /** Ways that show the cure: where this way fails, one of them works in the same browser. */
  readonly by?: readonly string[];
  /** There is none, as `cure` says. */
  readonly isHopeless?: true;
}

export interface Group {
  /** The page of docs/ that it stands on. */
  readonly page: 'loading.md' | 'loading/scripts.md';
  /** Its head there, which makes the anchor. */
  readonly title: string;
  readonly introduction: string;
  readonly ways: readonly Way[];
}

const CREDENTIALS = `crossorigin="use-credentials"`;
const BLOB =
  '[`blobUrl`](client.md#fonts-masks-and-downloads): `fetch` with credentials, then a `blob:` address';
const NO_ANONYMOUS = 'remove the attribute, or write `use-credentials`';

export const GROUPS: readonly Group[] = [
  {
    page: 'loading.md',
    title: 'Images',
    introduction: '',
    ways: [
      { id: 'img', title: '`<img src>`', run: `return shows('<img src="{a.png}">');` },
      {
        id: 'img-srcset',
        title: '`<img srcset>`',
        run: `return shows('<img srcset="{a.png} 1x, {a.png} 2x">');`,
      },
      {
        id: 'picture',
        title: '`<picture>` with `<source srcset>`; `crossorigin` on the `<source>` is ignored',
        run: `return shows('<picture><source srcset="{a.png}" ${CREDENTIALS}><img></picture>', 'img');`,
      },
      {
        id: 'img-use-credentials',
        title: '`<img crossorigin="use-credentials">`',
        run: `return shows('<img ${CREDENTIALS} src="{a.png}">');`,
      },
      {
        id: 'img-anonymous',
        title: '`<img crossorigin>`',
        run: `return shows('<img crossorigin src="{a.png}">');`,
        cure: NO_ANONYMOUS,
        by: ['img', 'img-use-credentials'],
      },
      {
        id: 'img-decode',
        title: '`new Image()` and `decode()`',
        run: `const image = new Image(); image.src = '{a.png}'; return kept(image.decode());`,
      },
      {
        id: 'input-image',
        title: '`<input type="image" src>`',
        run: `return shows('<input type="image" src="{a.png}">');`,
      },
      {
        id: 'icon',
        title: '`<link rel="icon">`',
        isAlone: true,
        run: `document.querySelector('link[rel=icon]').remove(); document.head.append(Object.assign(document.createElement('link'), { rel: 'icon', href: '{a.png}' }));`,
        cure: 'nothing; MiniBrowser of WebKitGTK asks for none',
        isHopeless: true,
      },
      {
        id: 'poster',
        title: '`<video poster>`',
        run: `add('<video poster="{a.png}"></video>');`,
      },
      {
        id: 'poster-anonymous',
        title: '`<video crossorigin="anonymous" poster>`',
        run: `add('<video crossorigin="anonymous" poster="{a.png}"></video>');`,
        cure: NO_ANONYMOUS,
        by: ['poster', 'poster-use-credentials'],
      },
      {
        id: 'poster-use-credentials',
        title: '`<video crossorigin="use-credentials" poster>`',
        run: `add('<video ${CREDENTIALS} poster="{a.png}"></video>');`,
      },
    ],
  },
  {
    page: 'loading.md',
    title: 'Images in CSS',
    introduction: '',
    ways: [
      { id: 'background', title: '`background-image`', run: `styled('background-image: url("{a.png}")');` },
      {
        id: 'image-set',
        title: '`image-set()`',
        run: `styled('background-image: image-set("{a.png}" 1x, "{a.png}" 2x)');`,
      },
      {
        id: 'border-image',
        title: '`border-image`',
        run: `styled('border: 4px solid; border-image: url("{a.png}") 1');`,
      },
      {
        id: 'list-style',
        title: '`list-style-image`',
        run: `styled('display: list-item; margin: 40px; list-style-image: url("{a.png}")');`,
      },
      {
        id: 'content',
        title: '`content: url()` of `::before`',
        run: `sheet('.' + name + '::before { content: url("{a.png}") }'); add('<p class="' + name + '">A</p>');`,
      },
      {
        id: 'cursor',
        title: '`cursor`',
        run: `styled('cursor: url("{a.png}"), auto; position: fixed; inset: 0; width: 100%; height: 100%');`,
      },
      {
        id: 'background-cross-origin',
        title: '`background-image: url("…" cross-origin(use-credentials))`',
        run: `styled('background-image: url("{a.png}" cross-origin(use-credentials))');`,
        cure: 'a plain `url()`: it carries the cookies',
        by: ['background'],
      },
    ],
  },
  {
    page: 'loading.md',
    title: 'Masks and shapes',
    introduction:
      'A mask that is refused makes its element vanish, and no script hears of it. `crossorigin(…)`, as older texts write it, is dropped everywhere.',
    ways: [
      {
        id: 'mask',
        title: '`mask-image: url()`',
        run: `styled('background: red; mask-image: url("{a.svg}")');`,
        cure: BLOB,
        by: ['mask-blob'],
      },
      {
        id: 'mask-element',
        title: '`mask: url(file.svg#mask)`',
        run: `styled('background: red; mask: url("{a.svg}#m")');`,
        cure: BLOB,
        by: ['mask-blob'],
      },
      {
        id: 'mask-cross-origin',
        title: '`mask-image: url("…" cross-origin(use-credentials))`',
        run: `styled('background: red; mask-image: url("{a.svg}" cross-origin(use-credentials))');`,
        cure: BLOB,
        by: ['mask-blob'],
      },
      {
        id: 'mask-old-spelling',
        title: '`mask-image: url("…" crossorigin(use-credentials))`',
        run: `styled('background: red; mask-image: url("{a.svg}" crossorigin(use-credentials))');`,
        cure: BLOB,
        by: ['mask-blob'],
      },
      {
        id: 'mask-blob',
        title: '`mask-image` with a `blob:` address',
        run: `styled('background: red; mask-image: url("' + (await blobUrl('{a.svg}')) + '")'); return true;`,
      },
      {
        id: 'mask-box-image',
        title: '`-webkit-mask-box-image`',
        run: `styled('background: red; -webkit-mask-box-image: url("{a.svg}")');`,
        cure: BLOB,
        by: ['mask-blob'],
      },
      {
        id: 'shape-outside',
        title: '`shape-outside: url()`',
        run: `styled('float: left; shape-outside: url("{a.png}")'); add('<p>A B C</p>');`,
        cure: BLOB,
        by: ['shape-blob'],
      },
      {
        id: 'shape-cross-origin',
        title: '`shape-outside: url("…" cross-origin(use-credentials))`',
        run: `styled('float: left; shape-outside: url("{a.png}" cross-origin(use-credentials))'); add('<p>A B C</p>');`,
        cure: BLOB,
        by: ['shape-blob'],
      },
      {
        id: 'shape-blob',
        title: '`shape-outside` with a `blob:` address',
        run: `styled('float: left; shape-outside: url("' + (await blobUrl('{a.png}')) + '")'); return true;`,
      },
      {
        id: 'clip-path',
        title: '`clip-path: url(file.svg#clip)`',
        run: `styled('background: red; clip-path: url("{a.svg}#c")');`,
        cure: '`fetch` with credentials, and put the SVG into the page',
        by: ['svg-inline'],
      },
      {
        id: 'clip-path-cross-origin',
        title: '`clip-path: url("…#clip" cross-origin(use-credentials))`',
        run: `styled('background: red; clip-path: url("{a.svg}#c" cross-origin(use-credentials))');`,
        cure: '`fetch` with credentials, and put the SVG into the page',
        by: ['svg-inline'],
      },
      {
        id: 'filter',
        title: '`filter: url(file.svg#filter)`',
        run: `styled('background: red; filter: url("{a.svg}#f")');`,
        cure: '`fetch` with credentials, and put the SVG into the page',
        by: ['svg-inline'],
      },
    ],
  },
  {
    page: 'loading.md',
    title: 'Fonts',
    introduction:
      'Only a script works in every browser: `loadFont` of [the client](client.md#fonts-masks-and-downloads) is that call. A font that is no secret is best served from a behavior without restricted viewer access.',
    ways: [
      {
        id: 'font-face',
        title: '`@font-face { src: url() }`',
        run: `sheet('@font-face { font-family: ' + name + '; src: url("{a.ttf}") }'); return fontLoads(name);`,
        cure: '`loadFont`',
        by: ['font-buffer', 'font-blob'],
      },
      {
        id: 'font-face-cross-origin',
        title: '`@font-face { src: url("…" cross-origin(use-credentials)) }`',
        run: `sheet('@font-face { font-family: ' + name + '; src: url("{a.ttf}" cross-origin(use-credentials)) }'); return fontLoads(name);`,
        cure: '`loadFont`',
        by: ['font-buffer', 'font-blob'],
      },
      {
        id: 'font-face-both',
        title: '`@font-face` with two `src` lines, the plain one first',
        run: `sheet('@font-face { font-family: ' + name + '; src: url("{a.ttf}"); src: url("{a.ttf}" cross-origin(use-credentials)) }'); return fontLoads(name);`,
        cure: '`loadFont`',
        by: ['font-buffer', 'font-blob'],
      },
      {
        id: 'font-url',
        title: '`new FontFace(name, "url(…)")`',
        run: `return kept(new FontFace(name, 'url("{a.ttf}")').load());`,
        cure: '`loadFont`',
        by: ['font-buffer', 'font-blob'],
      },
      {
        id: 'font-url-cross-origin',
        title: '`new FontFace(name, \'url("…" cross-origin(use-credentials))\')`',
        run: `return kept(new FontFace(name, 'url("{a.ttf}" cross-origin(use-credentials))').load());`,
        cure: '`loadFont`',
        by: ['font-buffer', 'font-blob'],
      },
      {
        id: 'font-buffer',
        title: '`fetch` with credentials, then `new FontFace(name, buffer)`: what `loadFont` does',
        run: `const answer = await fetch('{a.ttf}', { credentials: 'include' }); return kept(new FontFace(name, await answer.arrayBuffer()).load());`,
      },
      {
        id: 'font-blob',
        title: '`@font-face` with a `blob:` address',
        run: `sheet('@font-face { font-family: ' + name + '; src: url("' + (await blobUrl('{a.ttf}')) + '") }'); return fontLoads(name);`,
      },
      {
        id: 'font-preload',
        title: '`<link rel="preload" as="font" crossorigin="use-credentials">`, then `@font-face`',
        isCounted: true,
        run: `await shows('<link rel="preload" as="font" type="font/ttf" ${CREDENTIALS} href="{a.ttf}">'); sheet('@font-face { font-family: ' + name + '; src: url("{a.ttf}") }'); return fontLoads(name);`,
        cure: 'the preload is not used again: `loadFont`',
        by: ['font-buffer'],
      },
      {
        id: 'font-in-sheet',
        isDocument: true,
        title: '`@font-face` in a style sheet of the CDN',
        run: `const inner = await page('<link rel="stylesheet" href="{font.css}">'); return fontLoads('inner', inner);`,
        cure: '`loadFont`',
        by: ['font-buffer'],
      },
      {
        id: 'font-in-sheet-use-credentials',
        isDocument: true,
        title: 'the same, `crossorigin="use-credentials"` on its `<link>`',
        run: `const inner = await page('<link rel="stylesheet" ${CREDENTIALS} href="{font.css}">'); return fontLoads('inner', inner);`,
        cure: 'the font does not inherit it: `loadFont`',
        by: ['font-buffer'],
      },
    ],
  },
  {
    page: 'loading.md',
    title: 'Style sheets',
    introduction: '',
    ways: [
      {
        id: 'sheet',
        title: '`<link rel="stylesheet">`',
        run: `return shows('<link rel="stylesheet" href="{a.css}">');`,
      },
      {
        id: 'sheet-use-credentials',
        title: 'the same, `crossorigin="use-credentials"`',
        run: `return shows('<link rel="stylesheet" ${CREDENTIALS} href="{a.css}">');`,
      },
      {
        id: 'sheet-anonymous',
        title: 'the same, `crossorigin="anonymous"`',
        run: `return shows('<link rel="stylesheet" crossorigin="anonymous" href="{a.css}">');`,
        cure: NO_ANONYMOUS,
        by: ['sheet', 'sheet-use-credentials'],
      },
      {
        id: 'import-rule',
        title: '`@import` in a sheet of the page',
        run: `return ended(sheet('@import url("{a.css}");'));`,
      },
      {
        id: 'import-cross-origin',
        title: '`@import url("…" cross-origin(use-credentials))`',
        run: `sheet('@import url("{a.css}" cross-origin(use-credentials));');`,
        cure: 'a plain `@import`: it carries the cookies',
        by: ['import-rule'],
      },
      {
        id: 'image-in-sheet',
        title: '`background-image` in a sheet of the CDN',
        run: `await page('<link rel="stylesheet" href="{image.css}"><p class="inner">A</p>');`,
      },
      {
        id: 'import-in-sheet',
        title: '`@import` in a sheet of the CDN',
        run: `return shows('<link rel="stylesheet" href="{import.css}">');`,
      },
    ],
  },
  {
    page: 'loading.md',
    title: 'SVG files',
    introduction: '',
    ways: [
      {
        id: 'svg-use',
        title: '`<use href="file.svg#symbol">`',
        run: `add('<svg><use href="{a.svg}#s"/></svg>');`,
        cure: 'no browser loads it from another origin: `fetch` with credentials, and put it into the page',
        by: ['svg-inline'],
      },
      {
        id: 'svg-inline',
        title: '`fetch` with credentials, the text put into the page',
        run: `const answer = await fetch('{a.svg}', { credentials: 'include' }); return answer.ok && add(await answer.text()).localName === 'svg';`,
      },
      {
        id: 'svg-image',
        title: '`<image href>` in SVG',
        run: `return shows('<svg><image href="{a.png}"/></svg>', 'image');`,
      },
      {
        id: 'svg-filter-image',
        title: '`<feImage href>`',
        run: `add('<svg><filter id="' + name + '"><feImage href="{a.png}"/></filter><rect width="9" height="9" filter="url(#' + name + ')"/></svg>');`,
      },
    ],
  },
  {
    page: 'loading.md',
    title: 'Video and audio',
    introduction: 'Players that load by script: [players.md](players.md).',
    ways: [
      {
        id: 'video',
        title: '`<video src>`',
        run: `return shows('<video muted preload="auto" src="{a.mp4}"></video>', 'video', 'loadeddata');`,
      },
      {
        id: 'video-source',
        title: '`<video>` with `<source src>`',
        run: `return shows('<video muted preload="auto"><source src="{a.mp4}"></video>', 'video', 'loadeddata');`,
      },
      {
        id: 'video-use-credentials',
        title: '`<video crossorigin="use-credentials">`',
        run: `return shows('<video muted preload="auto" ${CREDENTIALS} src="{a.mp4}"></video>', 'video', 'loadeddata');`,
      },
      {
        id: 'video-anonymous',
        title: '`<video crossorigin="anonymous">`',
        run: `return shows('<video muted preload="auto" crossorigin="anonymous" src="{a.mp4}"></video>', 'video', 'loadeddata');`,
        cure: NO_ANONYMOUS,
        by: ['video', 'video-use-credentials'],
      },
      {
        id: 'audio',
        title: '`<audio src>`',
        run: `return shows('<audio preload="auto" src="{a.wav}"></audio>', 'audio', 'loadeddata');`,
      },
      {
        id: 'audio-script',
        title: '`new Audio(url)`',
        run: `const audio = new Audio('{a.wav}'); audio.preload = 'auto'; return ended(audio, 'loadeddata');`,
      },
      {
        id: 'audio-use-credentials',
        title: '`<audio crossorigin="use-credentials">`',
        run: `return shows('<audio preload="auto" ${CREDENTIALS} src="{a.wav}"></audio>', 'audio', 'loadeddata');`,
      },
      {
        id: 'audio-anonymous',
        title: '`<audio crossorigin>`',
        run: `return shows('<audio preload="auto" crossorigin src="{a.wav}"></audio>', 'audio', 'loadeddata');`,
        cure: NO_ANONYMOUS,
        by: ['audio', 'audio-use-credentials'],
      },
    ],
  },
  {
    page: 'loading.md',
    title: 'Text tracks',
    introduction: 'A `<track>` follows the `crossorigin` of its **video**; it has none of its own.',
    ways: [
      {
        id: 'track',
        only: 'a.vtt',
        title: '`<track src>`, the video without `crossorigin`',
        run: `return trackLoads('<video muted preload="auto" src="{a.mp4}"><track default src="{a.vtt}"></video>');`,
        cure: '`crossorigin="use-credentials"` on the video',
        by: ['track-use-credentials'],
      },
      {
        id: 'track-use-credentials',
        only: 'a.vtt',
        title: '`<track src>`, the video `crossorigin="use-credentials"`',
        run: `return trackLoads('<video muted preload="auto" src="{a.mp4}" ${CREDENTIALS}><track default src="{a.vtt}"></video>');`,
      },
      {
        id: 'track-anonymous',
        only: 'a.vtt',
        title: '`<track src>`, the video `crossorigin="anonymous"`',
        run: `return trackLoads('<video muted preload="auto" src="{a.mp4}" crossorigin="anonymous"><track default src="{a.vtt}"></video>');`,
        cure: '`crossorigin="use-credentials"` on the video',
        by: ['track-use-credentials'],
      },
    ],
  },
  {
    page: 'loading/scripts.md',
    title: 'Scripts and modules',
    introduction: 'Static and dynamic imports take the credentials of the module that asks.',
    ways: [
      { id: 'script', title: '`<script src>`, classic', run: `return script({ src: '{a.js}' });` },
      {
        id: 'script-anonymous',
        title: '`<script src crossorigin>`, classic',
        run: `return script({ src: '{a.js}', crossorigin: 'anonymous' });`,
        cure: NO_ANONYMOUS,
        by: ['script'],
      },
      {
        id: 'module',
        title: '`<script type="module" src>` and its imports',
        run: `return script({ type: 'module', src: '{m.mjs}' });`,
        cure: '`crossorigin="use-credentials"` on the script',
        by: ['module-use-credentials'],
      },
      {
        id: 'module-use-credentials',
        title: 'the same, `crossorigin="use-credentials"`',
        run: `return script({ type: 'module', src: '{m.mjs}', crossorigin: 'use-credentials' });`,
      },
      {
        id: 'module-dynamic',
        title: '`import()` in a module loaded so',
        run: `const end = new Promise((resolve) => addEventListener('message', ({ data }) => data === '{n.mjs}' && resolve(true))); script({ type: 'module', src: '{dynamic.mjs}', crossorigin: 'use-credentials' }); return Promise.race([end, new Promise((resolve) => setTimeout(() => resolve(false), 5000))]);`,
      },
      {
        id: 'inline-module',
        title: '`import` in an inline module',
        run: `return inline("import '{m.mjs}'; report(true)", { type: 'module' });`,
        cure: '`crossorigin="use-credentials"` on the inline `<script>`',
        by: ['inline-module-use-credentials'],
      },
      {
        id: 'inline-module-use-credentials',
        title: 'the same, `crossorigin="use-credentials"` on the inline `<script>`',
        run: `return inline("import '{m.mjs}'; report(true)", { type: 'module', crossorigin: 'use-credentials' });`,
      },
      {
        id: 'own-module-import',
        title: '`import()` in a module of the page’s host',
        run: `const end = new Promise((resolve) => addEventListener('message', ({ data }) => data[name] !== undefined && resolve(data[name]))); script({ type: 'module', src: own('mjs', "import('{m.mjs}').then(() => postMessage({ " + name + ": true }), () => postMessage({ " + name + ": false }))") }); return end;`,
        cure: '`crossorigin="use-credentials"` on the `<script>` of that module',
        by: ['own-module-import-use-credentials'],
      },
      {
        id: 'own-module-import-use-credentials',
        title: 'the same, `crossorigin="use-credentials"` on its `<script>`',
        run: `const end = new Promise((resolve) => addEventListener('message', ({ data }) => data[name] !== undefined && resolve(data[name]))); script({ type: 'module', crossorigin: 'use-credentials', src: own('mjs', "import('{m.mjs}').then(() => postMessage({ " + name + ": true }), () => postMessage({ " + name + ": false }))") }); return end;`,
      },
      {
        id: 'classic-import',
        title: '`import()` in an inline classic script',
        run: `return inline("import('{m.mjs}').then(() => report(true), () => report(false))");`,
        cure: 'an inline module with `crossorigin="use-credentials"`',
        by: ['inline-module-use-credentials'],
      },
      {
        id: 'classic-import-use-credentials',
        title: 'the same, `crossorigin="use-credentials"` on the script',
        run: `return inline("import('{m.mjs}').then(() => report(true), () => report(false))", { crossorigin: 'use-credentials' });`,
        cure: 'an inline module with `crossorigin="use-credentials"`',
        by: ['inline-module-use-credentials'],
      },
      {
        id: 'import-json',
        title: '`import … with { type: "json" }` in an inline module',
        run: `return inline("import data from '{j.json}' with { type: 'json' }; report(true)", { type: 'module' });`,
        cure: '`crossorigin="use-credentials"` on the inline `<script>`',
        by: ['import-json-use-credentials'],
      },
      {
        id: 'import-json-use-credentials',
        title: 'the same, `crossorigin="use-credentials"` on the inline `<script>`',
        run: `return inline("import data from '{j.json}' with { type: 'json' }; report(true)", { type: 'module', crossorigin: 'use-credentials' });`,
      },
      {
        id: 'wasm',
        title: '`WebAssembly.instantiateStreaming(fetch(url, { credentials: "include" }))`',
        run: `return kept(WebAssembly.instantiateStreaming(fetch('{a.wasm}', { credentials: 'include' })));`,
      },
    ],
  },
  {
    page: 'loading/scripts.md',
    title: 'Workers',
    introduction: '',
    ways: [
      {
        id: 'worker',
        title: '`new Worker(url)` of the CDN',
        run: `return says(new Worker('{worker.js}'));`,
        cure: 'no browser takes one from another origin: `importScripts` in a worker of the page',
        by: ['worker-import-scripts', 'worker-blob'],
      },
      {
        id: 'shared-worker-direct',
        title: '`new SharedWorker(url)` of the CDN',
        run: `const worker = new SharedWorker('{worker.js}'); return says(worker, worker.port);`,
        cure: 'no browser takes one from another origin: `importScripts` in a shared worker of the page',
        by: ['shared-worker'],
      },
      {
        id: 'worker-import-scripts',
        title: '`importScripts` in a worker of the page',
        run: `return says(new Worker(own('js', "importScripts('{a.js}'); postMessage(true)")));`,
      },
      {
        id: 'worker-blob',
        title: '`importScripts` in a worker made of a `blob:`',
        run: `return says(new Worker(URL.createObjectURL(new Blob(["importScripts('{a.js}'); postMessage(true)"]))));`,
      },
      {
        id: 'worker-module',
        title: '`import` in a module worker',
        run: `return says(new Worker(own('mjs', "import '{m.mjs}'; postMessage(true)"), { type: 'module' }));`,
        cure: '`{ type: "module", credentials: "include" }`',
        by: ['worker-module-include'],
      },
      {
        id: 'worker-module-include',
        title: 'the same, `credentials: "include"`',
        run: `return says(new Worker(own('mjs', "import '{m.mjs}'; postMessage(true)"), { type: 'module', credentials: 'include' }));`,
      },
      {
        id: 'worker-dynamic',
        title: '`import()` in a module worker',
        run: `return says(new Worker(own('mjs', "import('{m.mjs}').then(() => postMessage(true), () => postMessage(false))"), { type: 'module' }));`,
        cure: '`{ type: "module", credentials: "include" }`',
        by: ['worker-dynamic-include'],
      },
      {
        id: 'worker-dynamic-include',
        title: 'the same, `credentials: "include"`',
        run: `return says(new Worker(own('mjs', "import('{m.mjs}').then(() => postMessage(true), () => postMessage(false))"), { type: 'module', credentials: 'include' }));`,
      },
      {
        id: 'worker-fetch',
        title: '`fetch(url)` in a worker',
        run: `return says(new Worker(own('js', "fetch('{j.json}').then(({ ok }) => postMessage(ok), () => postMessage(false))")));`,
        cure: '`credentials: "include"`',
        by: ['worker-fetch-include'],
      },
      {
        id: 'worker-fetch-include',
        title: 'the same, `credentials: "include"`',
        run: `return says(new Worker(own('js', "fetch('{j.json}', { credentials: 'include' }).then(({ ok }) => postMessage(ok), () => postMessage(false))")));`,
      },
      {
        id: 'shared-worker',
        title: '`importScripts` in a shared worker of the page',
        run: `const worker = new SharedWorker(own('js', "importScripts('{a.js}'); onconnect = ({ ports }) => ports[0].postMessage(true)")); return says(worker, worker.port);`,
      },
      {
        id: 'service-worker-import',
        title: '`importScripts` in a service worker',
        run: `return kept(navigator.serviceWorker.register(own('js', "importScripts('{a.js}')"), { scope: '/own/' + name + '/' }));`,
      },
      {
        id: 'service-worker-request',
        title: '`fetch(event.request)` in a service worker, for an `<img>`',
        run: `return underServiceWorker(name, "onfetch = (event) => event.respondWith(fetch(event.request))", '{a.png}');`,
      },
      {
        id: 'service-worker-url',
        title: '`fetch(event.request.url)` in a service worker, for an `<img>`',
        run: `return underServiceWorker(name, "onfetch = (event) => event.respondWith(fetch(event.request.url))", '{a.png}');`,
        cure: 'hand on `event.request` itself, or add `{ credentials: "include" }`',
        by: ['service-worker-request', 'service-worker-include'],
      },
      {
        id: 'service-worker-include',
        title: 'the same, `{ credentials: "include" }`',
        run: `return underServiceWorker(name, "onfetch = (event) => event.respondWith(fetch(event.request.url, { credentials: 'include' }))", '{a.png}');`,
      },
      {
        id: 'cache-add',
        title: '`cache.add(url)`',
        run: `const cache = await caches.open(name); return kept(cache.add('{a.png}'));`,
        cure: '`new Request(url, { credentials: "include" })`',
        by: ['cache-add-include'],
      },
      {
        id: 'cache-add-include',
        title: '`cache.add(new Request(url, { credentials: "include" }))`',
        run: `const cache = await caches.open(name); return kept(cache.add(new Request('{a.png}', { credentials: 'include' })));`,
      },
      {
        id: 'worklet',
        title: '`audioWorklet.addModule(url)`',
        run: `return kept(new OfflineAudioContext(1, 1, 44100).audioWorklet.addModule('{a.js}'));`,
        cure: '`{ credentials: "include" }` as second argument',
        by: ['worklet-include'],
      },
      {
        id: 'worklet-include',
        title: '`audioWorklet.addModule(url, { credentials: "include" })`',
        run: `return kept(new OfflineAudioContext(1, 1, 44100).audioWorklet.addModule('{a.js}', { credentials: 'include' }));`,
      },
    ],
  },
  {
    page: 'loading/scripts.md',
    title: 'Preloads and the manifest',
    introduction:
      'A preload whose mode is not that of the later load is fetched in vain, and the file a second time. Firefox fires `load` at a preload that CORS refused: the event shows nothing.',
    ways: [
      {
        id: 'preload-image',
        title: '`<link rel="preload" as="image">`, then `<img>`',
        isCounted: true,
        run: `await shows('<link rel="preload" as="image" href="{a.png}">'); return shows('<img src="{a.png}">');`,
      },
      {
        id: 'preload-image-mismatch',
        title: 'the same, then `<img crossorigin="use-credentials">`',
        isCounted: true,
        run: `await shows('<link rel="preload" as="image" href="{a.png}">'); return shows('<img ${CREDENTIALS} src="{a.png}">');`,
        cure: 'the same `crossorigin` on both',
        by: ['preload-image-use-credentials'],
      },
      {
        id: 'preload-image-use-credentials',
        title: 'the same, `crossorigin="use-credentials"` on both',
        isCounted: true,
        run: `await shows('<link rel="preload" as="image" ${CREDENTIALS} href="{a.png}">'); return shows('<img ${CREDENTIALS} src="{a.png}">');`,
      },
      {
        id: 'preload-fetch',
        title: '`<link rel="preload" as="fetch">`, then `fetch` with credentials',
        isCounted: true,
        run: `await shows('<link rel="preload" as="fetch" href="{j.json}">'); return reads('{j.json}', { credentials: 'include' });`,
        cure: '`crossorigin="use-credentials"` on the link',
        by: ['preload-fetch-use-credentials'],
      },
      {
        id: 'preload-fetch-anonymous',
        title: 'the same, `crossorigin` on the link',
        isCounted: true,
        run: `await shows('<link rel="preload" as="fetch" crossorigin href="{j.json}">'); return reads('{j.json}', { credentials: 'include' });`,
        cure: '`crossorigin="use-credentials"` on the link',
        by: ['preload-fetch-use-credentials'],
      },
      {
        id: 'preload-fetch-use-credentials',
        title: 'the same, `crossorigin="use-credentials"` on the link',
        isCounted: true,
        run: `await shows('<link rel="preload" as="fetch" ${CREDENTIALS} href="{j.json}">'); return reads('{j.json}', { credentials: 'include' });`,
      },
      {
        id: 'modulepreload',
        title: '`<link rel="modulepreload">`',
        run: `await shows('<link rel="modulepreload" href="{n.mjs}">');`,
        cure: '`crossorigin="use-credentials"`',
        by: ['modulepreload-use-credentials'],
      },
      {
        id: 'modulepreload-use-credentials',
        title: '`<link rel="modulepreload" crossorigin="use-credentials">`',
        run: `await shows('<link rel="modulepreload" ${CREDENTIALS} href="{n.mjs}">');`,
      },
      {
        id: 'prefetch',
        title: '`<link rel="prefetch">`',
        isAlone: true,
        run: `await shows('<link rel="prefetch" href="{a.png}">');`,
        cure: 'nothing; WebKitGTK asks for none',
        isHopeless: true,
      },
      {
        id: 'prefetch-use-credentials',
        title: '`<link rel="prefetch" crossorigin="use-credentials">`',
        isAlone: true,
        run: `await shows('<link rel="prefetch" ${CREDENTIALS} href="{j.json}">');`,
        cure: 'nothing; WebKitGTK asks for none',
        isHopeless: true,
      },
      {
        id: 'manifest',
        title: '`<link rel="manifest">`',
        isAlone: true,
        run: `document.head.append(Object.assign(document.createElement('link'), { rel: 'manifest', href: '{manifest.json}' }));`,
        cure: '`crossorigin="use-credentials"`',
        by: ['manifest-use-credentials'],
        isHopeless: true,
      },
      {
        id: 'manifest-use-credentials',
        title: '`<link rel="manifest" crossorigin="use-credentials">`',
        isAlone: true,
        run: `document.head.append(Object.assign(document.createElement('link'), { rel: 'manifest', crossOrigin: 'use-credentials', href: '{manifest.json}' }));`,
        cure: 'nothing; the others ask for none here',
        isHopeless: true,
      },
    ],
  },
  {
    page: 'loading.md',
    title: 'Frames and documents',
    introduction: '',
    ways: [
      {
        id: 'iframe',
        title: '`<iframe src>`, an HTML document',
        run: `await shows('<iframe src="{a.html}"></iframe>');`,
      },
      {
        id: 'iframe-inside',
        isDocument: true,
        title: '… and the image, font and `fetch` inside it, from its own host',
        run: `await shows('<iframe src="{inner.html}"></iframe>');`,
      },
      { id: 'iframe-pdf', title: '`<iframe src>`, a PDF', run: `add('<iframe src="{a.pdf}"></iframe>');` },
      {
        id: 'object-pdf',
        title: '`<object data>`, a PDF',
        run: `add('<object type="application/pdf" data="{a.pdf}"></object>');`,
      },
      {
        id: 'embed-pdf',
        title: '`<embed src>`, a PDF',
        run: `add('<embed type="application/pdf" src="{a.pdf}">');`,
      },
      {
        id: 'object-svg',
        title: '`<object data>`, an SVG',
        run: `add('<object type="image/svg+xml" data="{a.svg}"></object>');`,
      },
      {
        id: 'embed-svg',
        title: '`<embed src>`, an SVG',
        run: `add('<embed type="image/svg+xml" src="{a.svg}">');`,
      },
      {
        id: 'object-html',
        title: '`<object data>`, an HTML document',
        run: `add('<object type="text/html" data="{a.html}"></object>');`,
      },
      {
        id: 'iframe-credentialless',
        title: '`<iframe credentialless src>`',
        run: `await shows('<iframe credentialless src="{a.html}"></iframe>');`,
        cure: 'remove the attribute',
        by: ['iframe'],
      },
      {
        id: 'iframe-redirected',
        title: '`<iframe src>` of another site that redirects to the CDN',
        run: `await shows('<iframe src="{hop}{a.html}"></iframe>');`,
        cure: 'lead there from your own site, or in the whole tab',
        by: ['iframe', 'link'],
      },
      {
        id: 'img-redirected',
        title: '`<img src>` of another site that redirects to the CDN',
        run: `return shows('<img src="{hop}{a.png}">');`,
        cure: 'name the address of the CDN itself',
        by: ['img'],
      },
      {
        id: 'link',
        title: 'a link in the same tab',
        isAlone: true,
        run: `add('<a href="{a.html}">A</a>').click();`,
      },
      {
        id: 'link-redirected',
        title: 'a link to another site that redirects to the CDN',
        isAlone: true,
        run: `add('<a href="{hop}{a.html}">A</a>').click();`,
      },
    ],
  },
  {
    page: 'loading.md',
    title: 'Sandboxed frames',
    introduction:
      'SCORM, H5P and other exported courses often run so. The document itself is let in, and what it loads is not: its origin is `null`.',
    ways: [
      {
        id: 'sandbox',
        isDocument: true,
        title: '`<iframe sandbox="allow-scripts" src>`, and the image, font and `fetch` inside it',
        run: `await shows('<iframe sandbox="allow-scripts" src="{inner.html}"></iframe>');`,
        cure: 'add `allow-same-origin`',
        by: ['sandbox-same-origin'],
      },
      {
        id: 'sandbox-same-origin',
        isDocument: true,
        title: 'the same, `sandbox="allow-scripts allow-same-origin"`',
        run: `await shows('<iframe sandbox="allow-scripts allow-same-origin" src="{inner.html}"></iframe>');`,
      },
      {
        id: 'sandbox-srcdoc',
        title: '`<iframe sandbox="allow-scripts" srcdoc>` with an `<img>` of the CDN',
        run: `await shows('<iframe sandbox="allow-scripts" srcdoc="<img src=&quot;{a.png}&quot;>"></iframe>');`,
        cure: 'add `allow-same-origin`',
        by: ['sandbox-srcdoc-same-origin'],
      },
      {
        id: 'sandbox-srcdoc-same-origin',
        title: 'the same, `sandbox="allow-scripts allow-same-origin"`',
        run: `await shows('<iframe sandbox="allow-scripts allow-same-origin" srcdoc="<img src=&quot;{a.png}&quot;>"></iframe>');`,
      },
    ],
  },
  {
    page: 'loading.md',
    title: 'Downloads',
    introduction: '',
    ways: [
      {
        id: 'download',
        title: '`<a download href>`; the attribute is ignored, the tab leaves for the file',
        isAlone: true,
        run: `add('<a download="mine.png" href="{a.png}">A</a>').click();`,
      },
      {
        id: 'download-attachment',
        title: '`<a href>` whose answer says `Content-Disposition: attachment`: saved under its own name',
        isAlone: true,
        run: `add('<a href="{attached.png}">A</a>').click();`,
      },
      {
        id: 'download-blob',
        title: '`<a download>` with a `blob:` address: saved under your name',
        isAlone: true,
        run: `add('<a download="mine.png" href="' + (await blobUrl('{a.png}')) + '">A</a>').click(); return true;`,
      },
    ],
  },
  {
    page: 'loading/scripts.md',
    title: 'Scripted requests',
    introduction:
      'Tiles, scenes and other files that libraries load come this way, each with an option of its own: [libraries.md](../libraries.md).',
    ways: [
      {
        id: 'fetch',
        title: '`fetch(url)`, the same as `credentials: "same-origin"`',
        run: `return reads('{j.json}');`,
        cure: '`credentials: "include"`',
        by: ['fetch-include'],
      },
      {
        id: 'fetch-include',
        title: '`credentials: "include"`',
        run: `return reads('{j.json}', { credentials: 'include' });`,
      },
      {
        id: 'fetch-omit',
        title: '`credentials: "omit"`',
        run: `return reads('{j.json}', { credentials: 'omit' });`,
        cure: '`credentials: "include"`',
        by: ['fetch-include'],
      },
      {
        id: 'fetch-no-cors',
        title: '`mode: "no-cors"`',
        run: `await reads('{j.json}', { mode: 'no-cors' });`,
        cure: '`credentials: "include"` without `no-cors`',
        by: ['fetch-include'],
      },
      {
        id: 'fetch-no-cors-include',
        title: '`mode: "no-cors", credentials: "include"`; the page can read nothing of the answer',
        run: `return reads('{j.json}', { mode: 'no-cors', credentials: 'include' });`,
        cure: '`credentials: "include"` without `no-cors`',
        by: ['fetch-include'],
      },
      {
        id: 'fetch-range',
        title: '`Range: bytes=0-9`, with credentials; no preflight',
        run: `return reads('{a.mp4}', { credentials: 'include', headers: { Range: 'bytes=0-9' } });`,
      },
      {
        id: 'fetch-suffix-range',
        title: '`Range: bytes=-9`, with credentials; a preflight, which carries no cookie and is refused',
        run: `return reads('{a.mp4}', { credentials: 'include', headers: { Range: 'bytes=-9' } });`,
        cure: 'ask with a start: `bytes=0-9`',
        by: ['fetch-range'],
      },
      {
        id: 'xhr',
        title: '`XMLHttpRequest`',
        run: `const call = new XMLHttpRequest(); call.open('GET', '{j.json}'); call.send(); return (await ended(call)) && call.status === 200;`,
        cure: '`withCredentials = true`',
        by: ['xhr-with-credentials'],
      },
      {
        id: 'xhr-with-credentials',
        title: '`XMLHttpRequest`, `withCredentials = true`',
        run: `const call = new XMLHttpRequest(); call.open('GET', '{j.json}'); call.withCredentials = true; call.send(); return (await ended(call)) && call.status === 200;`,
      },
      {
        id: 'event-source',
        title: '`new EventSource(url)`',
        run: `const source = new EventSource('{events.txt}'); const end = await ended(source, 'open'); source.close(); return end;`,
        cure: '`{ withCredentials: true }`',
        by: ['event-source-with-credentials'],
      },
      {
        id: 'event-source-with-credentials',
        title: '`new EventSource(url, { withCredentials: true })`',
        run: `const source = new EventSource('{events.txt}', { withCredentials: true }); const end = await ended(source, 'open'); source.close(); return end;`,
      },
      {
        id: 'beacon',
        title: '`navigator.sendBeacon(url)`: a POST, which a behavior of GET and HEAD refuses',
        run: `navigator.sendBeacon('{j.json}', 'x');`,
        cure: 'send it to your API; nothing is loaded by it',
        isHopeless: true,
      },
      {
        id: 'web-socket',
        title: '`new WebSocket(url)`; the local edge does not pass it on',
        run: `const socket = new WebSocket('{j.json}'.replace('https:', 'wss:')); await ended(socket, 'open');`,
        cure: 'CloudFront passes it on to a server origin; here only its cookies were looked at',
        isHopeless: true,
      },
    ],
  },
  {
    page: 'loading/scripts.md',
    title: 'Canvas and Web Audio',
    introduction: 'Drawing needs no cookie of its own; reading what was drawn needs CORS.',
    ways: [
      {
        id: 'canvas',
        title: 'pixels of an `<img>` read back',
        run: `const image = new Image(); image.src = '{a.png}'; return (await ended(image)) && isReadable(image);`,
        cure: '`crossOrigin = "use-credentials"` before `src`',
        by: ['canvas-use-credentials'],
      },
      {
        id: 'canvas-use-credentials',
        title: 'the same, `crossOrigin = "use-credentials"` set before `src`',
        run: `const image = new Image(); image.crossOrigin = 'use-credentials'; image.src = '{a.png}'; return (await ended(image)) && isReadable(image);`,
      },
      {
        id: 'canvas-late',
        title: 'the same, set after `src`',
        isCounted: true,
        run: `const image = new Image(); image.src = '{a.png}'; image.crossOrigin = 'use-credentials'; return (await ended(image)) && isReadable(image);`,
      },
      {
        id: 'canvas-video',
        title: 'a frame of a `<video>` read back',
        run: `const video = add('<video muted preload="auto" src="{a.mp4}"></video>'); return (await ended(video, 'loadeddata')) && isReadable(video);`,
        cure: '`crossorigin="use-credentials"`',
        by: ['canvas-video-use-credentials'],
      },
      {
        id: 'canvas-video-use-credentials',
        title: 'the same, `crossorigin="use-credentials"`',
        run: `const video = add('<video muted preload="auto" ${CREDENTIALS} src="{a.mp4}"></video>'); return (await ended(video, 'loadeddata')) && isReadable(video);`,
      },
      {
        id: 'image-bitmap',
        title: '`createImageBitmap` of a `fetch` with credentials, read back',
        run: `const answer = await fetch('{a.png}', { credentials: 'include' }); return isReadable(await createImageBitmap(await answer.blob()));`,
      },
      {
        id: 'decode-audio',
        title: '`decodeAudioData` of a `fetch` with credentials',
        run: `const answer = await fetch('{a.wav}', { credentials: 'include' }); return kept(new OfflineAudioContext(1, 1, 44100).decodeAudioData(await answer.arrayBuffer()));`,
      },
    ],
  },
  {
    page: 'loading/scripts.md',
    title: 'Pages with an embedder policy',
    introduction: 'A page with `Cross-Origin-Embedder-Policy`, which threads and `SharedArrayBuffer` need.',
    ways: [
      {
        id: 'coep-credentialless',
        title: '`credentialless`, plain `<img>`',
        run: `return inPage('<img src="{a.png}">', '&coep=credentialless');`,
        cure: '`crossorigin="use-credentials"` on the element',
        by: ['coep-credentialless-use-credentials'],
      },
      {
        id: 'coep-credentialless-use-credentials',
        title: '`credentialless`, `crossorigin="use-credentials"`',
        run: `return inPage('<img ${CREDENTIALS} src="{a.png}">', '&coep=credentialless');`,
      },
      {
        id: 'coep-require-corp',
        title: '`require-corp`, plain `<img>`',
        run: `return inPage('<img src="{a.png}">', '&coep=require-corp');`,
        cure: '`crossorigin="use-credentials"`, or `Cross-Origin-Resource-Policy: same-site` on the CDN',
        by: ['coep-require-corp-use-credentials', 'coep-require-corp-header'],
      },
      {
        id: 'coep-require-corp-header',
        title: 'the same, the file with `Cross-Origin-Resource-Policy: same-site`',
        run: `return inPage('<img src="{corp.png}">', '&coep=require-corp');`,
        cure: '`cross-origin` in the place of `same-site` for a page on another site',
      },
      {
        id: 'coep-require-corp-use-credentials',
        title: '`require-corp`, `crossorigin="use-credentials"`',
        run: `return inPage('<img ${CREDENTIALS} src="{a.png}">', '&coep=require-corp');`,
      },
    ],
  },
];

export const WAYS: readonly Way[] = GROUPS.flatMap(({ ways }) => ways);

/** A few that end quickly in each browser, for `npm run whole`. */
export const SAMPLE: readonly string[] = [
  'img',
  'img-anonymous',
  'mask',
  'mask-blob',
  'font-face',
  'font-face-cross-origin',
  'font-buffer',
  'track',
  'track-use-credentials',
  'module',
  'module-use-credentials',
  'sandbox',
  'sandbox-same-origin',
  'fetch',
  'fetch-include',
];
