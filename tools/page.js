// What the tools ask of a page of the built book. `browser.ask` calls these functions by name;
// the text between the parentheses is one object. Functions of a control or a figure take its
// element first.
({
  // ---------------------------------------------------------------- reading a page

  // Brings every part into sight that waits for it.
  async readThrough() {
    // Until observers were told that it is in sight; in a window that shows nothing they never are.
    const seen = (part) => new Promise((done) => {
      const observer = new IntersectionObserver((entries) => {
        if (entries.some((entry) => entry.isIntersecting)) done(observer.disconnect());
      });
      observer.observe(part);
      setTimeout(done, 3000);
    });
    const lazy = ".plotly-figure, .vnn, img[loading=lazy]:not(.plotly-figure *)";
    for (const part of document.querySelectorAll(lazy)) {
      if (!part.checkVisibility()) continue;
      part.scrollIntoView({ block: "center", behavior: "instant" });
      await seen(part);
    }
    scrollTo({ top: 0, behavior: "instant" });
    await document.fonts.ready;
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

  // Words in drawn figures that are cut or lie on each other, panels with nothing in them, and
  // entries of a legend that stand for nothing.
  drawings() {
    const rect = (element) => element.getBoundingClientRect();
    const shared = (a, b) => [Math.min(a.right, b.right) - Math.max(a.left, b.left),
      Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)];
    const drawn = [...document.querySelectorAll(".plotly-figure.js-plotly-plot")];
    return drawn.flatMap((figure) => {
      const which = `figure ${this.number(figure)}`;
      const box = rect(figure), found = [];
      const words = [...figure.querySelectorAll(".main-svg text")].filter((text) =>
        text.textContent.trim() && rect(text).width && text.checkVisibility({ opacityProperty: true }));
      for (const [i, text] of words.entries()) {
        const place = rect(text), said = `"${text.textContent.trim()}"`;
        if (place.left < box.left - 1 || place.right > box.right + 1
            || place.top < box.top - 1 || place.bottom > box.bottom + 1) {
          found.push(`${which}: ${said} is cut`);
        }
        for (const other of words.slice(i + 1)) {
          const [wide, high] = shared(place, rect(other));
          if (wide > 2 && high > 4) found.push(`${which}: ${said} on "${other.textContent.trim()}"`);
        }
      }
      for (const [name, { xaxis, yaxis }] of Object.entries(figure._fullLayout._plots)) {
        const panel = { left: box.left + xaxis._offset, right: box.left + xaxis._offset + xaxis._length,
          top: box.top + yaxis._offset, bottom: box.top + yaxis._offset + yaxis._length };
        const marks = figure.querySelectorAll(`.subplot.${name} :is(.trace, .hm) :is(path[d], image, text)`);
        const says = words.some((text) => text.closest(".annotation")
          && shared(panel, rect(text)).every((length) => length > 4));
        if (!marks.length && !says) found.push(`${which}: nothing in panel ${name}`);
      }
      const some = (trace) => [trace.x, trace.y, trace.z].some((values) =>
        values?.length && [...values].flat().some((value) => value !== null && value === value));
      const later = figure._transitionData._frames.flatMap(({ traces, data }) =>
        data.map((trace, i) => [traces[i], trace]));
      const filled = (trace) => some(trace)
        || later.some(([index, view]) => index === trace.index && some(view));
      for (const trace of figure._fullData) {
        if (!trace.showlegend || trace.visible !== true || trace.meta === "key") continue;
        const group = figure._fullData.filter((other) => other === trace
          || (trace.legendgroup && other.legendgroup === trace.legendgroup));
        if (!group.some(filled)) found.push(`${which}: nothing is "${trace.name}"`);
      }
      return found;
    });
  },

  // A figure's number on its page, from 1.
  number(figure) {
    return 1 + [...document.querySelectorAll(".plotly-figure")].indexOf(figure);
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

  // Marks one element for each look that words have on the page: their colour, size and weight,
  // on what, in links beside which other colour.
  markLooks() {
    const telling = (parts) => parts.filter((part) => !["1", "none", "rgba(0, 0, 0, 0)"].includes(part)).join();
    const grounds = new Map([[null, ""]]);
    const ground = (element) => {
      if (!grounds.has(element)) {
        const { opacity, backgroundColor, backgroundImage } = getComputedStyle(element);
        const own = telling([opacity, backgroundImage, backgroundColor]);
        grounds.set(element, ground(element.parentElement) + (own && `/${own}`));
      }
      return grounds.get(element);
    };
    const looks = new Set();
    for (const element of document.body.querySelectorAll("*")) {
      delete element.dataset.look;
      const speaks = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
      if (!speaks || !element.checkVisibility({ visibilityProperty: true })) continue;
      const { color, fontSize, fontWeight, textDecorationLine } = getComputedStyle(element);
      const look = [color, fontSize, fontWeight, textDecorationLine];
      const link = element.closest("a");
      if (link) look.push(getComputedStyle(link.parentElement).color);
      const name = telling(look) + ground(element);
      if (!looks.has(name)) element.dataset.look = looks.add(name).size;
    }
  },

  // Puts an empty block of the same size in place of what axe would look at in vain, and long:
  // the inside of equations, code, signatures and drawings, but for marked looks and what takes
  // the focus.
  setAside() {
    const asked = "[data-look], a, button, input, [tabindex]";
    const found = [];
    const spare = (element) => {
      if (element.matches("a")) return; // its words are its name
      if (element.dataset.look || element.querySelector(asked)) {
        for (const inner of element.children) spare(inner);
      } else if (element.children.length) {
        const inside = new Range();
        inside.selectNodeContents(element);
        found.push([element, inside.getBoundingClientRect()]);
      }
    };
    for (const root of document.querySelectorAll(".katex > *, pre, .sig, .main-svg")) spare(root);
    for (const [element, { width, height }] of found) {
      const block = document.createElement("span");
      block.className = "set-aside";
      block.style = `display: inline-block; width: ${width}px; height: ${height}px`;
      block.instead = [...element.childNodes];
      element.replaceChildren(block);
    }
  },

  putBack() {
    for (const block of document.querySelectorAll(".set-aside")) block.replaceWith(...block.instead);
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

  // Blocks, but for those within the elements named, that a reader has to scroll sideways.
  scrolling(allowed) {
    return [...document.querySelectorAll("main *")].filter((block) =>
      ["auto", "scroll"].includes(getComputedStyle(block).overflowX) && block.clientWidth
        && block.scrollWidth > block.clientWidth + 1 && !(allowed && block.closest(allowed)))
      .map((block) => `${this.tell(block)}: ${block.scrollWidth} px in ${block.clientWidth} px`);
  },

  // Figures that leave a reader without JavaScript without a picture.
  async standIns() {
    for (const image of document.querySelectorAll(".plotly-figure img")) {
      image.loading = "eager";
      await image.decode().catch(() => {}); // has no width then
    }
    return [...document.querySelectorAll(".plotly-figure")].flatMap((figure, i) =>
      [...figure.querySelectorAll("img")].some((image) => image.checkVisibility()
        && image.getBoundingClientRect().width && image.naturalWidth)
        ? [] : [`figure ${i + 1}, ${this.tell(figure)}: no picture stands in for it`]);
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

  // A number that changes with what a figure shows; the drawing itself would be megabytes.
  drawing(figure) {
    let sum = 0;
    for (const part of figure.querySelectorAll(".main-svg")) {
      for (const sign of part.outerHTML) sum = (Math.imul(sum, 31) + sign.charCodeAt()) | 0;
    }
    return sum;
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
