// Is this page shown inside a mail or chat program? Such an inner browser has its own cookies, and often no camera,
// so the visit must be opened in the real browser before the link is used. Pure.

/** @typedef {"android"|"ios"|null} InApp */

/**
 * @param {string} agent the user agent
 * @returns {InApp}
 */
export function inApp(agent) {
  const named = /GSA\/|GSAnd|FBAN|FBAV|Instagram|\bLine\/|MicroMessenger|Snapchat|LinkedInApp|Twitter/.test(agent);
  if (/Android/.test(agent)) return named || /; wv\)/.test(agent) ? "android" : null;
  if (/iPhone|iPad|iPod/.test(agent)) return named || !/Safari\//.test(agent) ? "ios" : null;
  return null;
}

/**
 * An Android address that opens the same page in the person's own browser.
 * An intent keeps everything before its own last `#Intent;`, so the fragment with the secret travels along.
 * @param {string} href
 */
export function intentFor(href) {
  const url = new URL(href);
  const fragment = url.hash.slice(1);
  return `intent://${url.host}${url.pathname}${url.search}#${fragment}#Intent;scheme=${url.protocol.slice(0, -1)};action=android.intent.action.VIEW;category=android.intent.category.BROWSABLE;end`;
}
