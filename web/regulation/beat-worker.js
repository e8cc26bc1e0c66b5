/** A clock that keeps its pace in a page that is not in front: browsers slow the timers of pages, not of workers. */

const EVERY_MS = 1000;

setInterval(() => postMessage(null), EVERY_MS);
