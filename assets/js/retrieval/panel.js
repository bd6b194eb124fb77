import { gettext } from "../language.js";
import { network } from "../upload/network.js";
import { Speed } from "../upload/speed.js";
import { StatusMessage } from "../upload/status-message.js";
import { counted, number, size, timeLeft } from "../upload/words.js";

/** Missing files that are named on the page; the ZIP names them all. */
const NAMED = 20;

/** Shows one download: how far it is, what cannot be had, and how it ended. */
export class Panel {
  #place;
  #speed = new Speed();
  #status;
  #total = { files: 0, bytes: 0 };
  #done = { files: 0, bytes: 0 };
  #timer = 0;

  constructor(place) {
    this.#place = place;
    this.#status = new StatusMessage(this.#find("said"));
    network.addEventListener("change", () => this.#tellNetwork());
  }

  /** Begins to show a download; `cancel` is called where somebody wants none. */
  begin(what, cancel) {
    this.#done = { files: 0, bytes: 0 };
    this.#total = { files: 0, bytes: 0 };
    this.#speed.reset();
    this.#place.hidden = false;
    this.#head(gettext("Downloading {what}", { what }), "");
    this.#say(gettext("Looking up the files…"));
    this.#show({ cancel });
    this.#find("missing").hidden = true;
    this.#find("note").textContent = "";
    this.#find("bar").hidden = false;
    this.#find("bar").removeAttribute("value");
    this.#find("head").focus();
    this.#timer = setInterval(() => this.#tick(), 1000);
  }

  found(files, of) {
    this.#say(gettext("Looking up the files: {part} of {whole}…", { part: number(files), whole: number(Math.max(files, of)) }));
  }

  start(files, bytes) {
    this.#total = { files, bytes };
    this.#tick();
  }

  moved(bytes) {
    this.#done.bytes += bytes;
    if (bytes > 0) this.#speed.add(bytes);
  }

  packed() {
    this.#done.files += 1;
  }

  /** Asks whether to try again; `finish` says whether going on without these files may be chosen. */
  decide(troubles, { finish, cancel, signal }) {
    this.#tick();
    this.#missing(
      gettext("{files} could not be downloaded", { files: counted(troubles.length, "file") }),
      troubles.map(({ name, error }) => ({ name, why: error.message })),
    );
    return new Promise((resolve, reject) => {
      const settle = (how) => {
        this.#find("missing").hidden = true;
        this.#show({ cancel });
        how();
      };
      signal.addEventListener("abort", () => settle(() => reject(signal.reason)), { once: true });
      this.#show({
        again: () => settle(() => resolve(true)),
        finish: finish && (() => settle(() => resolve(false))),
        cancel,
      });
    });
  }

  /** Everything that was asked for is in the ZIP. */
  complete(name, repeats) {
    this.#end(gettext("Download complete"), "good");
    this.#say(gettext("{files} ({size}) in {name}.", { files: counted(this.#done.files, "file"), size: size(this.#total.bytes), name }));
    if (!repeats) return;
    const left = { files: counted(repeats, "file") };
    this.#find("note").textContent = gettext("{files} left out: sent twice, or replaced by another file.", left);
  }

  /** The ZIP is there, and lacks something. */
  incomplete(name, missing) {
    this.#end(gettext("Download not complete: {files} missing", { files: counted(missing.length, "file") }), "warn");
    this.#say(gettext("{files} in {name}. NOT-COMPLETE.txt in it names what is missing.", { files: counted(this.#done.files, "file"), name }));
    this.#missing(gettext("Missing"), missing);
  }

  /** There is no ZIP. */
  failed(heading, text) {
    this.#end(heading, "warn");
    this.#say(text);
  }

  #end(heading, tone) {
    clearInterval(this.#timer);
    this.#head(heading, tone);
    this.#find("bar").hidden = true;
    this.#show({ close: () => (this.#place.hidden = true) });
    this.#find("head").focus();
  }

  #head(text, tone) {
    this.#find("head").textContent = text;
    this.#place.dataset.tone = tone;
  }

  #say(text) {
    this.#find("line").textContent = text;
    this.#status.show(text);
  }

  #tick() {
    const { files, bytes } = this.#total;
    if (!files) return;
    const rate = network.offline || network.shaky ? 0 : this.#speed.rate;
    const left = rate ? ` · ${size(rate)}/s · ${timeLeft((bytes - this.#done.bytes) / rate)}` : "";
    const done = gettext("{part} of {whole}", { part: number(this.#done.files), whole: counted(files, "file") });
    const text = `${done} · ${gettext("{part} of {whole}", { part: size(this.#done.bytes), whole: size(bytes) })}`;
    this.#find("bar").value = bytes ? this.#done.bytes / bytes : 1;
    this.#find("line").textContent = text + left;
    this.#status.showNowAndThen(text);
  }

  #tellNetwork() {
    const away = network.offline || network.shaky;
    this.#find("note").textContent = away
      ? gettext("No connection. The download goes on as soon as there is one.")
      : "";
  }

  #missing(heading, rows) {
    const items = rows.slice(0, NAMED).map(({ name, why }) => {
      const item = document.createElement("li");
      const called = document.createElement("bdi");
      called.textContent = name;
      item.append(called, ` ${why}`);
      return item;
    });
    this.#find("missing-head").textContent = heading;
    this.#find("missing-list").replaceChildren(...items);
    this.#find("missing-more").textContent = rows.length > NAMED ? gettext("And {count} more.", { count: number(rows.length - NAMED) }) : "";
    this.#find("missing").hidden = false;
  }

  /** Shows those buttons that have something to do. */
  #show(acts) {
    for (const button of this.#place.querySelectorAll("[data-act]")) {
      const act = acts[button.dataset.act];
      button.hidden = !act;
      button.onclick = act || null;
    }
  }

  #find(name) {
    return this.#place.querySelector(`[data-part="${name}"]`);
  }
}
