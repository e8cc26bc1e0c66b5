/** The screen stays on while a mission runs or this phone regulates; how full the battery is, if the browser tells. */

import { phone } from "./state.js";

const LOW = 0.2;
let lock = null;
let asking = false;

export function openScreen() {
  phone.addEventListener("change", hold);
  document.addEventListener("visibilitychange", hold);
  navigator.getBattery?.().then(watchBattery, () => {});
}

async function hold() {
  const wanted = !document.hidden && (phone.sheet !== null || phone.held.size > 0 || phone.asks.length > 0);
  if (!("wakeLock" in navigator)) return note("unsupported");
  if (!wanted && lock) return lock.release();
  if (!wanted || lock || asking) return;
  asking = true;
  try {
    lock = await navigator.wakeLock.request("screen");
    lock.addEventListener("release", () => ((lock = null), note("off")));
    note("on");
  } catch {
    note("refused"); // mostly the battery saver
  } finally {
    asking = false;
  }
}

function note(screen) {
  if (phone.health.screen !== screen) phone.set({ health: { ...phone.health, screen } });
}

function watchBattery(battery) {
  const told = () => {
    const low = battery.level <= LOW && !battery.charging;
    const known = { percent: Math.round(battery.level * 100), charging: battery.charging, low };
    phone.set({ health: { ...phone.health, battery: known } });
  };
  for (const kind of ["levelchange", "chargingchange"]) battery.addEventListener(kind, told);
  told();
}
