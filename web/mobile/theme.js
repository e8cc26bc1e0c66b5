/** Dark from 20:00 to 7:00 on the SAMU's clock, unless somebody chose otherwise on this phone. */

import { clock } from "core/time.js";

const KEY = "rescousse.mobile.theme";
export const THEMES = ["AUTO", "LIGHT", "DARK"];
const COLOURS = { light: "#f4f6f8", dark: "#0b1520" };
const LOOK_EVERY_MS = 30_000;

export const theme = () => (THEMES.includes(localStorage.getItem(KEY)) ? localStorage.getItem(KEY) : "AUTO");

export function chooseTheme(name) {
  localStorage.setItem(KEY, name);
  apply();
}

/** Begin, and change with the hour. */
export function openTheme() {
  apply();
  setInterval(apply, LOOK_EVERY_MS);
}

function apply() {
  const hour = Number(clock(Date.now()).slice(0, 2));
  const night = hour >= 20 || hour < 7;
  const dark = theme() === "DARK" || (theme() === "AUTO" && night);
  const now = dark ? "dark" : "light";
  if (document.documentElement.dataset.theme === now) return;
  document.documentElement.dataset.theme = now;
  document.querySelector("meta[name=theme-color]")?.setAttribute("content", COLOURS[now]);
  dispatchEvent(new Event("themechange"));
}
