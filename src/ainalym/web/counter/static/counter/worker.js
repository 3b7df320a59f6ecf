// Keeps the counter's pages and their files, so that they open without a network. It never answers
// for what is sent: the queue on the page does that.

const KEPT = "ainalym-counter-1";
const PATIENCE_MS = 5000;
const FILES = ["counter.js", "check.js", "ids.js", "send.js", "store.js", "weights.js", "words.js", "pickup.js"]
  .map((name) => `/static/counter/${name}`)
  .concat(["paper", "cardboard", "plastic", "glass", "metal"].map((name) => `/static/counter/${name}.svg`))
  .concat(["/static/counter/counter.css", "/static/ainalym/site.css", "/static/ainalym/mark.svg"]);

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const clean = caches.keys().then((names) =>
    Promise.all(names.filter((name) => name.startsWith("ainalym-counter-") && name !== KEPT).map((name) => caches.delete(name))));
  event.waitUntil(clean.then(() => self.clients.claim()).then(keepOpenPages));
});

// The page that brought us was loaded before us: keep it too.
async function keepOpenPages() {
  const kept = await caches.open(KEPT);
  for (const client of await self.clients.matchAll({ type: "window" })) {
    const { pathname } = new URL(client.url);
    if (!isPage(pathname)) continue;
    const answer = await fetch(pathname).catch(() => null);
    if (answer && answer.ok && !answer.redirected) await kept.put(pathname, answer);
  }
}

const isPage = (path) => /^\/counter\/[^/]+\/(day|pickup)?$/.test(path);

async function networkFirst(request) {
  const kept = await caches.open(KEPT);
  const { pathname } = new URL(request.url);
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    const ours = isPage(pathname) || pathname.startsWith("/static/");
    if (answer.ok && answer.type === "basic" && ours) await kept.put(pathname, answer.clone());
    return answer;
  } catch (error) {
    const found = (await kept.match(pathname)) || null;
    if (found) return found;
    throw error;
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  const page = request.mode === "navigate" && isPage(pathname);
  if (page || pathname.startsWith("/static/")) event.respondWith(networkFirst(request));
});
