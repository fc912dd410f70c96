// Draws a page's plotly figures when they come near the window. A classic script, not a module:
// browsers load those from file:// too. What a figure leaves open, the page's theme decides.
"use strict";
(() => {
  const plotlyUrl = new URL("plotly.min.js", document.currentScript.src).href;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const touch = matchMedia("(pointer: coarse)").matches;
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

  // The page's colours as a plotly template: one object reaches every axis, slider and button.
  const themed = (template) => {
    const style = getComputedStyle(document.body);
    const colour = (name) => style.getPropertyValue(`--pst-color-${name}`).trim();
    const text = colour("text-base"), line = colour("border"), surface = colour("surface");
    const clear = "rgba(0,0,0,0)";
    const axis = { gridcolor: line, linecolor: line, tickcolor: line, zerolinecolor: line };
    const solid = { ...axis, showbackground: false };
    const control = { bgcolor: surface, bordercolor: line, font: { color: text } };
    return merge(template, { layout: {
      paper_bgcolor: clear,
      plot_bgcolor: clear,
      font: { color: text, family: style.fontFamily },
      xaxis: axis,
      yaxis: axis,
      scene: { xaxis: solid, yaxis: solid, zaxis: solid },
      legend: { bgcolor: clear },
      hoverlabel: control,
      modebar: { bgcolor: clear, color: line, activecolor: text },
      updatemenudefaults: control,
      sliderdefaults: { ...control, activebgcolor: line, tickcolor: line },
    } });
  };

  // For readers who asked for less motion, a step is a cut.
  const withoutMotion = (value) => {
    if (Array.isArray(value)) return value.map(withoutMotion);
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) =>
      [key, key === "transition" ? { duration: 0 } : withoutMotion(inner)]));
  };

  const draw = async (div) => {
    const Plotly = await loadPlotly();
    const json = div.querySelector("script");
    const figure = JSON.parse(json.textContent);
    json.remove();
    const { width, ...layout } = still ? withoutMotion(figure.layout) : figure.layout; // fills the column
    layout.template = themed(layout.template);
    if (touch && !layout.scene) layout.dragmode ??= false; // a finger scrolls the page
    const config = { ...figure.config, responsive: true, displayModeBar: false };
    await Plotly.newPlot(div, { data: figure.data, layout, frames: figure.frames, config });
  };

  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      draw(target);
    }
  }, { rootMargin: "300px" });
  document.querySelectorAll(".plotly-figure").forEach((div) => seen.observe(div));

  new MutationObserver(() => {
    for (const div of document.querySelectorAll(".plotly-figure.js-plotly-plot")) {
      window.Plotly.relayout(div, { template: themed(div.layout.template) });
    }
  }).observe(document.documentElement, { attributeFilter: ["data-theme"] });
})();
