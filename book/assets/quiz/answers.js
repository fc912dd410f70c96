// Reads what a visitor answers, and judges it as book/gevbook/answers.py does.
"use strict";
function answersModule() {
  const NUMBER = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?`;
  const WHOLE = new RegExp(`^(${NUMBER})(?:(/|\\^|\\*\\*)(${NUMBER}))?$`, "i");
  const IMAGINARY = new RegExp(`^(${NUMBER}|[+-]?)[ij]$`, "i");
  const GROUPS = /^[+-]?\d{1,3}(?:[, \u00a0\u2009\u202f'’]\d{3})+(?:\.\d+)?$/;

  // A number, a fraction or a power, as 89,110 or 1/12 or 2^-10 or 30°; null for anything else.
  function number(text) {
    let plain = text.trim().replace(/\s*[°%]$/, "").replaceAll("−", "-");
    if (GROUPS.test(plain)) plain = plain.replace(/[^\d.+-]/g, "");
    const [, first, sign, second] = plain.match(WHOLE) ?? [];
    if (first === undefined) return null;
    const value = !sign ? +first : sign === "/" ? first / second : (+first) ** +second;
    return Number.isFinite(value) ? value : null;
  }

  // The same, or a number times i; as real and imaginary part.
  function complex(text) {
    const [, factor] = text.replaceAll("−", "-").match(IMAGINARY) ?? [];
    if (factor === undefined) {
      const value = number(text);
      return value === null ? null : [value, 0];
    }
    return [0, /\d/.test(factor) ? +factor : +`${factor}1`];
  }

  // What stands in the fields of a question, as something to judge; null if it is of another form.
  const read = {
    number,
    numbers(text) {
      const parts = text.replace(/[[\](){}]/g, " ").split(/[\s,;]+/).filter(Boolean).map(complex);
      return parts.length && !parts.includes(null) ? parts : null;
    },
    choice: (word) => word || null,
    selection: (words) => (words.length ? words : null),
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

  // Which of a question's sentences an answer gets: the first is for the right one, the next ones
  // are for known slips, one more than there are slips is for anything else.
  function judge(facts, answer) {
    if (facts.kind === "selection") {
      return 1 + facts.words.findIndex((word) => answer.includes(word) !== facts.right.includes(word));
    }
    const place = facts.answers.findIndex((wanted) => same[facts.kind](answer, wanted, facts));
    return place < 0 ? facts.answers.length : place;
  }

  return { read, judge };
}
