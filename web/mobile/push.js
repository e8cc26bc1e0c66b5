/** Notifications while the page is not in front: the browser's subscription, told to the platform for this device. */

import { put, remove } from "core/api.js";
import { settings } from "core/start.js";
import { phone } from "./state.js";

const OFF_KEY = "rescousse.mobile.push.off";
const TOLD_FOR_MS = 5 * 60_000;
/** "on", "off", "denied", "unsupported", "unconfigured", "failed", "unknown". */
const note = (push) => phone.push !== push && phone.set({ push });
let key = null;
let told = { device: null, at: 0 };
let opening = null;

/** Look where things stand; whoever allowed it before is subscribed again, for this device. Never raises. */
export function openPush() {
  opening ??= look()
    .catch(() => note("failed"))
    .finally(() => (opening = null));
  return opening;
}

async function look() {
  const able = "serviceWorker" in navigator && "PushManager" in globalThis && "Notification" in globalThis;
  if (!able) return note("unsupported");
  if (!key) {
    const found = await settings().catch(() => null);
    if (!found) return; // nobody answers: it is looked at again when somebody does
    key = found.push_key ?? null;
  }
  if (!key) return note("unconfigured");
  if (Notification.permission === "denied") return note("denied");
  if (Notification.permission !== "granted" || localStorage.getItem(OFF_KEY)) return note("off");
  const known = phone.push === "on" && told.device === phone.deviceId && Date.now() - told.at < TOLD_FOR_MS;
  if (!known) await subscribe();
}

/** From a button: ask the person, then the browser, then tell the platform. */
export async function enablePush() {
  localStorage.removeItem(OFF_KEY);
  const answer = await Notification.requestPermission();
  if (answer === "granted") await subscribe();
  else note(answer === "denied" ? "denied" : "off");
}

async function subscribe() {
  const device = phone.deviceId;
  if (!device) return; // once there is one
  try {
    const registration = await navigator.serviceWorker.ready;
    const how = { userVisibleOnly: true, applicationServerKey: bytes(key) };
    const subscription = (await current(registration)) ?? (await registration.pushManager.subscribe(how));
    const { endpoint, expirationTime = null, keys } = subscription.toJSON();
    await put(`/v1/devices/${device}/push-subscription`, { endpoint, expirationTime, keys });
    told = { device, at: Date.now() };
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

/** Off until somebody wants it again: also when the page is opened anew. */
export async function disablePush() {
  localStorage.setItem(OFF_KEY, "yes");
  const registration = await navigator.serviceWorker.ready;
  await (await registration.pushManager.getSubscription())?.unsubscribe();
  if (phone.deviceId) await remove(`/v1/devices/${phone.deviceId}/push-subscription`).catch(() => {});
  note("off");
}

function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
}
