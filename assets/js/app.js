// What every page loads: htmx for the parts that update themselves, times in the reader's zone, the user's menu.
import "htmx.org/dist/htmx.esm.js";
import { localiseTimes } from "./times.js";
import { tendMenu } from "./menu.js";

localiseTimes(document);
document.addEventListener("htmx:after:swap", () => localiseTimes(document));
tendMenu(document.querySelector("[data-menu]"));
