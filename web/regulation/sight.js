/** What of a card is in sight: on the screen, and on its map. */

import { placeName } from "./words.js";

/** Whether an element is what is drawn at its place: on the screen, and under nothing. */
export function isInSight(element) {
  const { left, top, width, height } = element.getBoundingClientRect();
  const there = document.elementFromPoint(left + width / 2, top + height / 2);
  return there !== null && element.contains(there);
}

/** The marks on the map of a card: the place, and what is asked of us around it. */
export function pinsOf(desk, card) {
  const { lat, lon } = card.terms.pickup;
  const mine = card.rows.flatMap((each) => {
    const vehicle = desk.vehicle(each.vehicle_id);
    const site = desk.site(each.site_id);
    const at = vehicle?.position ?? site;
    const name = vehicle?.name ?? site?.name;
    return at ? [{ id: each.id, lat: at.lat, lon: at.lon, mark: vehicle ? "▸" : "⌂", name, state: "blue" }] : [];
  });
  return [{ id: card.id, lat, lon, mark: "!", name: placeName(desk, card.terms.pickup), state: "place" }, ...mine];
}
