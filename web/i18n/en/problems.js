/** In English the API's own sentences are shown, save those that only software understands. */
export default {
  "PROBLEM.confirmation_required":
    "Still here: {open_solicitations} to answer, {running_missions} on a mission, {open_guard_shifts} guard open.",
  "PROBLEM.device_required": "This device is not registered: reload the page.",
};
