import { gettext, mark, ngettext } from "../language.js";
import { describe, STATES } from "./entries.js";
import { FINDINGS } from "./findings.js";
import { FileList } from "./list.js";
import { network } from "./network.js";
import { counted, number, size, timeLeft } from "./words.js";

const SKIP_AFTER = 4000;
/** What the title begins with while an upload runs, in each language. */
const SENT_IN_TITLE = /^\d+ % [^·]+ · /;
/** Groups that need somebody. */
const FIRST = ["failed", "rejected"];
const NOTICES = {
  offline: mark("Offline. Sending will continue automatically when the network is back."),
  shaky: mark("The connection keeps failing. We keep trying automatically."),
};

/** The chosen files: what is to be done with them, how far they have come, and the list. Draws; decides nothing. */
export class FilesPanel {
  #entries;
  #uploader;
  #speed;
  #status;
  #list;
  #checkingSince = 0;
  #sessionEnded = false;
  #part = (id) => document.getElementById(id);

  constructor({ entries, uploader, speed, status, onAct }) {
    this.#entries = entries;
    this.#uploader = uploader;
    this.#speed = speed;
    this.#status = status;
    this.#list = new FileList(this.#part("list"), this.#part("file-row"), onAct);
  }

  /** Says that nobody is signed in any more, until sending goes on. */
  set sessionEnded(ended) {
    this.#sessionEnded = ended;
  }

  draw() {
    for (const id of ["files", "files-listed"]) this.#part(id).hidden = this.#entries.all.length === 0;
    this.#words();
    this.#progress();
    this.#notice();
    this.#buttons();
    this.#rows();
  }

  #words() {
    const { files, bytes } = this.#entries.underWay;
    const chosen = this.#entries.count("ready", "checking") > 0;
    const begun = files > 0 || this.#entries.count("cancelled") > 0;
    const all = `${counted(this.#entries.all.length, "file")}, ${size(this.#entries.bytes(...Object.keys(STATES)))}`;
    set(this.#part("files-title"), begun ? this.#running() : all);
    set(this.#part("files-line"), chosen || !begun ? this.#looked() : `${counted(files, "file")}, ${size(bytes)}`);
  }

  #running() {
    const count = (...states) => this.#entries.count(...states);
    if (count("queued", "sending") > 0) return gettext("Sending {files}", { files: counted(count("queued", "sending"), "file") });
    if (count("paused") > 0) return gettext("Paused");
    if (count("failed") > 0) return gettext("{files} could not be sent", { files: counted(count("failed"), "file") });
    if (count("needed") > 0) return gettext("Still needed: {files}", { files: counted(count("needed"), "file") });
    return count("sent") > 0 ? gettext("All sent") : gettext("Cancelled");
  }

  /** What the look before sending has come to. */
  #looked() {
    const checking = this.#entries.count("checking");
    const ready = this.#entries.count("ready");
    const leftOut = this.#entries.count("leftOut");
    if (checking > 0) return gettext("Checking each file before anything is sent: {count} to go.", { count: number(checking) });
    const found = this.#entries.in("ready", "leftOut").filter((entry) => entry.finding);
    const quiet = found.filter((entry) => FINDINGS[entry.finding.code].quiet).length;
    const odd = found.length - quiet;
    if (odd === 0) return gettext("All look fine.");
    const values = { fine: number(ready + leftOut - odd - quiet), odd: number(odd) };
    return ngettext("{fine} look fine, {odd} needs a look:", "{fine} look fine, {odd} need a look:", odd, values);
  }

  #progress() {
    const { files, bytes, sent } = this.#entries.underWay;
    this.#part("files-progress").hidden = files === 0;
    if (files === 0) {
      document.title = document.title.replace(SENT_IN_TITLE, "");
      return;
    }
    // Empty files have no bytes: they count by their number.
    const share = bytes > 0 ? sent / bytes : this.#entries.count("sent") / files;
    const percent = this.#entries.open > 0 ? Math.min(99, Math.floor(share * 100)) : Math.round(share * 100);
    const gone = { count: number(this.#entries.count("sent")), files: counted(files, "file") };
    const done = gettext("{count} of {files} sent", gone);
    const rate = this.#entries.count("sending") > 0 && !network.offline ? Math.round(this.#speed.rate) : 0;
    const figures = [done, gettext("{part} of {whole}", { part: size(sent), whole: size(bytes) })];
    if (rate > 0) figures.push(`${size(rate)}/s`, timeLeft((bytes - sent) / rate));
    this.#part("files-bar").value = share;
    set(this.#part("files-figures"), figures.join(" · "));
    document.title = `${gettext("{percent} % sent", { percent })} · ${document.title.replace(SENT_IN_TITLE, "")}`;
    if (this.#entries.open > 0) this.#status.showNowAndThen(gettext("{percent} % sent: {done}.", { percent, done }));
  }

  #notice() {
    const notice = this.#part("files-notice");
    const waiting = this.#entries.open > 0 && !this.#uploader.paused;
    const trouble = waiting && (network.offline ? "offline" : network.shaky && "shaky");
    notice.hidden = !trouble && !this.#sessionEnded;
    if (trouble) set(notice.querySelector("p"), gettext(NOTICES[trouble]));
    else if (this.#sessionEnded) tellToSignIn(notice.querySelector("p"));
    else set(notice.querySelector("p"), "");
  }

  #buttons() {
    const count = (...states) => this.#entries.count(...states);
    const show = (id, shown, label) => {
      const button = this.#part(id);
      if (!shown && button === document.activeElement) this.#part("list").focus();
      button.hidden = !shown;
      if (label) set(button, label);
    };
    const checking = count("checking") > 0;
    this.#checkingSince = checking ? this.#checkingSince || Date.now() : 0;
    const begun = this.#uploader.uploadId !== null;
    show("send", count("ready") > 0 || checking, gettext("Upload {files}", { files: counted(count("ready"), begun ? "more file" : "file") }));
    this.#part("send").disabled = checking;
    show("skip", checking && Date.now() - this.#checkingSince > SKIP_AFTER);
    show("clear", !begun && count("ready", "checking", "leftOut") > 0);
    show("pause", !this.#uploader.paused && count("queued", "sending") > 0);
    show("resume", this.#uploader.paused || (count("paused") > 0 && count("queued", "sending") === 0));
    const retriable = count("failed") > 0 && count("queued", "sending") === 0;
    show("retry", retriable, gettext("Retry {files}", { files: counted(count("failed"), "failed file") }));
    show("cancel", this.#entries.open > 0);
    show("again", begun && this.#entries.open === 0 && count("ready", "checking", "needed") === 0);
  }

  #rows() {
    const chosen = document.querySelector('#groups [name="group"]:checked').value;
    const groups = { all: [], waiting: [], failed: [], sent: [], rejected: [] };
    for (const entry of this.#entries.all) {
      const { group } = describe(entry);
      if (!group) continue;
      groups[group].push(entry);
      if (!FIRST.includes(group)) groups.all.push(entry);
    }
    // What needs somebody stands first.
    groups.all.unshift(...FIRST.flatMap((group) => groups[group]));
    for (const [name, { length }] of Object.entries(groups)) {
      const place = document.querySelector(`#groups [data-count="${name}"]`);
      set(place, number(length));
      place.closest("label").hidden = length === 0 && name !== "all" && name !== chosen;
    }
    this.#list.show(groups[chosen]);
  }
}

function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function tellToSignIn(place) {
  if (place.querySelector("a")) return;
  const link = document.createElement("a");
  link.href = "/upload";
  link.target = "_blank";
  link.textContent = gettext("Sign in again in a new tab");
  place.replaceChildren(
    gettext("Your session has ended, and sending is paused."),
    " ",
    link,
    gettext(", then come back and press Resume."),
  );
}
