// The entrance by a link: its token stands behind the number sign, and goes to the portal in the form's body only.
import { mark } from "./shared/token.js";

mark(document.querySelector("#entrance"), location, history);
