// Looks at chosen files, and draws some, away from the page's own thread: `{ files: [{ key, path, file }] }` is answered by
// `{ found: [{ key, … }] }`, as `look` tells it, and `{ draw: file }` by `{ drawn }`, as `draw` does, one after the other.
// What is found here is advice; the judge decides. What is drawn here is for the page, and goes nowhere else.
import { draw } from "./preflight/drawing/draw.js";
import { look } from "./preflight/look.js";
import { Twins } from "./preflight/twins.js";
import { runInLanes } from "./upload/queue.js";

const LANES = 4;
const ANSWERS_AT_ONCE = 50;

let twins = new Twins();
let found = [];
let before = Promise.resolve();

self.addEventListener("message", ({ data: { files = [], startAfresh, draw: file } }) => {
  if (startAfresh) twins = new Twins();
  // A picture is drawn behind the look at all that was chosen before.
  before = before.then(() => (file ? drawOne(file) : lookAt(files)));
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
  self.postMessage({ found });
  found = [];
}

/** What cannot be decoded, or read any longer, is not drawn; whether it is any good is not for a picture to say. */
async function drawOne(file) {
  const drawn = await draw(file).catch(() => ({ none: "later" }));
  self.postMessage({ drawn }, drawn.bitmap ? [drawn.bitmap] : []);
}

/** The browser can no longer read the file: it was changed, moved or removed since it was chosen. */
function unreadable(error) {
  if (error instanceof DOMException) return { code: "unreadable" };
  throw error;
}
