// Requests to our own server, with the token that shows they come from our page.

/** @typedef {{ok: boolean, status: number, data: any}} Answer  status 0: the server was not reached */

/**
 * Sends a form, as the browser would.
 * @param {string} url
 * @param {Record<string, string>} [fields]
 * @returns {Promise<Answer>}
 */
export function post(url, fields = {}) {
  return request(url, { method: "POST", body: new URLSearchParams(fields) });
}

/**
 * @param {"POST"|"PUT"} method
 * @param {string} url
 * @param {unknown} value
 * @returns {Promise<Answer>}
 */
export function sendJson(method, url, value) {
  return request(url, { method, body: JSON.stringify(value), headers: { "content-type": "application/json" } });
}

/**
 * @param {string} url
 * @returns {Promise<Answer>}
 */
export function getJson(url) {
  return request(url, {});
}

/**
 * A new session has a new token.
 * @param {string} token
 */
export function setCsrf(token) {
  document.body.dataset.csrf = token;
}

// Lower: a dead connection is noticed sooner. Higher: a slow network gets its chance.
const TIMEOUT_MS = 15_000;

/**
 * @param {string} url
 * @param {RequestInit} init
 * @returns {Promise<Answer>}
 */
async function request(url, init) {
  const headers = new Headers(init.headers);
  headers.set("accept", "application/json");
  const csrf = document.body.dataset.csrf;
  if (csrf) headers.set("x-csrf", csrf);
  try {
    const answer = await fetch(url, { ...init, headers, credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
    const isJson = (answer.headers.get("content-type") ?? "").includes("json");
    return { ok: answer.ok && !answer.redirected, status: answer.status, data: isJson ? await answer.json() : null };
  } catch {
    return { ok: false, status: 0, data: null };
  }
}
