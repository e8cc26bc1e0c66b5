/** Calls of the public API, as any client makes them: with a token, a device, a key that makes them repeatable. */

import { LoggedOut, accessToken, renew } from "core/session.js";

const TIMEOUT_MS = 15_000;
const PATIENCE_MS = 20_000;
const READ_PATIENCE_MS = 8_000;
/** An answer that took longer says nothing about the server's clock. */
const TOO_SLOW_MS = 1_000;
const NO_ANSWER = new Set([502, 503, 504]);

/** What the API refused, as its problem document says it: `code` is stable, `message` is a sentence for a person. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || String(status));
    this.status = status;
    this.code = problem.code || "unknown";
    this.problem = problem;
  }
}

/** Nobody answered: the network or the platform is away. What was sent may or may not have arrived. */
export class Unreachable extends Error {}

const SERVER_FAILED = 500;

/** Nobody said what became of what was sent: it may have been done all the same. */
export const unanswered = (error) =>
  error instanceof Unreachable || error.status >= SERVER_FAILED || error.code === "idempotency_in_progress";

let deviceId = null;
const epochs = new Map();
const CLOCK_KEY = "rescousse.clock";
let clockOffset = Number(localStorage.getItem(CLOCK_KEY)) || 0;

/** From now on every call says that it comes from this device. */
export function useDevice(id) {
  deviceId = id;
}

/** The fencing tokens of the sites that this device regulates: `{site_id: epoch}`. */
export function useEpochs(held) {
  epochs.clear();
  for (const [site, epoch] of Object.entries(held)) epochs.set(site, epoch);
}

/** What the server's clock says now, as far as this page knows: countdowns run by it. */
export function serverNow() {
  return Date.now() + clockOffset;
}

export const get = (path, options) => call("GET", path, undefined, options);
export const post = (path, body = {}, options) => call("POST", path, body, options);
export const put = (path, body = {}, options) => call("PUT", path, body, options);
export const patch = (path, body, options) => call("PATCH", path, body, options);
export const remove = (path, options) => call("DELETE", path, undefined, options);

/**
 * One call, repeated while nobody answers, so that a tunnel or a restarting server costs a moment; a writing one under the
 * same key, so that nothing happens twice. `patience` (ms) is how long, 0 for not at all.
 *
 * Raises Refused, Unreachable or LoggedOut.
 */
export async function call(method, path, body, { patience, key = uuid(), site, signal } = {}) {
  const until = performance.now() + (patience ?? (method === "GET" ? READ_PATIENCE_MS : PATIENCE_MS));
  for (let pause = 300; ; pause = Math.min(pause * 2, 3000)) {
    try {
      return await once(method, path, body, { key, site, signal });
    } catch (error) {
      const again = error instanceof Unreachable || (error instanceof Refused && isBusy(error, method));
      if (!again || signal?.aborted || performance.now() + pause > until) throw error;
      await new Promise((wake) => setTimeout(wake, pause));
    }
  }
}

function isBusy(error, method) {
  if (method === "GET" && error.status === 429) return true;
  return NO_ANSWER.has(error.status) || error.code === "idempotency_in_progress";
}

async function once(method, path, body, { key, site, signal }) {
  let token = await reached(accessToken());
  for (let attempt = 0; ; attempt += 1) {
    const response = await send(method, path, body, { token, key, site, signal });
    if (response.status === 401 && attempt === 0) {
      token = await reached(renew(token));
      continue;
    }
    const told = response.status === 204 ? null : await response.json().catch(() => ({}));
    if (response.ok) return told;
    if (response.status === 401) throw new LoggedOut();
    throw new Refused(response.status, told ?? {});
  }
}

/** A token that cannot be renewed now is a platform that cannot be reached now. */
async function reached(token) {
  try {
    return await token;
  } catch (error) {
    throw error instanceof LoggedOut ? error : new Unreachable(String(error));
  }
}

async function send(method, path, body, { token, key, site, signal }) {
  const headers = { Authorization: `Bearer ${token}` };
  if (deviceId) headers["X-Device-Id"] = deviceId;
  if (method === "POST") headers["Idempotency-Key"] = key;
  if (site && epochs.has(site)) headers["X-Lease-Epoch"] = String(epochs.get(site));
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  const began = Date.now();
  try {
    const response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    learnClock(response, began);
    return response;
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Unreachable(String(error));
  }
}

/** The `Date` header has seconds only: it corrects a clock that is plainly wrong, and leaves a good one alone. */
function learnClock(response, began) {
  const told = Date.parse(response.headers.get("Date") ?? "");
  if (Date.now() - began > TOO_SLOW_MS) return;
  const offset = told + 500 - (began + Date.now()) / 2;
  if (!Number.isFinite(offset)) return;
  const before = clockOffset;
  if (Math.abs(offset) < 1000) clockOffset = 0;
  else if (Math.abs(offset) > 2000 && Math.abs(offset - before) > 1000) clockOffset = Math.round(offset);
  if (clockOffset !== before) localStorage.setItem(CLOCK_KEY, String(clockOffset)); // known without network, too
}

/** All items of a list that comes in pages. */
export async function all(path) {
  const found = [];
  for (let cursor = null; ; ) {
    const joint = path.includes("?") ? "&" : "?";
    const page = await get(cursor ? `${path}${joint}cursor=${encodeURIComponent(cursor)}` : path);
    found.push(...page.items);
    cursor = page.next_cursor;
    if (!cursor || !page.items.length) return found;
  }
}

/** A random identifier; also where the page is not served securely. */
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
