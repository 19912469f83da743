// A part of a page, fetched again. XMLHttpRequest reads the answer into a document by itself and runs no script in it,
// so no HTML passes through the page as a string and Trusted Types need no exception.

/**
 * @param {string} url
 * @returns {Promise<Document|null>} null when it could not be had
 */
export function fetchDocument(url) {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("GET", url);
    request.responseType = "document";
    request.timeout = 15_000;
    request.addEventListener("load", () => done(request.status === 200 ? request.responseXML : null));
    for (const failure of ["error", "timeout", "abort"]) request.addEventListener(failure, () => done(null));
    request.send();
  });
}
