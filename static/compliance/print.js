// The button that prints. Without a script the browser's own menu does the same.
import { find } from "../lib/page.js";

const button = find("#print", HTMLButtonElement);
button.hidden = false;
button.addEventListener("click", () => window.print());
