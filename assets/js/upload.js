// The upload page: chosen files are looked at, go straight to S3, and get their verdicts on the receipt beneath.
import { gettext } from "./language.js";
import { Contents } from "./upload/contents.js";
import { Entries, UNDER_WAY } from "./upload/entries.js";
import { SessionEndedError } from "./upload/errors.js";
import { ExamCards } from "./upload/exam-cards.js";
import { Facts } from "./upload/facts.js";
import { findUnsent } from "./upload/resume.js";
import { Hasher } from "./upload/hashing.js";
import { Memory } from "./upload/memory.js";
import { network } from "./upload/network.js";
import { FilesPanel } from "./upload/panel.js";
import { Portal } from "./upload/portal.js";
import { Preflight } from "./upload/preflight.js";
import { readDrop, readInput, takeDropped } from "./upload/reading.js";
import { Receipt } from "./upload/receipt.js";
import { Review } from "./upload/review.js";
import { StatusMessage } from "./upload/status-message.js";
import { Speed } from "./upload/speed.js";
import { Uploader } from "./upload/uploader.js";
import { Verdicts } from "./upload/verdicts.js";
import { counted, number } from "./upload/words.js";

const DRAW_AFTER = 100;
const part = (id) => document.getElementById(id);
const form = part("intake");
const { user, csrf, hashWorker, preflightWorker } = form.dataset;

const entries = new Entries(drawSoon);
const portal = new Portal(csrf);
const hasher = new Hasher(hashWorker);
const preflight = new Preflight(preflightWorker, entries);
const memory = new Memory(user);
const verdicts = new Verdicts({ portal, entries });
const facts = new Facts(form);
const receipt = new Receipt(part("receipt"), tellVerdict);
const review = new Review(part("findings"), part("finding-group"), entries);
const contents = new Contents(part("cd-missing"), part("cd-whole"), entries);
const examCards = new ExamCards({
  section: part("exams"),
  templates: { exam: part("exam-group"), card: part("exam-card") },
  entries,
  preflight,
});
const status = new StatusMessage(part("said"));
const speed = new Speed();
const uploader = new Uploader({
  entries,
  portal,
  hasher,
  on: {
    facts: () => facts.read(),
    begun,
    moved: (bytes) => speed.add(bytes),
    sent: (entry) => {
      memory.sent(entry.fileId);
      verdicts.follow(uploader.uploadId);
    },
    sessionEnded,
    idle,
  },
});
const panel = new FilesPanel({ entries, uploader, speed, status, onAct: (act, entry) => ACTS[act](entry) });
let unfinished = null;
let due = 0;
let tick = 0;

const ACTS = {
  pause: (entry) => uploader.pause(entry),
  resume: (entry) => uploader.send([entry]),
  cancel: (entry) => uploader.cancel([entry]),
  retry: (entry) => uploader.send([entry]),
  remove: (entry) => entries.remove(new Set([entry])),
};

const BUTTONS = {
  send,
  skip: () => preflight.skip(),
  pause: () => uploader.pauseAll(),
  resume,
  retry: () => uploader.send(entries.in("failed")),
  cancel: () => uploader.cancelAll(),
  clear,
  again: startAfresh,
  more: () => fold(false),
  forget: () => {
    memory.forget();
    location.assign("/upload");
  },
};

for (const [id, act] of Object.entries(BUTTONS)) part(id).addEventListener("click", act);
for (const button of document.querySelectorAll("[data-choose]")) {
  button.addEventListener("click", () => part(`choose-${button.dataset.choose}`).click());
}
for (const input of document.querySelectorAll("#drop input[type=file]")) {
  input.addEventListener("change", () => take(readInput(input)));
}
part("groups").addEventListener("change", drawSoon);
part("expected").addEventListener("input", drawSoon);
network.addEventListener("change", drawSoon);
form.addEventListener("submit", (event) => event.preventDefault());
tendDrops();

globalThis.addEventListener("beforeunload", (event) => {
  if (entries.open > 0) event.preventDefault();
});

part("no-script").hidden = true;
if (globalThis.isSecureContext) {
  form.hidden = false;
  await goOn();
} else {
  part("intake-trouble").textContent =
    gettext("Open this page over https: your browser can check files on secure pages only.");
}

/** Takes in chosen files slice by slice: those of an unfinished upload go on, all others are looked at first. */
async function take(slices, unreadable = []) {
  const place = part("reading");
  let count = 0;
  let known = 0;
  for await (const slice of slices) {
    count += slice.length;
    place.textContent = gettext("Reading: {files} so far …", { files: counted(count, "file") });
    const fresh = unfinished ? await withoutUnfinished(slice) : slice;
    known += slice.length - fresh.length;
    preflight.ask(fresh.map(({ path, file }) => entries.add({ path, file, size: file.size, state: "checking" })));
  }
  entries.sort();
  const parts = [gettext("{files} added.", { files: counted(count, "file") })];
  if (known > 0) parts.push(gettext("{count} of them belong to the unfinished upload.", { count: number(known) }));
  if (unreadable.length > 0) {
    const names = `${unreadable.slice(0, 5).join(", ")}${unreadable.length > 5 ? " …" : ""}`;
    parts.push(gettext("Not readable: {names}.", { names }));
  }
  place.textContent = parts.join(" ");
}

async function withoutUnfinished(slice) {
  const fresh = [];
  const matched = [];
  for (const chosen of slice) {
    const match = await unfinished.match(chosen);
    if (!match) fresh.push(chosen);
    else if (match.entry) matched.push(Object.assign(match.entry, { file: chosen.file }));
  }
  uploader.send(matched);
  return fresh;
}

function tendDrops() {
  const zone = part("drop");
  const mark = (over) => zone.classList.toggle("drop--over", over);
  for (const event of ["dragenter", "dragover"]) {
    document.addEventListener(event, (drag) => {
      if (!drag.dataTransfer?.types.includes("Files")) return;
      // Wherever files are dropped on this page, the browser must not open them in its place.
      drag.preventDefault();
      mark(true);
    });
  }
  document.addEventListener("dragleave", (drag) => drag.relatedTarget === null && mark(false));
  document.addEventListener("drop", (drop) => {
    drop.preventDefault();
    mark(false);
    const unreadable = [];
    take(readDrop(takeDropped(drop.dataTransfer), unreadable), unreadable);
  });
}

/** What is chosen again afterwards is no twin of what was removed. */
function clear() {
  entries.remove(new Set(entries.in("ready", "checking", "leftOut")));
  preflight.startAfresh();
}

function send() {
  if (!facts.valid()) {
    form.elements.expected.focus();
    return;
  }
  entries.remove(new Set(entries.in("leftOut")));
  uploader.send(entries.in("ready"));
  memory.chosen((unfinished?.arrived ?? 0) + entries.underWay.files);
  facts.lock(true);
  fold(true);
}

/** Puts the form away while an upload runs: what counts then is how far it has come, and what became of it. */
function fold(folded) {
  form.classList.toggle("intake--folded", folded);
  part("more").hidden = !folded;
}

async function resume() {
  try {
    await uploader.resumeAll();
    panel.sessionEnded = false;
  } catch (error) {
    if (!(error instanceof SessionEndedError)) throw error;
    sessionEnded();
  }
}

function begun(uploadId) {
  if (memory.upload?.uploadId !== uploadId) {
    memory.begin(uploadId, entries.underWay.files, entries.in("sent").map((entry) => entry.fileId));
    history.replaceState(null, "", "/upload");
  }
  receipt.show(uploadId);
}

function sessionEnded() {
  panel.sessionEnded = true;
  drawSoon();
}

function idle() {
  if (!uploader.uploadId || entries.open > 0 || entries.count("failed", "needed") > 0) return;
  memory.forget();
  unfinished = null;
  if (entries.count("sent") > 0) status.show(gettext("All files are sent, and are being checked."));
  // A reload then shows the receipt.
  history.replaceState(null, "", `/uploads/${uploader.uploadId}`);
}

function tellVerdict(line) {
  if (!uploader.uploadId || entries.open > 0 || entries.count("failed") > 0) return;
  // Whoever came to add files has read the receipt, and looks for where they are chosen.
  if (entries.count("sent") === 0) return;
  status.show(line);
  receipt.bringForward();
}

/** Offers to go on with the upload that this browser remembers; the one that the address names takes more files. */
async function goOn() {
  const named = new URLSearchParams(location.search).get("continue");
  const uploadId = named ?? memory.upload?.uploadId;
  const found = uploadId && (await findUnsent(uploadId, { portal, entries, memory, hasher }));
  if (!found) {
    if (named) join(named);
    else memory.forget();
    return;
  }
  unfinished = found.unfinished;
  if (memory.upload?.uploadId !== uploadId) memory.begin(uploadId, found.announced, []);
  join(uploadId);
  part("unfinished-text").textContent = found.text;
  part("unfinished").hidden = false;
}

/** Has what is sent from now on join an upload, whose facts stay as they were announced. */
function join(uploadId) {
  uploader.join(uploadId);
  facts.lock(true);
  receipt.show(uploadId);
}

/** Clears the page for another upload; the receipt of the last one stays beneath until that begins. */
function startAfresh() {
  entries.remove(new Set(entries.all));
  uploader.join();
  preflight.startAfresh();
  memory.forget();
  facts.clear();
  fold(false);
  verdicts.startAfresh();
  speed.reset();
  unfinished = null;
  part("reading").textContent = "";
  history.replaceState(null, "", "/upload");
}

function drawSoon() {
  due ||= setTimeout(draw, DRAW_AFTER);
}

function draw() {
  due = 0;
  review.draw();
  panel.draw();
  const chosen = entries.count("checking") === 0 && entries.images("ready", ...UNDER_WAY);
  part("expected-compared").textContent = chosen ? facts.compared(chosen) : "";
  contents.draw();
  examCards.draw();
  if (entries.all.length > 0 && entries.count("needed") === 0) part("unfinished").hidden = true;
  // What has no event of its own, such as the speed, is drawn again while something is going on.
  // Who has an upload running is there, as far as the end of an idle session goes.
  if (entries.count("sending") > 0) document.dispatchEvent(new Event("scalper:active"));
  clearTimeout(tick);
  if (entries.count("sending", "checking") > 0) tick = setTimeout(drawSoon, 1000 - DRAW_AFTER);
}
