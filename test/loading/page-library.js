// What the scripts of ways.ts call. The runner puts this file into the page, without `export`, and calls `runAll`.

const LIMIT_MILLISECONDS = 6000;

/** @returns the first of the elements that the markup describes, once they are in the page */
export function add(html) {
  const box = document.createElement('div');
  box.innerHTML = html;
  document.body.append(box);
  return box.firstElementChild;
}

/** @returns whether the element, or what else has events, loaded; false where it says nothing in time */
export function ended(target, good = 'load') {
  return new Promise((resolve) => {
    target.addEventListener(good, () => resolve(true), { once: true });
    target.addEventListener('error', () => resolve(false), { once: true });
    setTimeout(() => resolve(false), LIMIT_MILLISECONDS);
  });
}

/** Adds the markup; @returns whether its first element, or the one that the selector names, loaded. */
export function shows(html, selector, good) {
  const box = document.createElement('div');
  box.innerHTML = html;
  const element = selector === undefined ? box.firstElementChild : box.querySelector(selector);
  const end = ended(element, good);
  document.body.append(box);
  return end;
}

/** Adds an element with these declarations. Nothing tells a script what became of them: only the CDN knows. */
export function styled(declarations) {
  const element = document.createElement('div');
  element.textContent = 'A';
  element.style.cssText = `width: 40px; height: 40px; ${declarations}`;
  document.body.append(element);
}

/** Adds rules; @returns the `<style>`. */
export function sheet(rules) {
  const style = document.createElement('style');
  style.textContent = rules;
  document.head.append(style);
  return style;
}

/** @returns whether a font family, described by `@font-face`, loads in this document */
export async function fontLoads(family, place = document) {
  // WebKitGTK knows a rule that was just added only after it has drawn.
  for (let attempt = 0; attempt < 20; attempt += 1) {
    try {
      const faces = await place.fonts.load(`16px ${family}`);
      if (faces.length > 0) return faces.every(({ status }) => status === 'loaded');
    } catch {
      return false;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

/** Adds a video with a track that is shown; @returns whether the track loaded. */
export function trackLoads(html) {
  const element = add(html).querySelector('track');
  const end = ended(element);
  element.track.mode = 'showing';
  return end;
}

/** @returns whether the promise is kept */
export function kept(promise) {
  return Promise.resolve(promise).then(
    () => true,
    () => false,
  );
}

/** Adds a `<script>`, which one parsed from markup would not be; @returns whether it loaded. */
export function script(members) {
  const element = document.createElement('script');
  const end = ended(element);
  for (const [name, value] of Object.entries(members)) element.setAttribute(name, value);
  document.body.append(element);
  return end;
}

let names = 0;

/** Adds an inline `<script>` whose text calls `report(true)`; @returns what it reports. */
export function inline(text, members = {}) {
  return new Promise((resolve) => {
    const name = `report${(names += 1)}`;
    globalThis[name] = resolve;
    const element = document.createElement('script');
    for (const [key, value] of Object.entries(members)) element.setAttribute(key, value);
    element.textContent = text.replaceAll('report(', `globalThis.${name}(`);
    element.addEventListener('error', () => resolve(false));
    document.body.append(element);
    setTimeout(() => resolve(false), LIMIT_MILLISECONDS);
  });
}

/** @returns the address of a file of the page's own host with this text; its end says what it is: `js`, `html` */
export function own(type, text, query = '') {
  return `${location.origin}/own/${(names += 1)}/file.${type}?text=${encodeURIComponent(text)}${query}`;
}

/** Opens an own page in a frame; @returns its document. */
export async function page(html, query = '', address = own('html', html, query)) {
  const frame = document.createElement('iframe');
  const end = ended(frame);
  frame.src = address;
  document.body.append(frame);
  await end;
  return frame.contentDocument;
}

/** @returns whether the first image of an own page, in a frame, loads */
export async function inPage(html, query) {
  const inner = await page('', query);
  inner.body.innerHTML = html;
  return ended(inner.body.firstElementChild);
}

/** Registers a service worker with this text; @returns whether an image loads in a page of its scope */
export async function underServiceWorker(name, text, address) {
  const scope = `/own/${name}/`;
  const registration = await navigator.serviceWorker.register(own('js', text), { scope });
  const worker = registration.installing ?? registration.waiting ?? registration.active;
  while (worker.state !== 'activated') {
    await new Promise((resolve) => worker.addEventListener('statechange', resolve, { once: true }));
  }
  const inner = await page('', '', `${scope}file.html?text=`);
  inner.body.innerHTML = `<img src="${address}">`;
  return ended(inner.body.firstElementChild);
}

/** @returns whether a worker, or a port of one, sends `true` */
export function says(worker, port = worker) {
  return new Promise((resolve) => {
    port.addEventListener('message', ({ data }) => resolve(data === true));
    port.start?.();
    worker.addEventListener('error', () => resolve(false));
    setTimeout(() => resolve(false), LIMIT_MILLISECONDS);
  });
}

/** @returns whether an answer of `fetch` can be read and is a success */
export function reads(address, options = {}) {
  return fetch(address, options).then(
    (answer) => answer.ok,
    () => false,
  );
}

/** @returns a `blob:` address of a file that was fetched with credentials */
export async function blobUrl(address) {
  const answer = await fetch(address, { credentials: 'include' });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return URL.createObjectURL(await answer.blob());
}

/** @returns whether the pixels of what was drawn can be read */
export function isReadable(source) {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 2;
  const context = canvas.getContext('2d');
  try {
    context.drawImage(source, 0, 0, 2, 2);
    return context.getImageData(0, 0, 1, 1).data.length === 4;
  } catch {
    return false;
  }
}

/** Runs all items at once; @returns what each says: it worked, it failed, or nothing (null). */
export async function runAll(items) {
  const results = {};
  await Promise.all(
    items.map(async ({ key, name, body }) => {
      try {
        const limit = new Promise((resolve) => setTimeout(() => resolve(false), 2 * LIMIT_MILLISECONDS));
        results[key] = (await Promise.race([body(name), limit])) ?? null;
      } catch {
        results[key] = false;
      }
    }),
  );
  return results;
}
