import { learn } from "./language.js";
import texts from "./texts/de.json";

learn(texts);
