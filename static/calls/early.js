// The first script of the clinician's call, and a small one: the socket opens while all the others are fetched and read.

import { openEarly } from "../lib/early.js";

const { dataset } = /** @type {HTMLScriptElement} */ (document.querySelector("script[data-socket]"));
openEarly(dataset.socket ?? "");
