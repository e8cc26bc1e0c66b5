/** Notifications while the page is not in front: the browser's subscription, told to the platform for this device. */

import { put, remove } from "core/api.js";
import { settings } from "core/start.js";
import { phone } from "./state.js";

/** "on", "off", "denied", "unsupported", "unconfigured", "failed", "unknown". */
const note = (push) => phone.set({ push });
let key = null;

/** Look where things stand; whoever allowed it before is subscribed again, for this device. */
export async function openPush() {
  key = (await settings().catch(() => null))?.push_key ?? null;
  const able = "serviceWorker" in navigator && "PushManager" in globalThis && "Notification" in globalThis;
  if (!able) return note("unsupported");
  if (!key) return note("unconfigured");
  if (Notification.permission === "denied") return note("denied");
  if (Notification.permission !== "granted") return note("off");
  await subscribe();
}

/** From a button: ask the person, then the browser, then tell the platform. */
export async function enablePush() {
  const told = await Notification.requestPermission();
  if (told === "granted") await subscribe();
  else note(told === "denied" ? "denied" : "off");
}

async function subscribe() {
  try {
    const registration = await navigator.serviceWorker.ready;
    const how = { userVisibleOnly: true, applicationServerKey: bytes(key) };
    const subscription = (await current(registration)) ?? (await registration.pushManager.subscribe(how));
    const { endpoint, expirationTime = null, keys } = subscription.toJSON();
    await put(`/v1/devices/${phone.deviceId}/push-subscription`, { endpoint, expirationTime, keys });
    note("on");
  } catch {
    note("failed");
  }
}

/** The subscription that is there, if it was made for the platform's key. */
async function current(registration) {
  const found = await registration.pushManager.getSubscription();
  if (!found) return null;
  const made = new Uint8Array(found.options.applicationServerKey ?? []);
  if (String(made) === String(bytes(key))) return found;
  await found.unsubscribe();
  return null;
}

export async function disablePush() {
  const registration = await navigator.serviceWorker.ready;
  await (await registration.pushManager.getSubscription())?.unsubscribe();
  await remove(`/v1/devices/${phone.deviceId}/push-subscription`).catch(() => {});
  note("off");
}

function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
}
