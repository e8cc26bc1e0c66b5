/** Who is logged in on this device: tokens, renewed in time, shared by all tabs of one browser. */

const KEY = "rescousse.session";
const RENEW_BEFORE_MS = 60_000;
const TOKEN_TIMEOUT_MS = 15_000;

/** Raised when nobody is logged in, or no longer. */
export class LoggedOut extends Error {}

/** @returns {{access: string, refresh: string, until: number, me: object} | null} */
export function current() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY));
    return kept?.me?.role ? kept : null;
  } catch {
    return null;
  }
}

/** Log a person in. Raises the problem document's sentence for a wrong password, or too many of them. */
export async function logIn(username, password) {
  const tokens = await ask({ grant_type: "password", username, password });
  const me = await whoAmI(tokens.access_token);
  keep(tokens, me);
  return me;
}

/** An access token that is still valid for a while. Raises LoggedOut. */
export async function accessToken() {
  const session = current();
  if (!session) throw new LoggedOut();
  if (session.until - Date.now() > RENEW_BEFORE_MS) return session.access;
  return renew(session.access);
}

/**
 * A new access token instead of one that was refused or is about to end. A refresh token is used once: only one tab at a
 * time may use it, and whoever waited takes what the other one got.
 */
export async function renew(refused) {
  return navigator.locks.request("rescousse.renew", async () => {
    const session = current();
    if (!session) throw new LoggedOut();
    if (session.access !== refused) return session.access;
    try {
      keep(await ask({ grant_type: "refresh_token", refresh_token: session.refresh }), session.me);
    } catch (error) {
      if (error.status === 401) {
        forget();
        throw new LoggedOut();
      }
      if (session.until > Date.now()) return session.access; // the network is away: it is still good
      throw error;
    }
    return current().access;
  });
}

/** Forget everybody on this device; what must be told to the server was told before. */
export function forget() {
  localStorage.removeItem(KEY);
}

/** Call when another tab logs in or out. */
export function onChange(listener) {
  addEventListener("storage", (event) => event.key === KEY && listener());
}

function keep(tokens, me) {
  const until = Date.now() + tokens.expires_in * 1000;
  localStorage.setItem(KEY, JSON.stringify({ access: tokens.access_token, refresh: tokens.refresh_token, until, me }));
}

async function ask(fields) {
  const response = await fetch("/v1/token", {
    method: "POST",
    body: new URLSearchParams(fields),
    signal: AbortSignal.timeout(TOKEN_TIMEOUT_MS),
  });
  return answerOf(response);
}

async function answerOf(response) {
  const told = await response.json().catch(() => ({}));
  if (response.ok) return told;
  throw Object.assign(new Error(told.detail ?? String(response.status)), { status: response.status, code: told.code, problem: told });
}

async function whoAmI(token) {
  const headers = { Authorization: `Bearer ${token}` };
  const response = await fetch("/v1/me", { headers, signal: AbortSignal.timeout(TOKEN_TIMEOUT_MS) });
  return answerOf(response);
}
