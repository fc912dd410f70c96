// The switch of a chapter that opens all of its code or folds it; what was chosen is remembered.
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
