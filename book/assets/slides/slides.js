// Shows a deck's sections one at a time. A classic script, not a module: browsers load those from
// file:// too. Keys: arrows, Page Up and Down, Space, Home, End; n notes, w notes in a window,
// f full screen, Escape leaves.
"use strict";
(() => {
  const foot = document.querySelector(".deck-foot");
  const root = document.documentElement;
  const all = [...document.querySelectorAll("section.slide")];
  let slides = [], at = -1, began = 0, beside = null;

  const minutesOf = (slide) => {
    const { minutes, short } = slide.querySelector(".slide-time").dataset;
    return Number(root.classList.contains("short-class") ? short : minutes);
  };
  const minutesBefore = (n) => slides.slice(0, n).reduce((sum, slide) => sum + minutesOf(slide), 0);
  const button = (value) => foot.querySelector(`[value=${value}]`);

  // Elements around the deck are out of reach while it covers the page.
  const surroundings = () => {
    const found = [];
    for (let node = all[0].parentElement; node !== document.body; node = node.parentElement) {
      found.push(...[...node.parentElement.children].filter((other) => other !== node));
    }
    return found.filter((node) => !node.matches("script, link, style"));
  };

  const tick = () => {
    if (at < 0) return;
    const passed = Math.floor((Date.now() - began) / 60000), due = minutesBefore(at);
    const text = `minute ${passed}, planned ${due}`;
    foot.querySelector(".deck-clock").textContent = text;
    const clock = beside?.document.querySelector(".deck-clock");
    if (clock) clock.textContent = text;
  };

  // This script writes the second window, so that it works from file:// too.
  const tell = () => {
    if (!beside || beside.closed) return;
    const page = beside.document, slide = slides[at], next = slides[at + 1];
    const title = (node) => node.querySelector("h2").firstChild.textContent;
    const line = (tag, text, kind) => {
      const element = page.createElement(tag);
      element.textContent = text;
      if (kind) element.className = kind;
      return element;
    };
    page.title = `Notes: ${title(slide)}`;
    page.body.replaceChildren(
      line("h1", `${at + 1} / ${slides.length} ${title(slide)}`),
      page.importNode(slide.querySelector(".slide-notes"), true),
      line("p", next ? `Next: ${title(next)}` : "The last slide."),
      line("p", "", "deck-clock"),
    );
    tick();
  };

  const show = (n) => {
    slides[at]?.classList.remove("shown");
    at = Math.max(0, Math.min(slides.length - 1, n));
    const slide = slides[at];
    slide.classList.add("shown");
    slide.scrollTop = 0;
    history.replaceState(null, "", `#${slide.id}`);
    foot.querySelector(".deck-place").textContent = `${at + 1} / ${slides.length}`;
    button("back").disabled = at === 0;
    button("on").disabled = at === slides.length - 1;
    window.dispatchEvent(new Event("resize")); // figures take the slide's width
    tell();
    tick();
  };

  const present = (short) => {
    root.classList.toggle("short-class", short);
    slides = short ? all.filter((slide) => slide.classList.contains("short")) : all;
    const here = slides.findIndex((slide) => `#${slide.id}` === location.hash);
    root.classList.add("presenting");
    surroundings().forEach((node) => { node.inert = true; });
    foot.hidden = false;
    all[0].parentElement.append(foot);
    began = Date.now();
    show(Math.max(0, here));
    button("on").focus();
  };

  const leave = () => {
    const slide = slides[at];
    slide.classList.remove("shown");
    root.classList.remove("presenting", "short-class", "with-notes");
    surroundings().forEach((node) => { node.inert = false; });
    foot.hidden = true;
    at = -1;
    beside?.close();
    if (document.fullscreenElement) document.exitFullscreen();
    slide.scrollIntoView();
  };

  const openWindow = () => {
    beside = window.open("", "notes", "width=720,height=640");
    if (!beside) return; // the browser blocks new windows
    for (const sheet of document.querySelectorAll("link[rel=stylesheet]")) {
      const link = beside.document.createElement("link");
      link.rel = "stylesheet";
      link.href = sheet.href;
      beside.document.head.append(link);
    }
    beside.document.documentElement.dataset.theme = root.dataset.theme;
    beside.document.documentElement.className = "notes-window";
    beside.onkeydown = onKey;
    tell();
  };

  const print = (notes) => {
    root.classList.toggle("print-notes", notes);
    window.print(); // figure.js draws all figures first
  };

  const acts = {
    long: () => present(false),
    short: () => present(true),
    handout: () => print(false),
    "print-notes": () => print(true),
    back: () => show(at - 1),
    on: () => show(at + 1),
    notes: () => { button("notes").ariaPressed = String(root.classList.toggle("with-notes")); },
    window: openWindow,
    leave,
  };
  const keys = {
    ArrowRight: acts.on, ArrowLeft: acts.back, PageDown: acts.on, PageUp: acts.back, " ": acts.on,
    Home: () => show(0), End: () => show(slides.length - 1), n: acts.notes, w: openWindow,
    f: () => root.requestFullscreen(), Escape: leave,
  };
  // A figure's sliders, lists and buttons keep their own keys.
  const own = "input, select, textarea, summary, a, button";
  function onKey(event) {
    if (at < 0 || event.ctrlKey || event.altKey || event.metaKey || !keys[event.key]) return;
    const works = event.target.closest?.(own) && !event.target.closest(".deck-foot");
    if (works && (event.key === " " || (event.target.matches("input, select, textarea")
      && !/^Page|^Escape/.test(event.key)))) return;
    if (event.key === " " && event.target.closest?.(".deck-foot")) return; // the key presses the button
    event.preventDefault();
    keys[event.key]();
  }

  document.addEventListener("keydown", onKey);
  document.addEventListener("click", ({ target }) => {
    const pressed = target.closest(".deck-bar button, .deck-foot button");
    if (pressed) acts[pressed.value]();
  });
  setInterval(tick, 5000);
})();
