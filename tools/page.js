// What the tools ask of a page of the built book. `browser.ask` calls these functions by name;
// the text between the parentheses is one object. Functions of a control or a figure take its
// element first.
({
  // ---------------------------------------------------------------- reading a page

  // Scrolls through all of the page, which brings every lazy part into sight.
  async readThrough() {
    const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 30)));
    for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight) {
      scrollTo({ top: y, behavior: "instant" });
      await frame();
    }
    scrollTo({ top: 0, behavior: "instant" });
    await document.fonts.ready;
    await frame();
  },

  allDrawn() {
    return [...document.querySelectorAll(".plotly-figure")]
      .every((figure) => figure.querySelector(".main-svg"));
  },

  // An element as a reader of a fault can find it.
  tell(element) {
    const words = element.getAttribute("aria-label") || element.textContent;
    const classes = [...element.classList].map((name) => "." + name).join("");
    const shown = words.trim().replace(/\s+/g, " ").slice(0, 50);
    return `<${element.localName}${element.id && "#" + element.id}${classes}> ${shown}`;
  },

  // Bytes that the page and all it asked for took on the way, without headers.
  weight() {
    return [...performance.getEntriesByType("navigation"),
      ...performance.getEntriesByType("resource")]
      .reduce((sum, entry) => sum + entry.encodedBodySize, 0);
  },

  // ---------------------------------------------------------------- faults of a page

  // Figures not drawn, empty, nameless, or with a control that no keyboard reaches.
  figures() {
    const named = (element) => (element.getAttribute("aria-label") ?? "").trim()
      || (element.getAttribute("aria-labelledby") ?? "").split(" ")
        .some((id) => document.getElementById(id)?.textContent.trim());
    return [...document.querySelectorAll(".plotly-figure")].flatMap((figure, i) => {
      const which = `figure ${i + 1}, ${this.tell(figure)}`;
      const plot = figure.closest(".js-plotly-plot") ?? figure.querySelector(".js-plotly-plot");
      const marks = figure.querySelectorAll(".trace, .hm");
      const size = figure.querySelector(".main-svg")?.getBoundingClientRect();
      return [
        (!plot || !size?.width || !size?.height) && `${which}: not drawn`,
        plot && !marks.length && `${which}: drawn without a single mark`,
        !named(figure) && ![...figure.querySelectorAll("[role=img]")].some(named)
          && `${which}: no accessible name`,
        figure.querySelector(".slider-container, .updatemenu-container")
          && `${which}: has a control of plotly's own, which no keyboard reaches`,
      ].filter(Boolean);
    });
  },

  // Equations with errors, equations not set, and TeX in plain sight.
  mathematics() {
    const found = [];
    for (const node of document.querySelectorAll(".katex-error")) {
      found.push(`${this.tell(node)}: ${node.title}`);
    }
    for (const node of document.querySelectorAll("div.math, span.math")) {
      if (!node.querySelector(".katex")) found.push(`${this.tell(node)}: not set`);
    }
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const { data, parentElement } = walker.currentNode;
      if (/\$\$|\\\(/.test(data) && parentElement.checkVisibility()
          && !parentElement.closest("code, pre, script, style, noscript, .katex")) {
        found.push(`${this.tell(parentElement)}: raw mathematics`);
      }
    }
    return found;
  },

  // What makes the page wider than its window.
  overflow(width) {
    const sticksOut = (element) => element.getBoundingClientRect().right > width + 1;
    const held = (element) => {
      for (let outer = element.parentElement; outer; outer = outer.parentElement) {
        if (outer !== document.body && outer !== document.documentElement
            && getComputedStyle(outer).overflowX !== "visible") return true;
      }
      return false;
    };
    const excess = document.documentElement.scrollWidth - width;
    if (excess <= 0) return [];
    const culprits = [...document.body.querySelectorAll("*")].filter((element) =>
      sticksOut(element) && ![...element.children].some(sticksOut) && !held(element));
    const shown = culprits.slice(0, 5).map((element) => this.tell(element));
    return [`${excess} px wider than the window of ${width} px: ${shown}`];
  },

  // Code cells of which a reader has to scroll to see the ends of the lines.
  longLines() {
    return [...document.querySelectorAll("div.cell_input pre")].flatMap((code, i) =>
      code.scrollWidth > code.clientWidth
        ? [`code cell ${i + 1}: ${code.scrollWidth} px in ${code.clientWidth} px`] : []);
  },

  // Figures that leave a reader without JavaScript with nothing.
  standIns() {
    return [...document.querySelectorAll(".plotly-figure")].flatMap((figure, i) => {
      const next = figure.nextElementSibling;
      const places = [figure, ...(next?.localName === "noscript" ? [next] : [])];
      const texts = places.flatMap((place) =>
        place.localName === "noscript" ? [place] : [...place.querySelectorAll("noscript")]);
      const images = places.flatMap((place) => [...place.querySelectorAll("img, svg")]);
      const seen = texts.some((text) => text.innerText.trim()) || images.some((image) =>
        image.checkVisibility() && image.getBoundingClientRect().width && image.naturalWidth !== 0);
      return seen ? [] : [`figure ${i + 1}, ${this.tell(figure)}: nothing stands in for it`];
    });
  },

  // ---------------------------------------------------------------- figures and their controls

  // For every figure, how many sliders and how many buttons and lists it has.
  controlCounts() {
    return [...document.querySelectorAll(".plotly-figure")].map((figure) => {
      const before = figure.previousElementSibling;
      const group = figure.querySelector(".figure-controls")
        ?? (before?.matches(".figure-controls") ? before : null);
      return ["input[type=range]", "button, select"]
        .map((kind) => group?.querySelectorAll(kind).length ?? 0);
    });
  },

  // The figure that a group of controls belongs to: around it, or next to it.
  owner(group) {
    return group.closest(".plotly-figure") ?? group.nextElementSibling;
  },

  drawing(figure) {
    return [...figure.querySelectorAll(".main-svg")].map((part) => part.outerHTML).join("");
  },

  output(control) {
    return control.closest(".figure-controls").querySelector("output")?.textContent;
  },

  // The key that has to work a control now: at its last value, a list or slider goes back.
  keyFor(control) {
    return ({
      button: () => "Enter",
      select: () => control.selectedIndex + 1 < control.length ? "ArrowDown" : "ArrowUp",
      input: () => control.type !== "range" ? "Space"
        : +control.value < +control.max ? "ArrowRight" : "ArrowLeft",
    })[control.localName]();
  },

  // Whether a control of a group is the chosen one, or a list offers no choice.
  isChosen(control) {
    return control.ariaPressed === "true" || (control.type === "radio" && control.checked)
      || (control.localName === "select" && control.length < 2);
  },

  // Whether pressing a control sets something going, instead of choosing.
  isAction(control) {
    return control.localName === "button" && control.ariaPressed === null;
  },

  hasFocus(control) {
    return control === document.activeElement;
  },
})
