export async function keepOffline(url) {
  const cache = await caches.open('course');
  await cache.add(new Request(url, { credentials: 'include' }));
}

export function answerFromCache(event) {
  event.respondWith(caches.match(event.request.url).then((kept) => kept ?? fetch(event.request)));
}
