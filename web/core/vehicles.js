/** Which of a company's vehicles could be sent. */

/** Whether it is free, not kept for the guard, and large enough (rule 4: an ASSU serves where an AMBULANCE is asked). */
export const couldGo = (vehicle, volume) =>
  !vehicle.mission_id && !vehicle.on_guard && (volume === "AMBULANCE" || vehicle.volume === "ASSU");
