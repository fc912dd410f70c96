// Draws a page's plotly figures when they come near the window, replaces their pictures, and
// connects the controls above them. The number of a figure links to it with the current choice:
// "#figure-2=MNIST" is the second figure of a page, with the choice called MNIST.
// A classic script, not a module, because browsers load those from file:// too. The page's theme
// supplies all settings that a figure does not set.
"use strict";
(() => {
  const plotlyUrl = new URL("plotly.min.js", document.currentScript.src).href;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const touch = matchMedia("(pointer: coarse)").matches;
  const narrow = matchMedia("(max-width: 599px)"); // as in custom.css
  const isObject = (value) => value?.constructor === Object;

  let plotly; // a promise: the first figure in sight fetches the library
  const loadPlotly = () => (plotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = plotlyUrl;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error(`cannot load ${plotlyUrl}`));
    document.head.append(script);
  }));

  const merge = (base, over) => {
    const result = { ...base };
    for (const [key, value] of Object.entries(over)) {
      result[key] = isObject(value) ? merge(result[key], value) : value;
    }
    return result;
  };

  // The page's colours as a plotly template: one object reaches every axis.
  const themed = (template) => {
    const style = getComputedStyle(document.body);
    const colour = (name) => style.getPropertyValue(`--pst-color-${name}`).trim();
    const text = colour("text-base"), line = colour("border"), surface = colour("surface");
    const clear = "rgba(0,0,0,0)";
    const axis = { gridcolor: line, linecolor: line, tickcolor: line, zerolinecolor: line };
    return merge(template, { layout: {
      paper_bgcolor: clear,
      plot_bgcolor: clear,
      font: { color: text, family: style.fontFamily },
      xaxis: axis,
      yaxis: axis,
      legend: { bgcolor: clear },
      hoverlabel: { bgcolor: surface, bordercolor: line, font: { color: text } },
    } });
  };

  // Without animation for readers who prefer reduced motion.
  const withoutMotion = (value) => {
    if (Array.isArray(value)) return value.map(withoutMotion);
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) =>
      [key, key === "transition" ? { duration: 0 } : withoutMotion(inner)]));
  };

  // The page's controls: one for each menu and slider of the figure, in this order.
  const controlsOf = (div) => {
    const before = div.previousElementSibling;
    return before?.matches(".figure-controls") ? [...before.children] : [];
  };
  const say = (control, text) => {
    control.querySelector("output").value = text;
    control.querySelector("input").setAttribute("aria-valuetext", text);
  };

  const drawNow = async (div) => {
    const Plotly = await loadPlotly();
    const json = div.querySelector("script"), picture = div.querySelector("picture");
    const figure = JSON.parse(json.textContent);
    json.remove();
    // Width and height are those of the element.
    const { width, height, sliders = [], updatemenus = [], ...layout } =
      still ? withoutMotion(figure.layout) : figure.layout;
    const { margin } = layout;
    const fitting = () => (narrow.matches && layout.meta.narrow?.margin) || margin;
    layout.margin = fitting();
    layout.template = themed(layout.template);
    if (touch) layout.dragmode ??= false; // a finger scrolls the page
    const config = { ...figure.config, responsive: true, displayModeBar: false };
    await Plotly.newPlot(div, { data: figure.data, layout, frames: figure.frames, config });
    picture?.remove();
    narrow.addEventListener("change", () => Plotly.relayout(div, { margin: fitting() }));
    const choices = [...updatemenus.map((menu) => menu.buttons), ...sliders.map(({ steps }) => steps)];
    controlsOf(div).forEach((control, index) => {
      const range = control.querySelector("input");
      if (range) div.on("plotly_animatingframe", ({ name }) => { // an animation moves its slider
        const at = choices[index].findIndex((step) => step.args[0]?.[0] === name);
        if (at < 0 || at === range.valueAsNumber) return;
        range.value = at;
        say(control, choices[index][at].label);
        link(div, choices[index][at].label);
      });
    });
    return choices;
  };
  const drawings = new Map(); // figure -> promise of its controls' choices
  const draw = (div) => {
    if (!drawings.has(div)) drawings.set(div, drawNow(div));
    return drawings.get(div);
  };

  // A figure's link to itself.
  const link = (div, label) => {
    const number = div.parentElement.querySelector("a.figure-number");
    const address = `#${div.parentElement.id}=${encodeURIComponent(label)}`;
    number?.setAttribute("href", address);
  };

  const wire = (div) => controlsOf(div).forEach((control, index) => {
    const act = async (choice) => {
      const { method, args, label } = (await draw(div))[index][choice];
      if (control.querySelector("output")) say(control, label);
      if (!control.querySelector("button:not([aria-pressed])")) link(div, label);
      await window.Plotly[method](div, ...args).catch((reason) => {
        if (reason) throw reason; // no reason: a newer choice replaced this one
      });
    };
    control.addEventListener("input", ({ target }) => {
      act(target.matches("select") ? target.selectedIndex : target.valueAsNumber);
    });
    const buttons = [...control.querySelectorAll("button")];
    buttons.forEach((button, choice) => button.addEventListener("click", () => {
      if (button.ariaPressed) buttons.forEach((other) => { other.ariaPressed = other === button; });
      act(choice);
    }));
  });

  // Shows the figure and the choice named in the address.
  const follow = async () => {
    const [, id, name] = location.hash.match(/^#(figure-\d+)=(.*)$/) ?? [];
    const block = id && document.getElementById(id);
    if (!block) return;
    block.scrollIntoView();
    const div = block.querySelector(".plotly-figure");
    const label = decodeURIComponent(name);
    (await draw(div)).forEach((choices, index) => {
      const at = choices.findIndex((choice) => choice.label === label);
      const control = controlsOf(div)[index];
      const [range, list, button] = [control.querySelector("input"),
        control.querySelector("select"), control.querySelectorAll("button[aria-pressed]")[at]];
      if (at < 0) return;
      button?.click();
      if (range) range.value = at;
      if (list) list.selectedIndex = at;
      (range ?? list)?.dispatchEvent(new Event("input", { bubbles: true }));
    });
  };

  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      draw(target);
    }
  }, { rootMargin: "300px" });
  const figures = [...document.querySelectorAll(".plotly-figure")];
  figures.forEach((div) => {
    wire(div);
    seen.observe(div);
  });
  follow();
  addEventListener("hashchange", follow);

  new MutationObserver(() => {
    for (const div of figures.filter((figure) => figure.matches(".js-plotly-plot"))) {
      window.Plotly.relayout(div, { template: themed(div.layout.template) });
    }
  }).observe(document.documentElement, { attributeFilter: ["data-theme"] });

  // Only drawn figures are printed, so the theme's print button waits for all of them.
  const print = window.print.bind(window);
  window.print = async () => {
    await Promise.all(figures.map(draw));
    print();
  };
  window.addEventListener("beforeprint", () => { if (window.Plotly) figures.forEach(draw); });
})();
