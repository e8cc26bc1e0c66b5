/** The communes of the area, once, to say where a place is before its address is told. */

import { get } from "core/api.js";
import { phone } from "./state.js";

const NEAR_KM = 15;
const KM_PER_DEGREE = 111.195;
let asked = false;

/** The nearest commune that is known; asks for them the first time. */
export function nearest(lat, lon) {
  if (!asked) ask();
  let best = null;
  for (const each of phone.communes ?? []) {
    const east = (each.lon - lon) * Math.cos((lat * Math.PI) / 180);
    const km = Math.hypot(each.lat - lat, east) * KM_PER_DEGREE;
    if (km < (best?.km ?? NEAR_KM)) best = { km, name: each.name };
  }
  return best;
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
