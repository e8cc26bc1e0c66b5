/** The post that this browser is: registered once, kept until somebody closes it, then registered anew. */

import { Refused, post, useDevice } from "core/api.js";
import { t } from "core/i18n.js";

const KEY = "rescousse.device.regulation";
const LONGEST_NAME = 100;

/** @returns {{id: string, person: string, name: string} | null} */
function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEY));
  } catch {
    return null;
  }
}

function keep(device) {
  localStorage.setItem(KEY, JSON.stringify(device));
  useDevice(device.id);
  return device;
}

/** How a post is called before somebody names it: by who is on it. A page is not told the machine's own name. */
const firstName = (me) => t("device.name", { person: me.name }).slice(0, LONGEST_NAME);

/** The post of this browser for this person, `{id, name}`; two tabs are one post. Raises what a call raises. */
export function findDevice(me) {
  return navigator.locks.request(KEY, async () => {
    const known = kept();
    if (known?.id && known.person === me.id) return keep(known);
    return register(me, firstName(me));
  });
}

/** Another post in the place of one that was closed; `closed` is its id. Another tab may have done it. */
export function replaceDevice(me, closed) {
  return navigator.locks.request(KEY, async () => {
    const known = kept();
    if (known?.id && known.person === me.id && known.id !== closed) return keep(known);
    return register(me, known?.name ?? firstName(me));
  });
}

/** Give the post another name. What it regulates goes with it, without a gap. Raises what a call raises. */
export function renameDevice(me, device, name) {
  return navigator.locks.request(KEY, () => register(me, name, device.id));
}

async function register(me, name, replaces = null) {
  const given = { kind: "PLUGIN", name, ...(replaces ? { replaces } : {}) };
  const made = await post("/v1/devices", given);
  return keep({ id: made.id, person: me.id, name: made.name });
}

/** Whether an error says that the post is closed, or was never ours. */
export const isClosed = (error) => error instanceof Refused && error.code === "device_closed";
