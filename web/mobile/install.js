/** The page as an application: its service worker, a new edition that waits to be wanted, its installation. */

import { soon } from "./outbox.js";
import { phone } from "./state.js";

const LOOK_EVERY_MS = 15 * 60_000;
let wanted = false;

export async function openInstall() {
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    phone.set({ install: event });
  });
  addEventListener("appinstalled", () => phone.set({ install: null }));
  navigator.storage?.persist?.().catch(() => {}); // steps that wait should not be cleared away
  if (!("serviceWorker" in navigator)) return;
  navigator.serviceWorker.addEventListener("message", ({ data }) => {
    if (data?.kind === "flush") soon();
    if (data?.kind === "look") phone.dispatchEvent(new Event("look")); // somebody tapped a notification
  });
  navigator.serviceWorker.addEventListener("controllerchange", () => wanted && location.reload());
  const registration = await navigator.serviceWorker.register("/mobile/sw.js", { scope: "/mobile" }).catch(() => null);
  if (!registration) return;
  watch(registration);
  setInterval(() => navigator.onLine && registration.update().catch(() => {}), LOOK_EVERY_MS);
}

/** Another edition is there, and waits: nothing is reloaded before somebody says so. */
function watch(registration) {
  const look = (worker) => {
    if (worker?.state === "installed" && navigator.serviceWorker.controller) phone.set({ update: worker });
  };
  look(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const worker = registration.installing;
    worker?.addEventListener("statechange", () => look(worker));
  });
}

export function applyUpdate() {
  wanted = true;
  phone.update?.postMessage({ kind: "take over" });
}

export async function install() {
  await phone.install?.prompt();
  phone.set({ install: null });
}
