// A chapter's switch that opens or folds all code; the choice is remembered.
"use strict";
(() => {
  const button = document.querySelector(".code-switch");
  const folds = document.querySelectorAll("details.hide");
  const show = (all) => {
    folds.forEach((fold) => { fold.open = all; });
    button.setAttribute("aria-pressed", all);
  };
  const KEY = "code-shown";
  const remembered = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  if (remembered()) show(true);
  button.addEventListener("click", () => {
    const all = button.getAttribute("aria-pressed") !== "true";
    show(all);
    try { all ? localStorage.setItem(KEY, "yes") : localStorage.removeItem(KEY); } catch { /* not here */ }
  });
})();
