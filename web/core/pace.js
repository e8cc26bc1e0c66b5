/** A pace that is kept while the page is not in front: browsers slow the timers of pages, not of workers. */

/** Do something every so many milliseconds, for as long as the page lives; by the page's own timer where no worker comes. */
export function keepPace(pause, run) {
  let timer = null;
  const byItself = () => (timer ??= setInterval(run, pause));
  try {
    const worker = new Worker("/web/core/pace-worker.js");
    worker.onmessage = () => run();
    worker.onerror = byItself; // its file did not come
    worker.postMessage(pause);
  } catch {
    byItself();
  }
}
