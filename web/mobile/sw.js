/**
 * The phone's service worker: opens the page without network, and tells what is pushed. It keeps the page and its
 * files, nothing that anybody was told: whatever comes from the API is neither kept nor looked at. `{edition}` is
 * filled in by the server; another edition is another worker, which waits until somebody wants it.
 */

const EDITION = "{edition}";
const CACHE = `rescousse-${EDITION}`;
const PAGE = "/mobile";
const SHELL = "/mobile/shell.json";
const FILES = "/web/";
const LASTING = "/web/vendor/";
const PATIENCE_MS = 2500;
const AT_ONCE = 6;
const ICON = "/web/icons/icon-192.png";
const BADGE = "/web/icons/badge-96.png";

self.addEventListener("install", (event) => event.waitUntil(keepShell()));
self.addEventListener("activate", (event) => event.waitUntil(forgetOthers()));
self.addEventListener("fetch", (event) => answer(event));
self.addEventListener("message", (event) => event.data?.kind === "take over" && self.skipWaiting());
self.addEventListener("push", (event) => event.waitUntil(tell(event.data)));
self.addEventListener("notificationclick", (event) => event.waitUntil(open(event.notification)));
self.addEventListener("sync", (event) => event.tag === "steps" && event.waitUntil(sendSteps()));

/** Everything or nothing: an edition with a missing file would not open. */
async function keepShell() {
  const { files } = await (await fetch(SHELL, { cache: "no-cache" })).json();
  const cache = await caches.open(CACHE);
  const left = [...files];
  const keepOne = async () => {
    for (let file = left.shift(); file; file = left.shift()) await keep(cache, file);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, keepOne));
}

/** A file whose address names its version is taken from the edition before. */
async function keep(cache, file) {
  const known = file.startsWith(LASTING) ? await caches.match(file) : null;
  const response = known ?? (await fetch(file, { cache: "no-cache" }));
  if (!response.ok) throw new Error(`${file}: ${response.status}`);
  await cache.put(file, response);
}

async function forgetOthers() {
  const others = (await caches.keys()).filter((name) => name.startsWith("rescousse-") && name !== CACHE);
  await Promise.all(others.map((name) => caches.delete(name)));
  await self.clients.claim();
}

function answer(event) {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate" && url.pathname === PAGE) event.respondWith(fromNetwork(request, PAGE));
  else if (url.pathname.startsWith(FILES)) event.respondWith(fromCache(request, url.pathname));
}

/** The files of one edition belong together, and are here: a slow network costs nothing. */
async function fromCache(request, name) {
  return (await (await caches.open(CACHE)).match(name)) ?? fetch(request);
}

/** As the platform has it now; if it does not answer in a moment, as it was kept. */
async function fromNetwork(request, name) {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), PATIENCE_MS);
  try {
    const response = await fetch(request, { signal: limit.signal });
    if (response.ok || response.status < 500) return response;
    return (await (await caches.open(CACHE)).match(name)) ?? response;
  } catch (error) {
    const kept = await (await caches.open(CACHE)).match(name);
    if (kept) return kept;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** What the platform pushes: {kind, tag, title, body, url, at, until}. The same tag replaces; "over" takes it away. */
async function tell(data) {
  const told = data?.json() ?? {};
  const { kind, tag = "rescousse", title = "Rescousse", body = "", url = PAGE, at, until } = told;
  const late = until && Date.parse(until) < Date.now();
  if (kind === "over" || late) return silence(tag, title, body);
  const urgent = kind === "solicitation" || kind === "mission" || kind === "cancelled";
  await self.registration.showNotification(title, {
    body, tag, data: { url }, icon: ICON, badge: BADGE, renotify: true, requireInteraction: urgent,
    timestamp: at ? Date.parse(at) : Date.now(), vibrate: urgent ? [400, 150, 400, 150, 400] : [200], lang: "fr",
  });
}

/**
 * Take a notification away. A browser wants something to be shown for each push: when nothing else is there, a silent
 * word is shown under the same tag and taken away at once.
 */
async function silence(tag, title, body) {
  const there = await self.registration.getNotifications({ tag });
  const how = { body, tag, silent: true, icon: ICON, badge: BADGE };
  if (!there.length) await self.registration.showNotification(title, how);
  for (const each of await self.registration.getNotifications({ tag })) each.close();
}

/** To the page that is open, or open it. */
async function open(notification) {
  notification.close();
  const url = new URL(notification.data?.url ?? PAGE, self.location.origin);
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find((each) => new URL(each.url).pathname === PAGE);
  if (page) return page.focus();
  return self.clients.openWindow(url.origin === self.location.origin ? url.href : PAGE);
}

/** The network is back: the open page sends its steps. Without one, somebody is asked to open it: they are theirs. */
async function sendSteps() {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const open = pages.filter((each) => new URL(each.url).pathname === PAGE);
  for (const page of open) page.postMessage({ kind: "flush" });
  if (open.length || self.Notification?.permission !== "granted") return;
  await self.registration.showNotification("Étapes à envoyer", {
    body: "Le réseau est revenu : ouvrez Rescousse pour envoyer vos étapes.",
    tag: "steps", data: { url: PAGE }, icon: ICON, badge: BADGE, lang: "fr",
  });
}
