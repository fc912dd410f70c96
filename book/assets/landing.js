// Moves the figure of the first page: a VNN that learns, one picture after another. What the numbers
// look like is the style sheet's business; this file computes them (by the playground's network.js) and
// sets them in order.
"use strict";
(() => {
  const figure = document.querySelector(".vnn");
  const find = (selector) => figure.querySelector(selector);
  const all = (selector) => [...figure.querySelectorAll(selector)];
  const { network, pictures, labels, classes, rate } = JSON.parse(find("script").textContent);
  const Networks = networkModule(), start = Networks.typed(network);
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const [units, bars] = [all(".unit"), all(".unit .bar")];
  const [play, status, steps, speed] = [find(".play"), find(".status"), all("li"), find(".speed")];
  const WINDOW = 20;
  const [SLOW, FAST] = [4500, 500]; // milliseconds for a picture: the first three, and the last ones

  let rule = "gevb", learner, count, wrong; // pictures learned from so far; which of them were mistakes
  let scene, next; // all about the current picture; the stage that comes next
  let wanted = false, timer;

  const put = (elements, name, values) =>
    elements.forEach((element, k) => element.style.setProperty(name, values[k].toFixed(4)));
  const mark = (elements, name, on) =>
    elements.forEach((element, k) => element.classList.toggle(name, Boolean(on[k])));
  const phase = (step, ...names) => {
    figure.className = ["vnn", ...names].join(" ");
    steps.forEach((item, k) => item.classList.toggle("now", k === step));
  };

  const later = ({ layers }) => layers.slice(1).flatMap(({ weight }) => [...weight]);
  const showWeights = () => put(all(".weight"), "--w", later(learner));
  // The components of all units, unit by unit; those of the layers from upTo on are not computed yet.
  const showBars = (upTo) => put(bars, "--v", scene.trace.a.flatMap((a, l) => {
    const { units } = start.layers[l];
    return Array.from(a, (_, k) => (l < upTo ? a[k % classes.length * units + Math.floor(k / classes.length)] : 0));
  }));
  const closed = (upTo) => scene.trace.open.slice(0, upTo).flatMap((open) => Array.from(open, (o) => !o));

  // Everything about the next picture, before anything of it is shown.
  const look = () => {
    const picture = pictures[count], label = labels[count];
    const x = Float64Array.from(picture, (bit) => 2 * bit - 1);
    const { trace, e, heard, gradients } = Networks.learn(learner, rule, null, x, [label], 1);
    const p = [...Networks.softmax(trace.logits, 1)];
    const after = Networks.copy(learner);
    new Networks.SGD(rate).step(after, gradients);
    Networks.clamp(after);
    scene = { picture, label, trace, p, e, heard, after, guess: p.indexOf(Math.max(...p)) };
  };

  const showMistakes = (name, marks) => {
    const path = (kind, height) => find(`.mistakes [data-rule="${name}"] .${kind}`).setAttribute("d", marks.map((miss, n) =>
      (miss === (kind === "miss") ? `M${2 * n + 1} 0v-${height}` : "")).join(""));
    path("miss", 14);
    path("hit", 2);
  };

  // What the reader sees of a picture, one stage after another, and each one's share of its time.
  const stages = [
    [.1, () => {
      phase(0);
      mark(all(".picture .pixel"), "ink", [...scene.picture].map(Number));
      mark(all(".class"), "truth", classes.map((_, k) => k === scene.label));
      mark(all(".class"), "guess", []);
      mark(units, "closed", []);
      put(all(".share"), "--v", classes.map(() => 0));
      find(".verdict").textContent = "";
      showBars(0);
    }],
    [.1, () => { mark(units, "closed", closed(1)); showBars(1); }],
    [.1, () => { mark(units, "closed", closed(2)); showBars(2); }],
    [.14, () => {
      showBars(3);
      put(all(".share"), "--v", scene.p);
      mark(all(".class"), "guess", classes.map((_, k) => k === scene.guess));
      find(".verdict").textContent = scene.guess === scene.label ? "right" : "wrong";
    }],
    [.12, () => {
      const messages = scene.heard.slice(0, -1).flatMap((heard) => [...heard].flatMap((h) => [...scene.e].map((e) => h * e)));
      put(all(".message:not(.error) .bar"), "--v", messages);
      put(all(".error .bar"), "--v", scene.e);
      const ways = (l) => {
        const { weight, inputs } = learner.layers[l];
        return Array.from(weight, (w, k) => w > 0 && scene.trace.open[l][Math.floor(k / inputs)]);
      };
      mark(all(".way"), "open", [...ways(1), ...ways(2)]);
      phase(1, "erring");
    }],
    [.08, () => (rule === "bp"
      ? phase(2, "erring", "told-2", "way-2")
      : phase(2, "erring", "told-1", "told-2", pace() > 1500 && "spreading"))],
    [.12, () => rule === "bp" && phase(2, "erring", "told-1", "told-2", "way-1")],
    [.24, () => {
      const old = later(learner), shared = later(scene.after).map((w, k) => w - old[k]);
      const [{ weight, units: receivers, inputs }] = learner.layers, changed = scene.after.layers[0].weight;
      const norms = Array.from({ length: receivers * inputs }, (_, k) => Math.hypot(...classes.map((_, mu) =>
        changed[mu * receivers * inputs + k] - weight[mu * receivers * inputs + k])));
      const lines = all(".change:not(.own)");
      put(all(".change.own"), "--d", norms);
      put(lines, "--d", shared.map(Math.abs));
      mark(lines, "up", shared.map((change) => change > 0));
      mark(lines, "down", shared.map((change) => change < 0));
      phase(3, "erring", "told-1", "told-2", "changing");
      learner = scene.after;
      showWeights();
      wrong.push(scene.guess !== scene.label);
      count++;
      showMistakes(rule, wrong);
      say(shared);
    }],
  ];

  const say = (shared) => {
    const missed = (marks) => marks.filter(Boolean).length;
    const [up, down] = [1, -1].map((sign) => shared.filter((change) => change * sign > 0).length);
    status.textContent = `Picture ${count} of ${pictures.length}: a ${classes[scene.label]}, `
      + (scene.guess === scene.label ? "guessed right. " : `taken for a ${classes[scene.guess]}. `)
      + `${up} connections strengthened, ${down} weakened. `
      + (count < 2 * WINDOW ? `Mistakes so far: ${missed(wrong)}.`
        : `Mistakes among the first ${WINDOW}: ${missed(wrong.slice(0, WINDOW))}; latest ${WINDOW}: ${missed(wrong.slice(-WINDOW))}.`);
  };

  const pace = () => (wanted ? Math.max(FAST, SLOW * .75 ** Math.max(0, count - 3)) : SLOW) / speed.value;

  const begin = () => {
    [learner, count, wrong, next] = [start, 0, [], 0];
    showMistakes(rule, wrong);
    showWeights();
  };

  // One stage; the next one follows in time, in frames that a hidden tab does not get.
  const advance = (once) => {
    if (next === 0) look();
    figure.style.setProperty("--t", `${pace() * .1}ms`);
    const [share, show] = stages[next];
    const time = share * pace();
    show();
    next = (next + 1) % stages.length;
    if (next === 0 && (once || count === pictures.length)) return pause();
    const mine = timer = setTimeout(() => requestAnimationFrame(() => timer === mine && advance(once)), time);
  };

  const halt = () => { clearTimeout(timer); timer = 0; };
  const pause = () => {
    halt();
    wanted = false;
    play.textContent = "Play";
    status.setAttribute("aria-live", "polite");
  };
  const run = (delay) => {
    halt();
    if (count === pictures.length) begin();
    wanted = true;
    play.textContent = "Pause";
    status.setAttribute("aria-live", "off"); // nothing is read out while it plays
    timer = setTimeout(() => advance(false), delay);
  };
  // All the rest of a picture: at once for those who asked for less motion.
  const one = () => {
    const fresh = next === 0;
    pause();
    if (count === pictures.length) begin();
    if (!still.matches) return advance(true);
    if (fresh) look();
    stages.slice(next).forEach(([, show]) => show());
    next = 0;
  };

  play.addEventListener("click", () => {
    if (wanted) {
      pause();
      status.textContent = `Paused. ${status.textContent.replace(/^Paused\. /, "")}`;
    } else run(0);
  });
  find(".step").addEventListener("click", one);
  const restart = (on) => {
    pause();
    begin();
    if (on) return run(0);
    one();
  };
  speed.addEventListener("change", () => {
    status.textContent = `It plays at ${speed.selectedOptions[0].textContent} speed.`;
  });
  find(".again").addEventListener("click", () => restart(wanted));
  for (const button of all(".rule")) {
    button.addEventListener("click", () => {
      const on = wanted;
      rule = figure.dataset.rule = button.value;
      all(".rule").forEach((other) => other.setAttribute("aria-pressed", other === button));
      restart(on);
    });
  }

  // It plays by itself, once it is in sight and the page is at rest, unless the reader prefers stillness.
  const settle = () => {
    for (const name of ["gevb", "bp"]) showMistakes(name, []); // drawn whole for those without scripts
    begin();
    if (still.matches) return one();
    let first = true;
    new IntersectionObserver(([entry]) => {
      if (entry.intersectionRatio < .5) return halt();
      if (first) run(1000);
      else if (wanted && !timer) advance(false);
      first = false;
    }, { threshold: .5 }).observe(find(".stage"));
  };
  if (document.readyState === "complete") settle(); else addEventListener("load", settle);
})();
