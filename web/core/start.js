/** How a face begins: who is here, may they see this page, what are its words, on which clock. */

import { get, post } from "core/api.js";
import { load } from "core/i18n.js";
import { LoggedOut, current, forget, onChange } from "core/session.js";
import { useZone } from "core/time.js";

export const HOMES = {
  SAMU: "/samu",
  COORDINATOR: "/samu",
  ADMIN: "/samu",
  REGULATOR: "/regulation",
  CREW: "/mobile",
};

/**
 * Prepare a face for its roles, then say who is here. Whoever is not logged in goes to the login page and comes back;
 * whoever belongs elsewhere goes to their own page.
 */
export async function start(face, roles) {
  const session = current();
  if (!session) return leave();
  if (!roles.includes(session.me.role)) return go(HOMES[session.me.role]);
  await load("core", "problems", face);
  useZone(session.me.timezone);
  onChange(() => current()?.me.id !== session.me.id && location.reload());
  return session.me;
}

/** What the platform tells every page: where the map's ground comes from, the key for notifications. */
export const settings = async () => (await fetch("/v1/client-settings")).json();

/** Go to the login page, and come back here afterwards. Never returns. */
export function leave() {
  const here = location.pathname;
  return go(here === "/login" ? here : `/login#${here}`);
}

let leaving = false;

/** Once: whatever else learns meanwhile that nobody is here any more would break the way off and begin it again. */
function go(address) {
  if (!leaving) location.replace(address);
  leaving = true;
  return new Promise(() => {});
}

/**
 * Log out: the server closes the login with its devices, so that nothing is sent here any more. Raises Refused when
 * something is open that the person must confirm (`confirm`).
 */
export async function logOut({ confirm = false } = {}) {
  try {
    await post(`/v1/logout${confirm ? "?confirm=true" : ""}`, undefined);
  } catch (error) {
    if (!(error instanceof LoggedOut)) throw error;
  }
  forget();
  return leave();
}

/** Ask again who is here: a role may have changed. */
export const me = () => get("/v1/me");
