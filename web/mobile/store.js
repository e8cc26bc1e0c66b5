/**
 * What the phone keeps itself, so that a tunnel or a reload costs nothing: the steps that are not sent yet, in their
 * order; the running mission; the positions that wait. Never anything of a patient: neither who, nor why.
 */

import { openDB } from "idb";

const NAME = "rescousse";
const VERSION = 1;
const MOST_FIXES = 500;
/** A store that does not open in this time is none: the page must not wait for it. */
const OPENS_MS = 3000;

/** What is kept of a mission: named one by one, so that whatever the API adds stays out of the phone's store. */
const OF_A_MISSION = [
  "id", "demand_id", "reference", "company_id", "vehicle_id", "volume", "max_delay_minutes", "assigned_at",
  "promised_at",
  "deadline", "step", "expected_step", "alarm", "ended_at", "pickup", "exercise", "destination",
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
  opened ??= Promise.race([openNow(), tooLong()]).catch(onlyMemory);
  return opened;
}

const openNow = () =>
  openDB(NAME, VERSION, {
    upgrade(database) {
      const inOrder = { keyPath: "order", autoIncrement: true };
      for (const name of ["steps", "fixes"]) database.createObjectStore(name, inOrder);
      database.createObjectStore("notes");
    },
    blocking: (_current, _blocked, event) => {
      event.target.close();
      opened = null;
    },
    terminated: () => (opened = null),
  });

const tooLong = () => new Promise((_, fail) => setTimeout(() => fail(new Error("the store does not open")), OPENS_MS));

function onlyMemory() {
  lasting = false;
  return new Memory();
}

/** Use the store; one that was lost meanwhile is opened once more, then there is memory only. */
async function use(action) {
  try {
    return await action(await base());
  } catch {
    opened = null;
  }
  try {
    return await action(await base());
  } catch {
    opened = Promise.resolve(onlyMemory());
    return action(await opened);
  }
}

/** The steps that wait, were taken, or were refused, oldest first. */
export const steps = {
  all: () => use((kept) => kept.getAll("steps")),
  /** Keep one; it gets its place (`order`). */
  add: async (step) => ({ ...step, order: await use((kept) => kept.put("steps", step)) }),
  change: (step) => use((kept) => kept.put("steps", step)),
  drop: (order) => use((kept) => kept.delete("steps", order)),
};

/** The latest positions of a person that nobody took yet. */
export const fixes = {
  of: async (person) => (await use((kept) => kept.getAll("fixes"))).filter((each) => each.person === person),
  add: (fix) =>
    use(async (kept) => {
      await kept.put("fixes", fix);
      const over = (await kept.count("fixes")) - MOST_FIXES;
      const oldest = over > 0 ? (await kept.getAll("fixes")).slice(0, over) : [];
      for (const { order } of oldest) await kept.delete("fixes", order);
    }),
  drop: (sent) =>
    use(async (kept) => {
      for (const { order } of sent) await kept.delete("fixes", order);
    }),
};

/** Short notes by name: `mission` (without its patient), `aboard`. */
export const notes = {
  read: (name) => use((kept) => kept.get("notes", name)),
  write: (name, value) =>
    use((kept) => (value == null ? kept.delete("notes", name) : kept.put("notes", value, name))),
};

/** Only what may lie on the phone. */
export function keepable(mission) {
  const only = (names, of) => Object.fromEntries(names.map((name) => [name, of[name] ?? null]));
  return { ...only(OF_A_MISSION, mission), steps: (mission.steps ?? []).map((one) => only(OF_A_STEP, one)) };
}

/**
 * Nothing of this person stays; steps that were never sent go too: whoever calls has asked before. What waits of
 * somebody else is theirs.
 */
export async function wipe(person) {
  await use(async (kept) => {
    for (const name of ["steps", "fixes"]) {
      const own = (await kept.getAll(name)).filter((each) => each.person === person);
      for (const { order } of own) await kept.delete(name, order);
    }
  });
  await forgetNotes();
}

/** Where somebody was sent, and in which vehicle they were, is here no more. */
export const forgetNotes = () => use((kept) => kept.clear("notes"));
