// Looks at chosen files away from the page's own thread: [{ key, path, file }] in, [{ key, … }] out, as `look` tells it.
// What is found here is advice; the judge decides.
import { look } from "./preflight/look.js";
import { Twins } from "./preflight/twins.js";
import { runInLanes } from "./upload/queue.js";

const LANES = 4;
const ANSWERS_AT_ONCE = 50;

let twins = new Twins();
let found = [];
let before = Promise.resolve();

self.addEventListener("message", ({ data: { files, startAfresh } }) => {
  if (startAfresh) twins = new Twins();
  before = before.then(() => lookAt(files));
});

async function lookAt(files) {
  await runInLanes(LANES, files, async (one) => {
    const seen = await look(one, twins).catch(unreadable);
    found.push({ key: one.key, ...seen });
    if (found.length >= ANSWERS_AT_ONCE) answer();
  });
  answer();
}

function answer() {
  self.postMessage(found);
  found = [];
}

/** The browser can no longer read the file: it was changed, moved or removed since it was chosen. */
function unreadable(error) {
  if (error instanceof DOMException) return { code: "unreadable" };
  throw error;
}
