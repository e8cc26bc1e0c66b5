/**
 * What the phone keeps itself, so that a tunnel or a reload costs nothing: the steps that are not sent yet, in their
 * order; the running mission; the positions that wait. Never anything of a patient.
 */

import { openDB } from "idb";

const NAME = "rescousse";
const VERSION = 1;
const MOST_FIXES = 500;

/** What is kept of a mission: named one by one, so that whatever the API adds stays out of the phone's store. */
const OF_A_MISSION = [
  "id", "demand_id", "reference", "company_id", "vehicle_id", "volume", "max_delay_minutes", "assigned_at",
  "promised_at",
  "deadline", "step", "expected_step", "alarm", "ended_at", "pickup", "motive", "instructions", "exercise",
  "destination",
  "samu_phone", "delivered_at", "opened_at",
];
const OF_A_STEP = ["step_id", "step", "occurred_at", "recorded_at"];

/** Without a store (a private window, a full disk) everything still works until the page is closed. */
class Memory {
  #kept = { steps: new Map(), fixes: new Map(), notes: new Map() };
  #count = 0;

  getAll = async (name) => [...this.#kept[name].values()];
  get = async (name, key) => this.#kept[name].get(key);
  delete = async (name, key) => void this.#kept[name].delete(key);
  clear = async (name) => this.#kept[name].clear();
  count = async (name) => this.#kept[name].size;

  put = async (name, value, key = value.order ?? (this.#count += 1)) => {
    this.#kept[name].set(key, name === "notes" ? value : { ...value, order: key });
    return key;
  };
}

let opened = null;
/** Whether what is kept outlives the page. */
export let lasting = true;

function base() {
  opened ??= openDB(NAME, VERSION, {
    upgrade(database) {
      const inOrder = { keyPath: "order", autoIncrement: true };
      for (const name of ["steps", "fixes"]) database.createObjectStore(name, inOrder);
      database.createObjectStore("notes");
    },
    blocking: (_current, _blocked, event) => event.target.close(),
  }).catch(() => {
    lasting = false;
    return new Memory();
  });
  return opened;
}

/** The steps that wait or were refused, oldest first. */
export const steps = {
  all: async () => (await base()).getAll("steps"),
  /** Keep one; it gets its place (`order`). */
  add: async (step) => ({ ...step, order: await (await base()).put("steps", step) }),
  change: async (step) => (await base()).put("steps", step),
  drop: async (order) => (await base()).delete("steps", order),
};

/** The latest positions that nobody took yet. */
export const fixes = {
  all: async () => (await base()).getAll("fixes"),
  async add(fix) {
    const kept = await base();
    await kept.put("fixes", fix);
    const over = (await kept.count("fixes")) - MOST_FIXES;
    if (over > 0) await fixes.drop((await kept.getAll("fixes")).slice(0, over));
  },
  async drop(sent) {
    const kept = await base();
    for (const fix of sent) await kept.delete("fixes", fix.order);
  },
  clear: async () => (await base()).clear("fixes"),
};

/** Short notes by name: `mission` (without its patient), `aboard`. */
export const notes = {
  read: async (name) => (await base()).get("notes", name),
  async write(name, value) {
    const kept = await base();
    if (value == null) await kept.delete("notes", name);
    else await kept.put("notes", value, name);
  },
};

/** Only what may lie on the phone. */
export function keepable(mission) {
  const only = (names, of) => Object.fromEntries(names.map((name) => [name, of[name] ?? null]));
  return { ...only(OF_A_MISSION, mission), steps: (mission.steps ?? []).map((one) => only(OF_A_STEP, one)) };
}

/** Nothing of this person stays; steps that were never sent go too: whoever calls has asked before. */
export async function wipe() {
  const kept = await base();
  for (const name of ["steps", "fixes", "notes"]) await kept.clear(name);
}
