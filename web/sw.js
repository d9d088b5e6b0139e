/* Offline shell. Files of this version are kept; data never is. `FILES` is filled in by the build. */
const FILES = [];
const CACHE = 'cobot_ai-VERSION';
const WAIT_MS = 3000;

self.addEventListener('install', (event) => {
  // The new shell takes over at the next start of the page, never under somebody's finger.
  // Where nobody is logged in `/` leads to the login: that is no shell. The old one stays until then.
  const files = FILES.map((file) => new Request(file, { redirect: 'error' }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(files)));
});
self.addEventListener('activate', (event) => {
  const old = (names) => names.filter((n) => n.startsWith('cobot_ai-') && n !== CACHE);
  event.waitUntil(caches.keys().then((names) => Promise.all(old(names).map((n) => caches.delete(n)))));
});
self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin) return;
  if (request.mode === 'navigate' && url.pathname === '/') event.respondWith(page(request));
  else if (url.pathname.startsWith('/assets/')) event.respondWith(asset(request));
});

/** The server's page while it answers in time (it may want a login), else the kept one. */
async function page(request) {
  const kept = await caches.match('/', { cacheName: CACHE });
  const late = new Promise((_, fail) => setTimeout(() => fail(new Error('late')), kept ? WAIT_MS : 60000));
  try {
    return await Promise.race([fetch(request), late]);
  } catch {
    return kept ?? Response.error();
  }
}

/** Names of assets hold their content's hash: what is kept is right for ever. */
async function asset(request) {
  return (await caches.match(request, { cacheName: CACHE })) ?? fetch(request);
}
