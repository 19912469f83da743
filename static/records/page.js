// The note on a page of its own, when there is no call beside it. The field is locked until there is a script that can save it.

import { find } from "../lib/page.js";
import { startNote } from "./note.js";

const root = find("#note", HTMLElement);
const note = startNote(root, { url: root.dataset.url ?? "" });
find("#note-text", HTMLTextAreaElement, root).readOnly = false;
note.open();
