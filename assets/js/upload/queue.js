/** Lets the page answer clicks and draw before going on: long work is cut into slices between which this waits. */
export function yieldToPage() {
  if (globalThis.scheduler?.yield) return globalThis.scheduler.yield();
  return new Promise((resolve) => {
    setTimeout(resolve);
  });
}

/** Runs `work` for each of `things`, at most `lanes` at a time. */
export async function runInLanes(lanes, things, work) {
  const iterator = things[Symbol.iterator]();
  const lane = async () => {
    for (let next = iterator.next(); !next.done; next = iterator.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
