// A study's page: the study, one series or the ticked files as one ZIP, which the browser packs from storage itself.
import { gettext } from "./language.js";
import { Listing, renewSession } from "./retrieval/listing.js";
import { Packing } from "./retrieval/packing.js";
import { Panel } from "./retrieval/panel.js";
import { chooseTarget } from "./retrieval/saving.js";
import { SessionEndedError } from "./upload/errors.js";
import { counted, size } from "./upload/words.js";

const place = document.querySelector("#retrieval");
// Whoever came by a link may be signed in besides, and their browser's requests then carry that session's token.
if (place?.dataset.csrf) document.body.dataset.csrf = place.dataset.csrf;
if (place) offer(place, new Panel(place));

function offer(where, panel) {
  const buttons = [...document.querySelectorAll("[data-retrieve]")];
  const ticks = [...document.querySelectorAll('input[name="file"]')];
  let running = null;

  const ticked = () => ticks.filter((tick) => tick.checked).map((tick) => tick.value);
  const tend = () => {
    for (const button of buttons) button.disabled = running !== null || wantsNothing(button);
  };
  const wantsNothing = (button) => button.dataset.retrieve === "ticked" && ticked().length === 0;

  for (const button of buttons) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      running = new AbortController();
      tend();
      try {
        await retrieve(where, panel, describe(button, ticked()), running);
      } finally {
        running = null;
        tend();
      }
    });
  }
  for (const tick of document.querySelectorAll("[data-selection] input")) tick.addEventListener("change", tend);
  tend();
  addEventListener("beforeunload", (event) => {
    if (running) event.preventDefault();
  });
}

/** What a button takes out: `{ what, wanted, name }`. */
function describe({ dataset }, files) {
  // What a modality is called is its sender's word.
  const name = dataset.name.replace(/[^\w.-]+/g, "-");
  if (dataset.retrieve === "ticked") return { what: counted(files.length, "file"), wanted: { files }, name };
  const wanted = dataset.series ? { series: dataset.series } : {};
  return { what: dataset.series ? gettext("the series") : gettext("the study"), wanted, name };
}

async function retrieve(where, panel, { what, wanted, name }, controller) {
  const target = await chooseTarget(name);
  if (!target) return;
  const { signal } = controller;
  const cancel = () => controller.abort();
  panel.begin(what, cancel);
  try {
    const listing = new Listing(where.dataset.address, { ...wanted, ...lettingIn(where) });
    await listing.read(signal, (files, of) => panel.found(files, of));
    if (listing.bytes > target.largest) throw new TooLargeError(listing.bytes, target.largest);
    panel.start(listing.files.length, listing.bytes);
    const packing = new Packing(listing, watch(panel, cancel, signal), signal);
    await target.write(packing.stream, signal);
    signal.throwIfAborted();
    if (packing.missing.length) panel.incomplete(name, packing.missing);
    else panel.complete(name, listing.leftOut.length);
  } catch (error) {
    controller.abort();
    await target.discard();
    if (error.name === "AbortError") panel.failed(gettext("Download cancelled"), gettext("Nothing was kept."));
    else panel.failed(gettext("Nothing was downloaded"), error.message);
  }
}

/** What lets in whoever came by a link and has no session. */
function lettingIn({ dataset }) {
  return dataset.pass ? { pass_: dataset.pass } : {};
}

/** What a packing tells, shown on the panel. */
function watch(panel, cancel, signal) {
  return {
    moved(bytes) {
      // A download that is on its way keeps the session alive, however long it takes.
      document.dispatchEvent(new Event("scalper:active"));
      panel.moved(bytes);
    },
    packed: () => panel.packed(),
    async decide(troubles, { partly }) {
      const again = await panel.decide(troubles, { finish: !partly, cancel, signal });
      if (again && troubles.some(({ error }) => error instanceof SessionEndedError)) await renewSession().catch(() => {});
      return again;
    },
  };
}

class TooLargeError extends Error {
  constructor(bytes, largest) {
    super(
      gettext(
        "These files have {size}, and this browser packs {largest} at most. Use Chrome or Edge, which write straight to the disk, or download one series at a time.",
        { size: size(bytes), largest: size(largest) },
      ),
    );
  }
}
