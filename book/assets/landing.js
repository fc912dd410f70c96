// Animates the figure of the first page: two VNNs that learn, picture by picture, one by GEVB and one
// by back-propagation. This file computes the numbers (by the playground's network.js) and sets them
// in order; the style sheet draws them.
"use strict";
(() => {
  const figure = document.querySelector(".vnn");
  const find = (selector) => figure.querySelector(selector);
  const all = (selector, place = figure) => [...place.querySelectorAll(selector)];
  const { network, pictures, labels, classes, rate } = JSON.parse(find("script").textContent);
  const Networks = networkModule(), start = Networks.typed(network);
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const [play, status, steps, speed] = [find(".play"), find(".status"), all("li"), find(".speed")];
  const WINDOW = 20;
  const [SLOW, FAST] = [4500, 500]; // milliseconds for a picture: the first three, and the last ones

  let count, next; // pictures learned from so far; the stage that comes next
  let wanted = false, timer;

  const put = (elements, name, values) =>
    elements.forEach((element, k) => element.style.setProperty(name, values[k].toFixed(4)));
  const mark = (elements, name, on) =>
    elements.forEach((element, k) => element.classList.toggle(name, Boolean(on[k])));
  const step = (now) => steps.forEach((item, k) => item.classList.toggle("now", k === now));
  const later = ({ layers }) => layers.slice(1).flatMap(({ weight }) => [...weight]);

  // One network, its drawing and its mistakes.
  class Net {
    constructor(place) {
      this.place = place;
      this.rule = place.dataset.rule;
      [this.units, this.bars] = [this.all(".unit"), this.all(".unit .bar")];
    }

    all(selector) { return all(selector, this.place); }

    begin() {
      [this.learner, this.wrong] = [start, []];
      this.showMistakes();
      this.showWeights();
    }

    phase(...names) { this.place.className = ["net", ...names.filter(Boolean)].join(" "); }

    showWeights() { put(this.all(".weight"), "--w", later(this.learner)); }

    // The components of all units, unit by unit; those of the layers from upTo on are not computed yet.
    showBars(upTo) {
      put(this.bars, "--v", this.scene.trace.a.flatMap((a, l) => {
        const { units } = start.layers[l];
        return Array.from(a, (_, k) => (l < upTo ? a[k % classes.length * units + Math.floor(k / classes.length)] : 0));
      }));
      const open = this.scene.trace.open.slice(0, upTo);
      mark(this.units, "closed", open.flatMap((gates) => Array.from(gates, (o) => !o)));
    }

    showMistakes() {
      const path = (kind, height) => this.place.querySelector(`.mistakes .${kind}`).setAttribute("d", this.wrong.map((miss, n) =>
        (miss === (kind === "miss") ? `M${2 * n + 1} 0v-${height}` : "")).join(""));
      path("miss", 14);
      path("hit", 2);
    }

    // Computes all of the next picture before any of it is shown.
    look(picture, label) {
      const x = Float64Array.from(picture, (bit) => 2 * bit - 1);
      const { trace, e, heard, gradients } = Networks.learn(this.learner, this.rule, null, x, [label], 1);
      const p = [...Networks.softmax(trace.logits, 1)];
      const after = Networks.copy(this.learner);
      new Networks.SGD(rate).step(after, gradients);
      Networks.clamp(after);
      this.scene = { picture, label, trace, p, e, heard, after, guess: p.indexOf(Math.max(...p)) };
    }

    showPicture() {
      this.phase();
      mark(this.all(".picture .pixel"), "ink", [...this.scene.picture].map(Number));
      mark(this.all(".class"), "truth", classes.map((_, k) => k === this.scene.label));
      mark(this.all(".class"), "guess", []);
      put(this.all(".share"), "--v", classes.map(() => 0));
      this.place.querySelector(".verdict").textContent = "";
      this.showBars(0);
    }

    showGuess() {
      const { p, guess, label } = this.scene;
      this.showBars(3);
      put(this.all(".share"), "--v", p);
      mark(this.all(".class"), "guess", classes.map((_, k) => k === guess));
      this.place.querySelector(".verdict").textContent = guess === label ? "right" : "wrong";
    }

    showError() {
      const { heard, e, trace } = this.scene;
      const messages = heard.slice(0, -1).flatMap((layer) => [...layer].flatMap((h) => [...e].map((error) => h * error)));
      put(this.all(".message:not(.error) .bar"), "--v", messages);
      put(this.all(".error .bar"), "--v", e);
      const ways = (l) => {
        const { weight, inputs } = this.learner.layers[l];
        return Array.from(weight, (w, k) => w > 0 && trace.open[l][Math.floor(k / inputs)]);
      };
      mark(this.all(".way"), "open", [...ways(1), ...ways(2)]);
      this.phase("erring");
    }

    // GEVB reaches all units at once, back-propagation the second hidden layer before the first.
    tell(first) {
      if (this.rule === "bp") this.phase("erring", "told-2", ...(first ? ["way-2"] : ["told-1", "way-1"]));
      else if (first) this.phase("erring", "told-1", "told-2", pace() > 1500 && "spreading");
    }

    learn() {
      const { after, guess, label } = this.scene;
      const old = later(this.learner), shared = later(after).map((w, k) => w - old[k]);
      const [{ weight, units: receivers, inputs }] = this.learner.layers, changed = after.layers[0].weight;
      const norms = Array.from({ length: receivers * inputs }, (_, k) => Math.hypot(...classes.map((_, mu) =>
        changed[mu * receivers * inputs + k] - weight[mu * receivers * inputs + k])));
      const lines = this.all(".change:not(.own)");
      put(this.all(".change.own"), "--d", norms);
      put(lines, "--d", shared.map(Math.abs));
      mark(lines, "up", shared.map((change) => change > 0));
      mark(lines, "down", shared.map((change) => change < 0));
      this.phase("erring", "told-1", "told-2", "changing");
      this.learner = after;
      this.showWeights();
      this.wrong.push(guess !== label);
      this.showMistakes();
    }
  }

  let nets; // made when the page has settled; the static drawing is for readers without scripts
  const each = (show) => () => nets.forEach(show);

  // The visible stages of a picture, in order, with their shares of its time.
  const stages = [
    [.1, () => { step(0); nets.forEach((net) => net.showPicture()); }],
    [.1, each((net) => net.showBars(1))],
    [.1, each((net) => net.showBars(2))],
    [.14, each((net) => net.showGuess())],
    [.12, () => { step(1); nets.forEach((net) => net.showError()); }],
    [.08, () => { step(2); nets.forEach((net) => net.tell(true)); }],
    [.12, each((net) => net.tell(false))],
    [.24, () => { step(3); nets.forEach((net) => net.learn()); count++; say(); }],
  ];

  const say = () => {
    const missed = (marks) => marks.filter(Boolean).length;
    const told = (tell) => nets.map((net) => `${net.rule.toUpperCase()} ${tell(net)}`).join(", ");
    status.textContent = `Picture ${count} of ${pictures.length}, a ${classes[labels[count - 1]]}: `
      + `${told(({ scene: { guess, label } }) => (guess === label ? "is right" : `guesses ${classes[guess]}`))}. `
      + (count < 2 * WINDOW ? `Mistakes so far: ${told(({ wrong }) => missed(wrong))}.`
        : `Mistakes among the first ${WINDOW} and the latest ${WINDOW}: `
          + `${told(({ wrong }) => `${missed(wrong.slice(0, WINDOW))} and ${missed(wrong.slice(-WINDOW))}`)}.`);
  };

  const look = () => nets.forEach((net) => net.look(pictures[count], labels[count]));
  const pace = () => (wanted ? Math.max(FAST, SLOW * .75 ** Math.max(0, count - 3)) : SLOW) / speed.value;

  const begin = () => {
    [count, next] = [0, 0];
    nets.forEach((net) => net.begin());
  };

  // Shows one stage and schedules the next, by animation frames, which pause in a hidden tab.
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
    status.setAttribute("aria-live", "off"); // screen readers are silent while it plays
    timer = setTimeout(() => advance(false), delay);
  };
  // The remaining stages of a picture: at once for readers who prefer reduced motion.
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
  speed.addEventListener("change", () => {
    status.textContent = `It plays at ${speed.selectedOptions[0].textContent} speed.`;
  });
  find(".again").addEventListener("click", () => {
    const on = wanted;
    pause();
    begin();
    if (on) run(0);
    else one();
  });

  // Plays automatically, once visible and the page is idle, unless the reader prefers reduced motion.
  const settle = () => {
    nets = all(".net").map((place) => new Net(place));
    begin();
    if (still.matches) return one();
    let first = true;
    new IntersectionObserver(([entry]) => {
      if (entry.intersectionRatio < .5) return halt();
      if (first) run(1000);
      else if (wanted && !timer) advance(false);
      first = false;
    }, { threshold: .5 }).observe(find(".nets"));
  };
  if (document.readyState === "complete") settle(); else addEventListener("load", settle);
})();
