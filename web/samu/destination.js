/** Where the patient is taken, as the SAMU tells it at the bilan. */

import { chooseFacility } from "parts/facilities.js";
import { complain } from "parts/toasts.js";
import { setDestination } from "./actions.js";
import { during, tried } from "./deciding.js";
import { state } from "./state.js";

/** Ask for the facility and send it. */
export async function destinationDialog(demand) {
  const facilities = await state.readFacilities().catch((error) => (complain(error), null));
  if (!facilities) return;
  const chosen = await chooseFacility(facilities, demand.pickup, demand.destination?.facility_id);
  if (chosen) await tried(during(demand.id, () => setDestination(demand.id, chosen)), "destination.done");
}
