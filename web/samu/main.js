/** The SAMU's console: what runs on the left, what is looked at on the right. */

import { start } from "core/start.js";

const me = await start("samu", ["SAMU", "COORDINATOR", "ADMIN"]);
const { state } = await import("./state.js");
state.open(me);
await import("./page.js");
