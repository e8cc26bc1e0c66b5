/**
 * The map: pins, a route, communes, coverage. It draws what it is given and says what is touched.
 *
 * `pins` [{id, lat, lon, mark, name, state, title}]: a state is a colour, and `mark` its sign; one that is
 * `aside` moves no view. `route`: a GeoJSON line.
 * `communes` [{name, lat, lon, population}]. `cells`: GeoJSON polygons with `minutes`. `view`: when this word changes, the
 * map moves to show all pins and the route, and `around` [{lat, lon}] if it is given. Events: `pick` {lat, lon} for a touch of the ground, `pin` {id}.
 */

import { LngLatBounds, Map, NavigationControl, ScaleControl, Marker, setWorkerUrl } from "maplibre-gl";
import { Part, html, t } from "core/part.js";
import { ground } from "core/ground.js";

const WORKER = new URL("./maplibre-gl-worker.mjs", import.meta.resolve("maplibre-gl"));
const FRANCE = [-4.8, 42.3, 8.2, 51.1];
const EMPTY = { type: "FeatureCollection", features: [] };
const MINUTES = ["coalesce", ["get", "minutes"], 999];
/** From near to far, told apart without colours too: the darker, the further. */
const REACH = ["step", MINUTES, "#c7e9c0", 10.5, "#a1d99b", 20.5, "#fdd49e", 30.5, "#fc8d59", 45.5, "#d7301f", 60.5, "#7f0000"];
const calm = matchMedia("(prefers-reduced-motion: reduce)");

setWorkerUrl(WORKER.href);

class PageMap extends Part {
  static properties = {
    pins: { attribute: false },
    route: { attribute: false },
    communes: { attribute: false },
    cells: { attribute: false },
    around: { attribute: false },
    view: {},
    picking: { type: Boolean },
    label: {},
    broken: { state: true },
  };

  #map = null;
  #ink = null;
  #markers = new globalThis.Map();

  constructor() {
    super();
    this.pins = [];
  }

  render() {
    return html`<div class="ground" role="region" aria-label=${this.label ?? t("map.label")}></div>
      ${this.broken ? html`<p class="no-map">${t("map.no_webgl")}</p>` : ""}`;
  }

  async firstUpdated() {
    const { style, ink } = await ground();
    if (!this.isConnected) return;
    this.#ink = ink;
    try {
      this.#map = new Map({
        container: this.querySelector(".ground"),
        style,
        bounds: this.#extent() ?? FRANCE,
        fitBoundsOptions: { padding: 48, maxZoom: 13 },
        attributionControl: { compact: true },
        dragRotate: false,
        pitchWithRotate: false,
        fadeDuration: 0,
      });
    } catch {
      this.setAttribute("data-drawn", "none");
      this.broken = true; // no WebGL: every list beside the map says the same
      return;
    }
    this.#map.touchZoomRotate.disableRotation();
    this.#map.addControl(new NavigationControl({ showCompass: false }));
    this.#map.addControl(new ScaleControl());
    this.#map.on("click", (event) => this.say("pick", { lat: event.lngLat.lat, lon: event.lngLat.lng }));
    this.#map.once("load", () => this.#loaded());
    const size = new ResizeObserver(() => this.#map?.resize());
    size.observe(this);
    this.atTheEnd(() => (size.disconnect(), this.#map?.remove(), (this.#map = null)));
    this.#pin();
  }

  updated(changed) {
    if (!this.#map) return;
    if (changed.has("pins")) this.#pin();
    if (changed.has("picking")) this.#map.getCanvas().classList.toggle("picking", this.picking);
    if (this.drawn) this.#draw(changed);
    if (changed.has("view")) this.show();
  }

  /** Move so that all pins and the route are seen. */
  show() {
    this.#map?.resize(); // the page may have been laid out anew for this very view
    const extent = this.#extent();
    if (extent) this.#map?.fitBounds(extent, { padding: 64, maxZoom: 13, animate: !calm.matches, duration: 400 });
  }

  /** Whether everything is drawn: for whoever waits for it. */
  drawn = false;

  #loaded() {
    for (const name of ["cells", "route", "communes"]) this.#map.addSource(name, { type: "geojson", data: EMPTY });
    this.#map.addLayer({ id: "cells", type: "fill", source: "cells", paint: { "fill-color": REACH, "fill-opacity": 0.55 } });
    this.#map.addLayer({
      id: "route", type: "line", source: "route", layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": "#0b57a4", "line-width": 5 },
    });
    this.#map.addLayer({
      id: "communes", type: "circle", source: "communes",
      paint: { "circle-radius": ["interpolate", ["linear"], ["get", "population"], 200, 2, 50000, 7], "circle-color": this.#ink.dot },
    });
    this.#map.addLayer({
      id: "names", type: "symbol", source: "communes",
      layout: {
        "text-field": ["get", "name"], "text-size": 13, "text-anchor": "top", "text-offset": [0, 0.5],
        "symbol-sort-key": ["-", 0, ["get", "population"]],
      },
      paint: { "text-color": this.#ink.text, "text-halo-color": this.#ink.halo, "text-halo-width": 1.5 },
    });
    this.drawn = true;
    this.#draw(new globalThis.Map([["route"], ["cells"], ["communes"]]));
    this.setAttribute("data-drawn", "");
  }

  #draw(changed) {
    if (changed.has("route")) this.#give("route", this.route && { type: "Feature", properties: {}, geometry: this.route });
    if (changed.has("cells")) this.#give("cells", this.cells);
    if (changed.has("communes")) this.#give("communes", this.communes && { type: "FeatureCollection", features: this.communes.map(asPoint) });
  }

  #give(name, data) {
    this.#map.getSource(name).setData(data ?? EMPTY);
  }

  /** Pins stay where they are while the data comes and goes: only what changed is touched. */
  #pin() {
    const wanted = new globalThis.Map(this.pins.map((pin) => [pin.id, pin]));
    for (const [id, marker] of this.#markers) {
      if (wanted.has(id)) continue;
      marker.remove();
      this.#markers.delete(id);
    }
    for (const [id, pin] of wanted) {
      let marker = this.#markers.get(id);
      if (!marker) {
        const element = document.createElement("button");
        element.addEventListener("click", (event) => (event.stopPropagation(), this.say("pin", { id })));
        marker = new Marker({ element, anchor: "bottom" }).setLngLat([pin.lon, pin.lat]).addTo(this.#map);
        this.#markers.set(id, marker);
      }
      marker.setLngLat([pin.lon, pin.lat]);
      dress(marker.getElement(), pin);
    }
  }

  #extent() {
    const seen = [...this.pins.filter((pin) => !pin.aside), ...(this.around ?? [])].map((point) => [point.lon, point.lat]);
    const points = [...seen, ...(this.route?.coordinates ?? [])];
    if (!points.length) return null;
    return points.reduce((box, point) => box.extend(point), new LngLatBounds(points[0], points[0]));
  }
}

function asPoint({ name, population, lat, lon }) {
  return { type: "Feature", properties: { name, population }, geometry: { type: "Point", coordinates: [lon, lat] } };
}

function dress(element, pin) {
  const told = JSON.stringify([pin.mark, pin.name, pin.state, pin.title]);
  if (element.dataset.told === told) return;
  element.dataset.told = told;
  element.classList.remove("place", "green", "amber", "red", "blue", "grey");
  element.classList.add("pin", pin.state ?? "grey");
  element.title = pin.title ?? pin.name ?? "";
  const part = (className, text, seen = true) =>
    Object.assign(document.createElement("span"), { className, textContent: text, ariaHidden: seen ? "true" : null });
  const name = pin.name ? [part("name", pin.name)] : [];
  element.replaceChildren(part("mark", pin.mark ?? ""), ...name, part("visually-hidden", element.title, false));
}

customElements.define("r-map", PageMap);
