// The offline shell. The server writes above this which files it is made of, and of which version. They come from the
// cache first; pages always come fresh, and when kneeline does not run, one page says so.

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
/** @type {{version: string, files: string[]}} */
const SHELL = Object(worker).SHELL;
const NAME = `kneeline-${SHELL.version}`;
const OFFLINE = "/offline";
const KEPT = ["/static/", "/model/"];

worker.addEventListener("install", (event) => {
  const fill = async () => (await caches.open(NAME)).addAll([OFFLINE, ...SHELL.files]);
  event.waitUntil(fill().then(() => worker.skipWaiting()));
});

worker.addEventListener("activate", (event) => {
  const clear = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name !== NAME).map((name) => caches.delete(name)));
    await worker.clients.claim();
  };
  event.waitUntil(clear());
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (KEPT.some((start) => pathname.startsWith(start))) event.respondWith(kept(request));
  else if (request.mode === "navigate") event.respondWith(fresh(request));
});

/** @param {Request} request */
async function kept(request) {
  const cache = await caches.open(NAME);
  const found = await cache.match(request);
  if (found) return found;
  const response = await fetch(request);
  if (response.status === 200) await cache.put(request, response.clone());
  return response;
}

/** @param {Request} request */
async function fresh(request) {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match(OFFLINE)) ?? Response.error();
  }
}
