// The entrance by a link: its token stands behind the number sign, and goes to the portal in the form's body only.
import { mark } from "./shared/token.js";

const read = () => mark(document.querySelector("#entrance"), location, history);
read();
// Another link that is pasted into the address bar loads no page anew.
addEventListener("hashchange", read);
