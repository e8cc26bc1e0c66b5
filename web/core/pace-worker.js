/** Nothing but time: told a pause in milliseconds, it ticks. */

onmessage = ({ data }) => setInterval(() => postMessage(null), data);
