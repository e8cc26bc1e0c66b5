/** When the page is not in front: title and icon blink, and the desktop is told. */

const BLINK_MS = 900;
const ICON = "/web/icons/icon.svg";
const CALLING = "/web/icons/icon-calling.svg";
let timer = null;
let title = document.title;

/** Blink with this text until it is called with nothing, or somebody looks at the page. */
export function call(text) {
  if (text && !document.hidden && document.hasFocus()) text = null;
  if (!text) return stop();
  if (timer === null) title = document.title;
  clearInterval(timer);
  let on = false;
  const blink = () => {
    on = !on;
    document.title = on ? text : title;
    icon(on ? CALLING : ICON);
  };
  blink();
  timer = setInterval(blink, BLINK_MS);
}

function stop() {
  if (timer === null) return;
  clearInterval(timer);
  timer = null;
  document.title = title;
  icon(ICON);
}

function icon(address) {
  document.querySelector("link[rel=icon]")?.setAttribute("href", address);
}

addEventListener("focus", stop);

/** Whether the desktop may be told: "granted", "denied", "default", or "unsupported". */
export const permission = () => ("Notification" in globalThis ? Notification.permission : "unsupported");

/** Ask whether the desktop may be told; from a click. */
export const askPermission = () => ("Notification" in globalThis ? Notification.requestPermission() : "unsupported");

/** Tell the desktop, if it may be told and the page is not in front; the same `tag` replaces what it said before. */
export function notify(tag, text, body) {
  if (permission() !== "granted" || (!document.hidden && document.hasFocus())) return null;
  try {
    const told = new Notification(text, { body, tag, icon: ICON, requireInteraction: true });
    told.onclick = () => {
      focus();
      told.close();
    };
    return told;
  } catch {
    return null; // a phone's browser lets only its service worker do that
  }
}
