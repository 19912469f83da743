// What the product says of its encryption, in every text that a person may read: the claims are few, true and lead to the page that explains them.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const ROOT = new URL("../../", import.meta.url);

/** @param {string} folder @param {string} ending @returns {{name: string, text: string}[]} */
function files(folder, ending) {
  return readdirSync(new URL(`${folder}/`, ROOT), { withFileTypes: true }).flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return files(name, ending);
    return name.endsWith(ending) ? [{ name, text: readFileSync(new URL(name, ROOT), "utf8") }] : [];
  });
}

/** @typedef {{language: string, id: string, words: string}} Sentence */

/** @type {Sentence[]} */
const sentences = files("templates/text", ".ftl").flatMap(({ name, text }) =>
  [...text.matchAll(/^([a-z][\w-]*) = (.*)$/gm)].map(([, id = "", words = ""]) => ({ language: name.split("/")[2] ?? "", id, words })));
const templates = files("templates", ".html");
const papers = [...files("compliance", ".md"), { name: "README.md", text: readFileSync(new URL("README.md", ROOT), "utf8") }];

const CLAIM = /end[- ]to[- ]end|extremo a extremo/i;
const OF_A_CALL = /\bcall\b|llamada|picture|imagen|what is (not )?end|qué (no )?va cifrado/i;
// A number is true of one call, and the page shows it there. Words that say nothing are no better.
const BOAST = /\b\d{2,4}[- ]?bits?\b|\bAES\b|AES-|DTLS 1|ChaCha|military|militar|bank-grade|bancari|unbreakable|100 ?%/i;
const WORDS_MAX = 250;

/** @param {Sentence} sentence */
const isOfThePage = ({ id }) => id.startsWith("clinic-encryption-");

/** What is wrong with a sentence of a page. @param {Sentence} sentence */
function wrongSentence({ id, words }) {
  if (!CLAIM.test(words)) return [];
  const wrong = OF_A_CALL.test(words) ? [] : [`${id} claims it of something that is no call`];
  const pages = templates.filter(({ text }) => text.includes(`"${id}"`));
  if (pages.length === 0) wrong.push(`${id} stands on no page that a link could stand on`);
  for (const { name, text } of pages) {
    if (name !== "templates/clinic/encryption.html" && !text.includes('href="/encryption"')) wrong.push(`${name} says ${id} and does not lead to /encryption`);
  }
  return wrong;
}

/** What is wrong with a line of a paper. @param {string} name @param {string} line */
function wrongLine(name, line) {
  const good = !CLAIM.test(line) || (line.includes("/encryption") && OF_A_CALL.test(line));
  return good ? [] : [`${name}: ${line}`];
}

test("end-to-end is said of calls only, and only where a link leads to the page that explains it", () => {
  assert.ok(sentences.some(({ words }) => CLAIM.test(words)), "the texts were read");
  assert.deepEqual(sentences.flatMap(wrongSentence), []);
  assert.deepEqual(papers.flatMap(({ name, text }) => text.split("\n").flatMap((line) => wrongLine(name, line))), []);
  for (const { name, text } of templates) assert.doesNotMatch(text.replace(/\{#[^]*?#\}/g, ""), CLAIM, `${name}: words stand in the texts`);

  // Each rule is seen to catch something.
  const say = (/** @type {string} */ id, /** @type {string} */ words) => wrongSentence({ language: "en", id, words });
  assert.equal(say("call-security-more", "Your notes are end-to-end encrypted.").length, 1);
  assert.equal(say("clinic-third-known", "The call is end-to-end encrypted.").length, 0, "its page has the link");
  assert.equal(say("links-continue", "The call is end-to-end encrypted.").length > 0, true);
  assert.equal(say("mail-x", "Su llamada va cifrada de extremo a extremo.").length, 1);
  assert.equal(wrongLine("README.md", "Everything is end-to-end encrypted.").length, 1);
});

test("no number and no boast is said of a call's encryption", () => {
  for (const sentence of sentences) {
    if (isOfThePage(sentence) || sentence.id.startsWith("call-")) assert.doesNotMatch(sentence.words, BOAST, sentence.id);
  }
  for (const boast of ["256-bit", "AES-256-GCM", "military grade", "DTLS 1.3", "100 % secure"]) assert.match(boast, BOAST);
});

test("the page on encryption is short, says the same parts in both languages, and is the one that was read and signed", () => {
  // Whoever changes the page reads it in both languages, word for word, and signs for it by changing the sum here.
  const SIGNED = {
    en: "414f78005a6ce42fe47d121a34f416b1862b04d7533a87359f4aaf95178a630c",
    es: "c5c1beeb3dc4cbef5d14c096d7a88e2d9b7edf1a9301d53e01ead03538f36743",
  };
  /** @type {Record<string, string[]>} */
  const parts = { en: [], es: [] };
  for (const [language, signed] of Object.entries(SIGNED)) {
    const own = sentences.filter((sentence) => sentence.language === language && isOfThePage(sentence));
    parts[language] = own.map(({ id }) => id);
    const text = own.map(({ words }) => words).join("\n");
    const count = text.split(/\s+/).length;
    assert.ok(count <= WORDS_MAX, `${count} words in ${language}`);
    assert.equal(createHash("sha256").update(text).digest("hex"), signed, language);
  }
  assert.deepEqual(parts.es, parts.en);
  const page = templates.find(({ name }) => name === "templates/clinic/encryption.html")?.text ?? "";
  for (const id of parts.en ?? []) assert.ok(page.includes(`"${id}"`), `${id} stands on the page`);
});
