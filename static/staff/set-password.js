// The one-time code arrives behind `#`, where no server sees it. It moves into the form and leaves the address bar.

const code = location.hash.slice(1);
const field = document.getElementById("code-field");
const input = document.getElementById("code");

if (code && input instanceof HTMLInputElement) {
  input.value = code;
  history.replaceState(null, "", location.pathname);
}
if (field && input instanceof HTMLInputElement && input.value && input.getAttribute("aria-invalid") !== "true") {
  field.hidden = true;
}
