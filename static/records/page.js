// The note on a page of its own, when there is no call beside it. The field is locked until there is a script that can save it.

import { find } from "../lib/page.js";
import { startNote } from "./note.js";

const root = find("#note", HTMLElement);
const field = find("#note-text", HTMLTextAreaElement, root);
const note = startNote(root, { url: root.dataset.url ?? "" });
field.readOnly = false;
// What the server wrote, not what a browser may have put back into the field.
note.open({ text: field.defaultValue, version: Number(root.dataset.version) });
