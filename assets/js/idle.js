import { gettext } from "./language.js";

/**
 * Warns before an idle session ends, and leaves the page when it has ended.
 *
 * The server alone knows how long the session lives: whatever a page believes, it asks before it warns and before it
 * leaves, so that tabs need not agree among themselves. They tell each other only to spare the reader a warning.
 */
const WARN_S = 120;
const PROLONG_MS = 60_000;
const AGAIN_MS = 15_000;
const SIGNING_OUT_MS = 1500;
const TOLD_S = new Set([60, 30, 10]);

export function guardSession(dialog) {
  const { idle, csrf } = document.body.dataset;
  if (!dialog || !idle) return;
  const tabs = new BroadcastChannel("scalper-session");
  const left = dialog.querySelector("[data-left]");
  const said = dialog.querySelector("[data-said]");
  let endsAt = Date.now() + Number(idle) * 1000;
  let prolongedAt = Date.now();
  let timer = 0;
  let over = false;

  function lives(seconds) {
    endsAt = Date.now() + seconds * 1000;
    if (seconds > WARN_S && dialog.open) dialog.close();
    plan();
  }

  function plan() {
    clearTimeout(timer);
    const rest = endsAt - Date.now();
    timer = dialog.open ? setTimeout(tick, 1000) : setTimeout(look, Math.max(0, rest - WARN_S * 1000));
  }

  /** Asks how long the session lives, without prolonging it. */
  async function look() {
    const seconds = await ask("GET", { "x-background": "1" });
    if (seconds === undefined) return;
    if (seconds <= WARN_S && !dialog.open) dialog.showModal();
    lives(seconds);
    if (dialog.open) tell();
  }

  async function stay() {
    prolongedAt = Date.now();
    const seconds = await ask("POST", { "x-csrf-token": csrf });
    if (seconds === undefined) return;
    lives(seconds);
    tabs.postMessage("stayed");
  }

  /** Returns the seconds that are left; undefined when the session is over, or the server out of reach. */
  async function ask(method, headers) {
    clearTimeout(timer);
    try {
      const answer = await fetch("/session", { method, headers: { accept: "application/json", ...headers } });
      if (answer.ok) {
        over = false;
        return (await answer.json()).seconds;
      }
      if (answer.status === 401) leave();
      else timer = setTimeout(look, AGAIN_MS);
    } catch {
      // Without a network nothing can be fetched, and nothing must be shown for ever.
      over = Date.now() > endsAt;
      if (over) cover();
      timer = setTimeout(look, AGAIN_MS);
    }
    return undefined;
  }

  function tick() {
    if (Date.now() >= endsAt) {
      look();
      return;
    }
    tell();
    plan();
  }

  function tell() {
    const seconds = Math.max(0, Math.round((endsAt - Date.now()) / 1000));
    const minutes = Math.floor(seconds / 60);
    left.textContent = minutes ? `${minutes} min ${seconds % 60} s` : gettext("{seconds} seconds", { seconds });
    if (TOLD_S.has(seconds)) said.textContent = gettext("You will be signed out in {seconds} seconds.", { seconds });
  }

  function leave() {
    over = true;
    cover();
    const here = location.pathname + location.search;
    location.assign(`/signed-out?next=${encodeURIComponent(here)}`);
  }

  function cover() {
    document.documentElement.dataset.covered = "";
  }

  /** Shows the page again, if the session lives. */
  async function uncover() {
    await look();
    if (!over) delete document.documentElement.dataset.covered;
  }

  /** Whoever works on the page, or has an upload running, is there: now and then the server is told so. */
  function active() {
    if (!dialog.open && Date.now() - prolongedAt > PROLONG_MS) stay();
  }

  tabs.addEventListener("message", ({ data }) => {
    if (data === "stayed") {
      look();
      return;
    }
    // The other tab is only about to sign out: this one hides what it shows, and looks when that is done.
    cover();
    setTimeout(uncover, SIGNING_OUT_MS);
  });

  for (const event of ["pointerdown", "keydown"]) document.addEventListener(event, active, { passive: true });
  document.addEventListener("scalper:active", active);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) look();
  });
  document.addEventListener("submit", ({ target }) => {
    if (target.getAttribute("action") === "/sign-out") tabs.postMessage("ended");
  });
  dialog.querySelector("[data-stay]").addEventListener("click", stay);
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    stay();
  });
  // A page that the browser kept from before, as for its Back button, shows nothing until the session is known to live.
  addEventListener("pagehide", cover);
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) uncover();
  });
  plan();
}
