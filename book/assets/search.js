// Sphinx inserts this at the start of its searchtools.js, in place of its scores.

const LAST = 100; // Below every score that Sphinx gives.

var Scorer = {
  // The package's pages come after the chapters.
  score: ([docname, , , , score]) => (docname.startsWith("book/api/") ? score - LAST : score),
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};

// An excerpt consists of sentences, without code, printed output and TeX.
document.addEventListener("DOMContentLoaded", () => {
  const plain = Search.htmlToText;
  Search.htmlToText = (html, anchor) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    const unread = ".katex-mathml, .katex-display, pre, .cell_input, .cell_output, .chapter-buttons";
    page.querySelectorAll(unread).forEach((element) => element.remove());
    return plain(page.documentElement.outerHTML, anchor);
  };
});
