// What every page loads: htmx for the parts that update themselves, times in the reader's zone, the user's menu, and
// the warning before an idle session ends.
import "htmx.org/dist/htmx.esm.js";
import { localiseTimes } from "./times.js";
import { guardSession } from "./idle.js";
import { tendMenu } from "./menu.js";
import { sendOnce } from "./once.js";
import { forgetUploads } from "./upload/memory.js";
import { tendSelection } from "./selecting.js";
import { offerPrinting, tendPrinting } from "./printing.js";
import { tendCopying } from "./copying.js";

localiseTimes(document);
document.addEventListener("htmx:after:swap", () => localiseTimes(document));
for (const form of document.querySelectorAll('form[action="/sign-out"]')) form.addEventListener("submit", forgetUploads);
sendOnce(document.querySelectorAll("form[data-once]"));
guardSession(document.querySelector("#idle"));
tendMenu(document.querySelector("[data-menu]"));
tendSelection(document.querySelector("[data-selection]"));
offerPrinting(document.querySelector("[data-print]"));
tendPrinting(document.querySelector("[data-printed]"));
tendCopying();
