// The words of the spoken proof: said by one person over a bad line, found by another on a list of four.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

/** @param {string} language */
const text = (language) => readFileSync(new URL(`../../static/calls/words/${language}.txt`, import.meta.url), "utf8");
/** @param {string} word */
const bare = (word) => word.normalize("NFD").replace(/\p{Mn}/gu, "");

/** Rules from spelling to sound, rough, and rather too much alike than too little. @type {Record<string, [RegExp, string][]>} */
const SOUNDS = {
  en: [
    [/ph/g, "f"], [/ck/g, "k"], [/ch/g, "+"], [/sh/g, "*"], [/th/g, "t"], [/wh/g, "w"], [/gh/g, "g"], [/qu/g, "kw"], [/wr/g, "r"], [/kn/g, "n"],
    [/c(?=[eiy])/g, "s"], [/c/g, "k"], [/g(?=[eiy])/g, "j"], [/z/g, "s"], [/v/g, "f"], [/x/g, "ks"], [/y/g, "i"],
    [/e$/, ""], [/[aeiou]+/g, "a"], [/(.)\1/g, "$1"],
  ],
  es: [
    [/ñ/g, "ny"], [/ü/g, "w"], [/á/g, "a"], [/é/g, "e"], [/í/g, "i"], [/ó/g, "o"], [/ú/g, "u"], [/ch/g, "+"], [/qu/g, "k"],
    [/gu(?=[ei])/g, "G"], [/g(?=[ei])/g, "j"], [/G/g, "g"], [/c(?=[ei])/g, "s"], [/c/g, "k"], [/z/g, "s"],
    [/v/g, "b"], [/ll/g, "y"], [/rr/g, "r"], [/h/g, ""], [/x/g, "s"],
  ],
};

/** @param {string} word @param {string} language */
function sound(word, language) {
  return SOUNDS[language].reduce((so_far, [from, to]) => so_far.replace(from, to), word);
}

/** How many letters have to be put in, left out or exchanged. @param {string} one @param {string} other */
function distance(one, other) {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[other.length];
}

for (const language of ["en", "es"]) {
  const words = text(language).split("\n").slice(0, -1);

  test(`${language}: there are 256 words, a line each, in plain letters`, () => {
    assert.equal(words.length, 256);
    assert.ok(text(language).endsWith("\n") && text(language) === text(language).normalize("NFC"));
    for (const word of words) assert.match(word, language === "en" ? /^[a-z]{4,12}$/ : /^[a-záéíóúüñ]{4,12}$/, word);
    assert.equal(new Set(words.map(bare)).size, 256, "none is there twice, with or without accents");
  });

  test(`${language}: no two words begin with the same four letters, look alike or sound alike`, () => {
    for (const [at, one] of words.entries()) {
      for (const other of words.slice(0, at)) {
        const pair = `${one} and ${other}`;
        assert.notEqual(bare(one).slice(0, 4), bare(other).slice(0, 4), pair);
        assert.ok(distance(bare(one), bare(other)) >= 3, `${pair} look alike`);
        assert.ok(distance(sound(one, language), sound(other, language)) >= 2, `${pair} sound alike`);
      }
    }
  });
}

test("the measure of likeness finds likeness", () => {
  for (const [one, other, language] of [["pear", "pair", "en"], ["phone", "fawn", "en"], ["kitten", "mitten", "en"], ["vaca", "baca", "es"], ["casa", "caza", "es"], ["pollo", "poyo", "es"]]) {
    assert.ok(distance(sound(one, language), sound(other, language)) < 2, `${one} and ${other}`);
  }
  assert.equal(distance("badger", "ladder"), 2);
});

test("es: an accent stands where the rules of spelling want one, and is not forgotten where an ending needs it", () => {
  for (const word of text("es").split("\n").slice(0, -1)) {
    const accents = [...word].filter((letter) => "áéíóú".includes(letter)).length;
    assert.ok(accents <= 1, word);
    // Words for things that end so are stressed on the end, and then the accent is written.
    if (/[aiou]n$|ion$/.test(word)) assert.fail(`${word} lacks an accent`);
    // An h is not heard: the vowels beside it stand together.
    const vowels = [...word.replace(/(?<!c)h/g, "").matchAll(/[aeiouáéíóúü]+/g)].map((match) => match[0]);
    const last = vowels.at(-1) ?? "";
    const endsOpen = /[aeiouáéíóúns]$/.test(word);
    const where = vowels.findIndex((group) => /[áéíóú]/.test(group));
    if (where === -1) continue;
    const fromEnd = vowels.length - 1 - where;
    if (fromEnd === 0 && last.length === 1) assert.ok(endsOpen, `${word}: the end is stressed without an accent too`);
    if (fromEnd === 1 && vowels[where].length === 1) assert.ok(!endsOpen, `${word}: the last but one is stressed without an accent too`);
  }
});

/** Words that frighten, belong to a body or an illness, are rude somewhere, or are another number. */
const UNWANTED = {
  en: ["death", "blood", "needle", "cancer", "heart", "knife", "poison", "devil", "pain", "doctor", "nurse", "pill", "fever", "seven", "eleven", "thirteen"],
  es: ["muerte", "sangre", "aguja", "cáncer", "corazón", "cuchillo", "veneno", "diablo", "dolor", "médico", "fiebre", "siete", "once",
    "concha", "papaya", "bicho", "pico", "polla", "huevo", "zorra", "burro", "cerdo", "gallina", "mariposa", "perra", "tortilla", "granada", "venado", "trucha"],
};

test("none of the words is one that nobody should have to say to their clinician", () => {
  for (const [language, unwanted] of Object.entries(UNWANTED)) {
    const words = new Set(text(language).split("\n"));
    for (const word of unwanted) assert.ok(!words.has(word), word);
  }
});
