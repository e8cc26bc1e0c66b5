/** What a map stands on: the style or the tiles of the settings, or plain ground. Nothing else outside is ever called. */

import { settings } from "core/start.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
const colours = () =>
  isDark()
    ? { ground: "#16283a", text: "#e6eef6", halo: "#16283a", dot: "#7e92a5" }
    : { ground: "#e9eef3", text: "#22384d", halo: "#ffffff", dot: "#6b7a89" };

let asked = null;

/** The style of a new map, and the colours of what is written on it. */
export async function ground() {
  asked ??= settings().catch(() => ({}));
  const told = await asked;
  const ink = colours();
  if (told.map_style_url) return { style: told.map_style_url, ink };
  return { style: told.map_tiles_url ? tiles(told) : plain(ink), ink };
}

function plain(ink) {
  return {
    version: 8,
    sources: {},
    layers: [{ id: "ground", type: "background", paint: { "background-color": ink.ground } }],
  };
}

function tiles(told) {
  return {
    version: 8,
    sources: {
      tiles: { type: "raster", tiles: [told.map_tiles_url], tileSize: 256, attribution: told.map_attribution ?? "" },
    },
    layers: [{ id: "tiles", type: "raster", source: "tiles" }],
  };
}
