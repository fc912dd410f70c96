// Questions that are answered in the page. Answers stay in this browser, under one key for all of
// the book's pages; a reader can save them as a file.
"use strict";
(() => {
  const { judge } = answersModule();
  const KEY = "gevb answers";
  const WANTED = {
    number: "Write a number, as 1000 or 0.5 or 1/12",
    numbers: "Write numbers with commas between them",
    choice: "Choose one of them first",
    selection: "Choose some of them first",
  };
  const element = (name, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

  // name -> { asks, tries, right }. Without storage, they last as long as the page is open.
  let memory = "{}", keeps = true;
  function load() {
    try {
      if (keeps) memory = localStorage.getItem(KEY) ?? "{}";
    } catch {
      keeps = false;
    }
    try {
      return { ...JSON.parse(memory) };
    } catch {
      return {};
    }
  }
  function store(kept) {
    memory = JSON.stringify(kept);
    try {
      localStorage.setItem(KEY, memory);
    } catch {
      keeps = false;
    }
  }

  class Question {
    constructor(form) {
      const { name, asks, facts } = form.dataset;
      Object.assign(this, { form, name, asks, facts: JSON.parse(facts) });
      this.fields = [...form.querySelectorAll("input")];
      // The replies are in the fold for readers without scripts.
      const fold = element("div", { innerHTML: form.querySelector("noscript").textContent });
      this.sentences = [...fold.querySelectorAll(".says")];
      this.says = element("p", { className: "verdict", role: "status" });
      const button = element("button", { className: "check" }, "Check");
      (form.querySelector(".typed") ?? form).append(button);
      form.append(this.says);
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.check();
      });
      form.addEventListener("input", () => this.tell());
    }

    get filled() {
      const { kind } = this.facts;
      if (kind === "number" || kind === "numbers") return this.fields[0].value.trim();
      const chosen = this.fields.filter((field) => field.checked).map((field) => field.value);
      return kind === "choice" ? chosen[0] ?? "" : chosen;
    }

    set filled(answer) {
      for (const field of this.fields) {
        if (field.type === "text") field.value = answer;
        else field.checked = [answer].flat().includes(field.value);
      }
    }

    // Shows a reply to the answer, or clears it.
    tell(verdict = "", ...said) {
      this.form.dataset.verdict = verdict;
      this.says.replaceChildren(...said);
    }

    // The reply to an answer; true if it is right, null if there is no answer.
    judge(filled) {
      const judged = judge(this.facts, filled);
      if (judged === null) {
        const none = !filled.length || typeof filled !== "string";
        this.tell("none", `${WANTED[this.facts.kind]}${none ? "" : `; this is “${filled}”`}.`);
        return null;
      }
      const { place, meanings } = judged, right = place === 0;
      if (meanings) {
        const words = meanings.join(" or ");
        this.tell("none", `“${filled}” can mean ${words}: please write it with a point, or without a comma.`);
        return null;
      }
      const sentence = this.sentences[place]?.cloneNode(true).childNodes ?? [];
      const verdict = element("strong", {}, right ? "Right." : "Not yet.");
      this.tell(right ? "right" : "wrong", verdict, " ", ...sentence);
      return right;
    }

    check() {
      const { filled } = this, right = this.judge(filled);
      if (right === null) return;
      const kept = load(), tries = kept[this.name]?.tries ?? [];
      kept[this.name] = { asks: this.asks, tries: [...tries, filled], right };
      store(kept);
      count();
    }

    show(known) {
      this.filled = known ? known.tries.at(-1) : "";
      if (known) this.judge(this.filled);
      else this.tell();
    }
  }

  const questions = [...document.querySelectorAll("form.question")].map((form) => new Question(form));
  const names = questions.map(({ name }) => name);
  const told = element("span");
  const save = element("button", { type: "button", className: "save" }, "Save all answers as a file");
  const again = element("button", { type: "button", className: "again" }, "Clear this page's answers");
  questions.at(-1).form.closest("section").append(element("p", { className: "answers" }, told, " ", save, " ", again));

  function count() {
    const kept = load();
    const right = names.filter((name) => kept[name]?.right).length;
    const where = keeps
      ? "Answers stay in this browser"
      : "This browser keeps no answers: they are gone when you leave the page";
    told.textContent = `${right} of ${names.length} right on this page. ${where}.`;
  }

  save.addEventListener("click", () => {
    const answers = Object.entries(load()).map(([question, kept]) => ({ question, ...kept }));
    const file = { saved: new Date().toISOString(), answers };
    const blob = new Blob([`${JSON.stringify(file, null, 2)}\n`], { type: "application/json" });
    const link = element("a", { href: URL.createObjectURL(blob), download: "answers.json" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });

  again.addEventListener("click", () => {
    const kept = load();
    for (const name of names) delete kept[name];
    store(kept);
    for (const question of questions) question.show();
    count();
  });

  function showKept() {
    const kept = load();
    for (const question of questions) if (kept[question.name]?.tries?.length) question.show(kept[question.name]);
    count();
  }
  // Another window, or the previous page on closing, may store answers later.
  addEventListener("storage", showKept);
  showKept();
})();
