// Service worker: the page opens without a line to the desk. From the cache at once, refreshed behind its back.

const CACHE = "liandong-terminal-1";
const SHELL = [
  "/", "/terminal.js", "/link.js", "/store.js", "/terminal.css", "/terminal.svg", "/terminal.webmanifest", "/texts/zh_CN.json", "/texts/en.json",
];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(SHELL)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys().then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)))).then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin || !SHELL.includes(url.pathname)) return;
  event.respondWith(
    caches.open(CACHE).then(async (cache) => {
      const known = await cache.match(url.pathname);
      const fresh = fetch(event.request).then((answer) => {
        if (answer.ok) cache.put(url.pathname, answer.clone());
        return answer;
      });
      if (!known) return fresh;
      event.waitUntil(fresh.catch(() => {}));
      return known;
    }),
  );
});
