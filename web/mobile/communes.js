/** The communes of the area, once, to say where a place is before its address is told. */

import { get } from "core/api.js";
import { nearest } from "core/places.js";
import { phone } from "./state.js";

const NEAR_KM = 15;
let asked = false;

/** The nearest commune that is known, if it is near; asks for them the first time. */
export function communeNear(place) {
  if (!asked) ask();
  const found = nearest(place, phone.communes ?? []);
  return found && found.km < NEAR_KM ? found : null;
}

async function ask() {
  asked = true;
  try {
    const { items } = await get("/v1/communes?area=true&least_population=0");
    phone.set({ communes: items });
  } catch (error) {
    asked = error.status === 404 || error.status === 422; // a platform that has no communes is not asked again
  }
}
