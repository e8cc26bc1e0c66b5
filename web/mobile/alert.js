/**
 * What calls for somebody: the ring in the page, the page itself (to its top, out of the menu), and a notification by
 * this page when it is not in front and the platform may push none.
 */

import { t } from "core/i18n.js";
import { sounds } from "core/sound.js";
import { phone } from "./state.js";

const RINGS = ["solicitation", "alarm"];
const TAG = "rescousse-page";
let shown = "";

export function openAlert() {
  phone.addEventListener("change", () => {
    ring();
    comeForward();
  });
}

/** A solicitation rings until it is answered, a mission until it was opened, what was taken away until it was seen. */
function ring() {
  const wanted = phone.ended ? ["alarm"] : phone.ringing.length || phone.unopened ? ["solicitation"] : [];
  const now = sounds.ringing.filter((kind) => RINGS.includes(kind));
  if (String(wanted) !== String(now)) sounds.ring(wanted);
}

/** Something new comes before whatever was looked at; once for each. */
function comeForward() {
  const refused = phone.refused.map((each) => each.id);
  const asked = phone.ringing.map((each) => each.id);
  const matters = [phone.ended?.id, ...asked, phone.unopened ? phone.sheet.id : null, ...refused];
  const now = matters.filter(Boolean).join(" ");
  if (now === shown) return;
  const known = new Set(shown.split(" "));
  const isNew = now.split(" ").some((id) => id && !known.has(id));
  shown = now;
  if (!now) return takeAway();
  if (!isNew) return;
  scrollTo(0, 0);
  if (phone.menu || phone.choosing) phone.set({ menu: false, choosing: false });
  if (document.hidden && phone.push !== "on") tell();
}

async function tell() {
  if (globalThis.Notification?.permission !== "granted") return;
  const worker = await navigator.serviceWorker?.getRegistration("/mobile");
  const words = phone.ended ? "mission.taken" : phone.ringing.length ? "ask.open" : "mission.new";
  const how = { tag: TAG, renotify: true, requireInteraction: true, data: { url: "/mobile" } };
  await worker?.showNotification(t(words), how);
}

async function takeAway() {
  const worker = await navigator.serviceWorker?.getRegistration("/mobile");
  for (const each of (await worker?.getNotifications({ tag: TAG })) ?? []) each.close();
}
