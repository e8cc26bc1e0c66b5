/** This browser as a device of the platform: registered once, heard of every five seconds, told when it is closed. */

import { LoggedOut } from "core/session.js";
import { Refused, post, useDevice, useEpochs } from "core/api.js";
import { keepPace } from "core/pace.js";
import { Stream } from "core/stream.js";
import { t } from "core/i18n.js";
import { phone } from "./state.js";
import { notes } from "./store.js";

const ID = "rescousse.device.mobile";
const OF = "rescousse.device.mobile.of";
const BEAT_MS = 5000;
const BEAT_PATIENCE_MS = 8000;
const GONE = new Set(["device_closed", "not_found", "device_required"]);
/** A stream that was closed while the platform still hears us is not asked for in one go. */
const LISTEN_AGAIN_MS = 3000;
let beating = false;
let listening = null;
let closedAt = 0;

/** The device that was registered here for this person; null when there is none. */
export function remembered() {
  return localStorage.getItem(OF) === phone.me.id ? localStorage.getItem(ID) : null;
}

export function forgetDevice() {
  localStorage.removeItem(ID);
  localStorage.removeItem(OF);
}

/** Be a device: the one of before if it is still good, else a new one. Waits as long as nobody answers. */
export async function beDevice() {
  phone.deviceId = remembered();
  if (phone.deviceId) useDevice(phone.deviceId);
  keepPace(BEAT_MS, beat);
  await beat();
  if (phone.deviceId) listen();
}

async function register() {
  const name = t("device.name", { name: phone.me.name }).slice(0, 100);
  const told = await post("/v1/devices", { kind: "MOBILE", name });
  localStorage.setItem(ID, told.id);
  localStorage.setItem(OF, phone.me.id);
  useDevice(told.id);
  phone.set({ deviceId: told.id });
  phone.dispatchEvent(new Event("device"));
  listen();
}

/** One heartbeat: keeps what is regulated, tells what will be received. Never raises. */
export async function beat() {
  if (beating || phone.loggedOut) return;
  beating = true;
  const { turn } = phone;
  const sentAt = Date.now();
  try {
    if (!phone.deviceId) await register();
    const readiness = await post("/v1/regulation/heartbeat", {}, {
      patience: 0,
      signal: AbortSignal.timeout(BEAT_PATIENCE_MS),
    });
    if (turn === phone.turn) heard(readiness, sentAt);
  } catch (error) {
    await silent(error);
  } finally {
    beating = false;
    phone.change(); // how long ago the last answer was is part of what is shown
  }
  if (turn !== phone.turn) beat();
}

function heard(readiness, sentAt) {
  useEpochs(Object.fromEntries(readiness.leases.map((each) => [each.site_id, each.epoch])));
  const wasAway = phone.away;
  const before = phone.aboard;
  phone.set({ readiness, beatAt: sentAt, aboard: aboardOf(readiness.aboard) });
  if (before?.vehicle_id !== phone.aboard?.vehicle_id || before?.mission_id !== phone.aboard?.mission_id) {
    phone.dispatchEvent(new Event("moved"));
    notes.write("aboard", phone.aboard && { person: phone.me.id, aboard: phone.aboard });
  }
  if (before && !phone.aboard) phone.dispatchEvent(new Event("put out"));
  if (wasAway) phone.dispatchEvent(new Event("back"));
  phone.dispatchEvent(new Event("heard"));
  if (!listening && phone.deviceId && Date.now() - closedAt > LISTEN_AGAIN_MS) listen();
}

/** What a heartbeat says of the vehicle, with the names that were given when getting in. */
function aboardOf(told) {
  if (!told) return null;
  const same = phone.aboard?.vehicle_id === told.vehicle_id;
  return { ...told, members: same ? (phone.aboard.members ?? null) : null };
}

async function silent(error) {
  if (error instanceof LoggedOut) {
    phone.set({ loggedOut: true });
    return;
  }
  if (!(error instanceof Refused) || !GONE.has(error.code) || !phone.deviceId) return;
  forgetDevice(); // it was closed: this login may still be good, then it gets another one
  phone.set({ deviceId: null, aboard: null });
  await notes.write("aboard", null);
  await register().catch((again) => again instanceof LoggedOut && phone.set({ loggedOut: true }));
}

/** Listen to the facts that this device may see. */
function listen() {
  listening?.close();
  const stream = new Stream(phone.deviceId);
  listening = stream;
  streams("away");
  stream.addEventListener("fact", (event) => phone.dispatchEvent(new CustomEvent("fact", { detail: event.detail })));
  stream.addEventListener("again", () => phone.dispatchEvent(new Event("back")));
  stream.addEventListener("state", (event) => listening === stream && streams(event.detail));
  stream.addEventListener("closed", () => listening === stream && closed());
  stream.open();
}

function streams(state) {
  phone.set({ stream: state, awaySince: state === "live" ? 0 : phone.awaySince || Date.now() });
}

/** A heartbeat finds out whether the device or the whole login has ended; if neither has, it is listened to again. */
function closed() {
  listening = null;
  closedAt = Date.now();
  streams("away");
  beat();
}

/** Somebody looks at the page: it may have slept, and its connection with it. */
export function lookAgain() {
  listening?.look();
  turned();
}

/** An action changed what a heartbeat tells: answers that were on their way before are not believed. */
export function turned() {
  phone.turn += 1;
  beat();
}
