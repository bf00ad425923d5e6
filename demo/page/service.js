/** Keeps all of the site in this browser, so that it opens without the network. `demo/build.py` tells above which files there are. */

const CACHE = 'snowpeople';
// A changed file has another address in the cache.
const kept = (name) => new Request(`${name}?${FILES[name]}`);

addEventListener('install', (event) => {
  skipWaiting();
  event.waitUntil(keepSmall(event));
});

addEventListener('activate', (event) => {
  event.waitUntil(dropOld().then(() => clients.claim()));
});

addEventListener('fetch', (event) => {
  const name = event.request.url.replace(registration.scope, '').split(/[?#]/)[0].replace(/^index\.html$/, '');
  if (name in FILES && event.request.url.startsWith(registration.scope)) event.respondWith(answer(name, event));
});

async function keepSmall(event) {
  const small = Object.keys(FILES).filter((name) => !LARGE.includes(name));
  await Promise.all(small.map((name) => answer(name, event)));
}

async function answer(name, event) {
  const cache = await caches.open(CACHE);
  const found = await cache.match(kept(name));
  if (found) return found;
  const response = await fetch(name || './', { cache: 'no-cache' });
  if (response.ok) event.waitUntil(cache.put(kept(name), response.clone()));
  return response;
}

async function dropOld() {
  const cache = await caches.open(CACHE);
  const current = new Set(Object.keys(FILES).map((name) => kept(name).url));
  for (const request of await cache.keys()) if (!current.has(request.url)) await cache.delete(request);
}
