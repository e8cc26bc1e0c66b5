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
/** A phone's clock may be wrong by as much: what ended before is told silently. */
const LATE_MS = 10 * 60_000;
/** What stays on the screen until somebody has looked: the phone must act, or is asked nothing any more. */
const URGENT = new Set(["solicitation", "mission", "cancelled", "regulation_suspended"]);
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

/**
 * What the platform pushes: {kind, tag, title, body, url, at, until}, perhaps with blanks after it. The same tag
 * replaces, and calls again; "over" takes it away; a kind that is not known is told like any other.
 */
async function tell(data) {
  const { kind, tag, title = "Rescousse", body = "", url = PAGE, at, until } = read(data);
  const name = tag || "rescousse";
  const late = until && Date.parse(until) + LATE_MS < Date.now();
  if (kind === "over" || late) return silence(name, title, body);
  const urgent = URGENT.has(kind);
  await self.registration.showNotification(title, {
    body, tag: name, data: { url }, icon: ICON, badge: BADGE, renotify: true, requireInteraction: urgent,
    timestamp: Date.parse(at) || Date.now(), vibrate: urgent ? [400, 150, 400, 150, 400] : [200], lang: "fr",
  });
}

/** What cannot be read is told as well: something was meant for somebody. */
function read(data) {
  try {
    return JSON.parse(data.text().trim()) ?? {};
  } catch {
    return {};
  }
}

/** Take a notification away. Browsers punish a push that shows nothing: where nothing is, the end is told silently. */
async function silence(tag, title, body) {
  const there = await self.registration.getNotifications({ tag });
  for (const each of there) each.close();
  if (there.length) return;
  const how = { body, tag, silent: true, data: { url: PAGE }, icon: ICON, badge: BADGE, lang: "fr" };
  await self.registration.showNotification(title, how);
}

/** To the page that is open, which looks at once what is there, or open it. */
async function open(notification) {
  notification.close();
  const url = new URL(notification.data?.url ?? PAGE, self.location.origin);
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find((each) => new URL(each.url).pathname === PAGE);
  page?.postMessage({ kind: "look" });
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
