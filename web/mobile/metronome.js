/** Nothing but time: a tick every five seconds, also while the page is not in front. */

setInterval(() => postMessage(null), 5000);
