// What every page loads: htmx for the parts that update themselves, times in the reader's zone, the user's menu.
import "htmx.org/dist/htmx.esm.js";
import { localiseTimes } from "./times.js";
import { tendMenu } from "./menu.js";
import { forgetUploads } from "./upload/memory.js";
import { tendSelection } from "./selecting.js";

localiseTimes(document);
document.addEventListener("htmx:after:swap", () => localiseTimes(document));
document.querySelector('form[action="/sign-out"]')?.addEventListener("submit", forgetUploads);
tendMenu(document.querySelector("[data-menu]"));
tendSelection(document.querySelector("[data-selection]"));
