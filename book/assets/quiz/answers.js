// Reads and checks a visitor's answer by the rules of book/gevbook/answers.py.
"use strict";
function answersModule() {
  const NUMBER = String.raw`(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?`;
  const PLAIN = new RegExp(`^${NUMBER}$`);
  const IMAGINARY = new RegExp(`^([+-]?(?:${NUMBER})?)[ij]$`);
  const SPACED = /^[1-9]\d{0,2}(?:[ \u00a0\u2009\u202f'’]\d{3})+(?:[.,]\d+)?$/;
  const COMMAS = /^[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?$/;
  const POINTS = /^[1-9]\d{0,2}(?:(?:\.\d{3})+,\d+|(?:\.\d{3}){2,})$/;
  const OPERATOR = /\s*(\/|\^|\*\*)\s*/;

  // Replaces full-width characters and printed minus signs by those of a keyboard.
  const asTyped = (text) =>
    text
      .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
      .replace(/[−–‑]/g, "-")
      .trim()
      .toLowerCase();

  function values(text) {
    const sign = text.startsWith("-") ? -1 : 1, found = [];
    let plain = text.replace(/^[+-]/, "");
    if (SPACED.test(plain)) plain = plain.replace(/[^\d.,]/g, "").replace(",", ".");
    if (COMMAS.test(plain)) found.push(plain.replaceAll(",", ""));
    if (POINTS.test(plain)) found.push(plain.replaceAll(".", "").replace(",", "."));
    found.push(plain.includes(".") ? plain : plain.replaceAll(",", "."));
    return found.filter((value) => PLAIN.test(value)).map((value) => sign * value);
  }

  // Meanings of a text as a number, a fraction or a power; 1,758 is 1758 or 1.758.
  function readings(text, percent) {
    let plain = asTyped(text);
    const share = plain.endsWith("%") && !percent ? 100 : 1;
    plain = plain.replace(/\s*[°%]$/, "");
    const [first, sign, second, ...more] = plain.split(OPERATOR);
    if (more.length) return [];
    const combined = (a, b) => (sign === "/" ? a / b : a ** b);
    const found = sign ? values(first).flatMap((a) => values(second).map((b) => combined(a, b))) : values(first);
    return [...new Set(found.filter(Number.isFinite).map((value) => value / share))];
  }

  // A number, or one times i; as real and imaginary part.
  function complex(text) {
    const [, factor] = text.match(IMAGINARY) ?? [];
    if (factor !== undefined) return [0, /\d$/.test(factor) ? +factor : +`${factor}1`];
    const [value] = readings(text);
    return value === undefined ? null : [value, 0];
  }

  // Meanings of a text as a list. A comma separates numbers, or decimals if digits touch it on both
  // sides; beside semicolons it separates only decimals.
  function lists(text) {
    const plain = asTyped(text).replace(new RegExp(OPERATOR, "g"), "$1").replace(/[[\](){}]/g, " ");
    const decimal = plain.replace(/(\d),(?=\d)/g, "$1.");
    return [...new Set(plain.includes(";") ? [decimal] : [plain, decimal])]
      .map((way) => way.split(/[\s,;]+/).filter(Boolean).map(complex))
      .filter((parts) => parts.length && !parts.includes(null));
  }

  // Meanings of a question's fields, as answers to check; none if they have another form.
  const read = {
    number: (text, { percent }) => readings(text, percent),
    numbers: lists,
    choice: (word) => (word ? [word] : []),
    selection: (words) => (words.length ? [words] : []),
  };

  const close = (a, b, relative, absolute) =>
    Math.abs(a - b) <= Math.max(relative * Math.max(Math.abs(a), Math.abs(b)), absolute);

  const same = {
    number: (answer, wanted, { tolerance }) => close(answer, wanted, tolerance, 1e-9),
    numbers(answer, wanted, { ordered }) {
      const left = [...answer];
      for (const [re, im] of wanted) {
        const fits = ([a, b]) => Math.hypot(a - re, b - im) < 1e-6;
        const place = ordered ? (left.length && fits(left[0]) ? 0 : -1) : left.findIndex(fits);
        if (place < 0) return false;
        left.splice(place, 1);
      }
      return !left.length;
    },
    choice: (answer, wanted) => answer === wanted,
  };

  // Index of the reply to an answer: the first is for the right one, the next ones are for known
  // slips, and one more is for anything else.
  function placeOf(facts, answer) {
    if (facts.kind === "selection") {
      return 1 + facts.words.findIndex((word) => answer.includes(word) !== facts.right.includes(word));
    }
    const place = facts.answers.findIndex((wanted) => same[facts.kind](answer, wanted, facts));
    return place < 0 ? facts.answers.length : place;
  }

  const written = (answer) =>
    Array.isArray(answer) ? answer.map(([re, im]) => (im ? `${im}i` : re)).join(", ") : answer;

  // The index of the reply to an answer, or its meanings if the question knows several; null if it
  // has another form.
  function judge(facts, filled) {
    const meanings = read[facts.kind](filled, facts);
    const places = meanings.map((answer) => placeOf(facts, answer));
    const known = meanings.filter((_, n) => places[n] < facts.answers?.length);
    if (known.length > 1) return { meanings: known.map(written) };
    return meanings.length ? { place: places[Math.max(0, meanings.indexOf(known[0]))] } : null;
  }

  return { judge };
}
