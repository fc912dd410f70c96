// The page: controls, the runs in a worker, and what is drawn of them.
"use strict";
(() => {
  const Random = randomModule(), Networks = networkModule(), Initial = initialModule(Random);
  const Data = dataModule(Random), State = stateModule(), Draw = drawModule();
  const root = document.querySelector(".playground");
  const find = (selector) => root.querySelector(selector), all = (selector) => [...root.querySelectorAll(selector)];
  const packed = JSON.parse(find("script.digits").textContent);
  const digits = Data.digits({ ...packed, labels: [...packed.labels].map(Number) });

  let state, data, view, engine, file = null, playing = false, pins = [];
  let fixed = [], chosenUnit = null, strokes = [], cross = [0, 0], brush = 0, said = 0;
  let drawn = false; // whether what is drawn belongs to the current runs
  let begun = 0; // how often runs were begun: messages about earlier ones may still be under way

  // What runs begin anew for.
  const RUN = ["data", "net", "init", "clamp", "conv", "hidden", "frozen", "rule", "vs", "opt", "rate", "batch", "seed", "seeds", "points"];
  // Lists of numbers of units: how many, how large, and what they are called.
  const WIDTHS = [["conv", [0, 2], [4, 32], "Channels of convolution"], ["hidden", [1, 4], [8, 128], "Units of hidden layer"]];
  const rules = () => [state.rule, ...(state.vs === "none" ? [] : [state.vs])];
  const which = () => (state.show === "second" && state.vs !== "none" ? 1 : 0);
  const example = () => state.example % data.test.y.length;
  const looking = () => ({ example: example(), whole: state.signs === "batch", layer: state.layer - 1, which: which() * state.seeds });

  function dataOf() {
    if (state.data === "digits") return digits;
    if (state.data === "file") return file;
    if (state.data === "points") return state.points.length ? Data.points(state.points) : null;
    return Data.toy(state.data, state.seed);
  }

  function begin() {
    const on = playing;
    drawn = false;
    begun++;
    data = dataOf();
    if (!data) { // no points yet
      view = null;
      engine({ do: "pause" });
      setPlaying(false);
      return render();
    }
    const empty = data;
    // For each rule the chosen seed, which is shown, and those after it.
    const seeds = Array.from({ length: state.seeds }, (_, n) => (state.seed + n) % 2 ** 32);
    const settings = rules().flatMap((rule) => seeds.map((seed) => State.settings({ ...state, seed }, rule)));
    const networks = settings.filter((_, n) => n % state.seeds === 0).map((each) => Initial.network({ ...each, inputs: empty.inputs, classes: empty.classes }));
    fixed = rules().map((rule, n) => Initial.feedback(rule, networks[n], state.init, state.seed));
    chosenUnit = null;
    engine({ do: "begin", settings, data, number: begun, look: looking() });
    if (on) engine({ do: "play", speed: state.speed });
  }

  // ---- the state: address, controls, what has to be done anew
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  let written = null;

  function change(changes) {
    const { state: next, notes } = State.settled({ ...state, ...changes });
    const learned = drawn && view.runs[0].steps > 0 && RUN.some((name) => !same(next[name], state[name]));
    take(next, notes);
    const hash = State.write(state);
    if (hash === written) return;
    written = hash;
    // Back leads to where something was learned, not through every choice.
    if (learned) location.hash = hash;
    else history.replaceState(null, "", hash);
  }

  function take(next, notes) {
    const before = state;
    state = next;
    note(notes);
    showControls();
    if (!before || RUN.some((name) => !same(before[name], state[name])) || (state.data === "file" && data !== file)) begin();
    else {
      if (before.speed !== state.speed && playing) engine({ do: "play", speed: state.speed });
      if (data) engine({ look: looking() });
    }
  }

  function note(notes) {
    find(".notes").hidden = !notes.length;
    find(".notes").textContent = notes.join(" ");
  }

  function fromAddress() {
    if (location.hash === written) return;
    const found = State.read(location.hash);
    if (!found && state) return; // a heading's anchor
    const { state: next, notes } = found ?? { state: State.defaults({}), notes: [] };
    written = found ? location.hash : null;
    if (state) setPlaying(false), engine({ do: "pause" });
    take(next, notes);
  }

  function showControls() {
    const form = find(".settings");
    for (const name of ["net", "init", "opt", "data", "vs", "seeds"]) form.elements[name].value = state[name];
    for (const name of ["rate", "batch", "seed"]) form.elements[name].value = state[name];
    form.elements.rule.value = state.rule;
    const kind = State.KINDS[state.net];
    const gevb = all('input[name="rule"]')[0];
    gevb.disabled = find('select[name="vs"] option[value="gevb"]').disabled = !kind.vectorized;
    gevb.parentElement.title = kind.vectorized ? "" : "GEVB holds the error vector against a unit's components; scalar units have none";
    all('select[name="vs"] option').forEach((option) => { option.hidden = option.value === state.rule; });
    form.elements.clamp.checked = state.clamp === "on";
    form.elements.clamp.disabled = !kind.nonnegative;
    find('option[value="file"]').hidden = !file;
    find('select[name="speed"]').value = state.speed;
    for (const [name, [least, most], [low, high], what] of WIDTHS) {
      const group = find(`.widths[data-name=${name}]`), list = group.querySelector(".list"), numbers = state[name];
      if (list.children.length !== numbers.length) {
        list.innerHTML = numbers.map((_, l) => `<input type="number" min="${low}" max="${high}" step="2" aria-label="${what} ${l + 1}">`).join("");
      }
      [...list.children].forEach((input, l) => { input.value = numbers[l]; });
      group.querySelector(".fewer").disabled = numbers.length === least;
      group.querySelector(".more").disabled = numbers.length === most || (name === "conv" && state.data !== "digits");
    }
    const depth = state.conv.length + state.hidden.length;
    const layers = [...Array.from({ length: depth }, (_, l) => `layer ${l + 1}`), "the output"];
    const switches = find(".learners .list");
    if (switches.children.length !== layers.length) {
      switches.innerHTML = layers.map((name, l) => `<label><input type="checkbox" name="learner" value="${l + 1}" aria-label="Train ${name}"><span>${l === depth ? "out" : l + 1}</span></label>`).join("");
    }
    switches.querySelectorAll("input").forEach((input, l) => { input.checked = !state.frozen.includes(l + 1); });
    const select = find('select[name="layer"]');
    if (select.length !== layers.length) select.innerHTML = layers.map((name, l) => `<option value="${l + 1}">${name}</option>`).join("");
    select.value = state.layer;
    for (const name of ["stage", "show", "signs"]) {
      all(`button[name="${name}"]`).forEach((button) => button.setAttribute("aria-pressed", button.value === state[name]));
    }
    find(".which").hidden = state.vs === "none";
    rules().forEach((rule, n) => { all('button[name="show"]')[n].textContent = State.RULES[rule]; });
  }

  // ---- playing
  function setPlaying(on) {
    playing = on;
    find(".play").textContent = on ? "Pause" : "Play";
  }

  const order = (orders) => { setPlaying(false); if (data) engine(orders); };

  function receive(message) {
    if (message.number !== begun) return;
    if (message.stopped) {
      setPlaying(false);
      if (message.stopped === "overflow") note([`The numbers overflowed at step ${view.runs[0].steps}: the rate ${state.rate} is too large here. Start over with a smaller one.`]);
      if (message.stopped === "limit") note([`Paused after ${view.runs[0].epoch} epochs. Press Play to go on.`]);
      return summary(true);
    }
    const each = message.runs.length / rules().length;
    const runs = message.runs.filter((_, n) => n % each === 0);
    runs.forEach((run, n) => { run.others = message.runs.slice(n * each + 1, (n + 1) * each).map(({ curve }) => curve); });
    view = { ...message, runs };
    drawn = true;
    requestAnimationFrame(() => { render(); engine({ seen: true }); });
  }

  // ---- drawing
  const width = (element) => Math.max(280, Math.round(element.clientWidth));
  const percent = (value) => `${value.toFixed(1)} %`;
  const errors = (points) => `${percent(points.at(-1).test)} on the test set, ${percent(points.findLast(({ train }) => train !== null).train)} on the training set${points.at(-1).train === null ? " at the end of the last epoch" : ""}`;

  function render() {
    const digitsShown = data === digits;
    find(".pad-panel").hidden = find(".first-panel").hidden = !digitsShown;
    find(".plane-panel").hidden = !(state.data === "points" || data?.inputs === 2);
    root.dataset.rule = rules()[which()];
    renderPlane();
    if (!view || !drawn || !data) {
      if (!data) {
        find(".told").textContent = "Set points of two or three classes in the plane below; the network learns from them.";
        find(".scene").innerHTML = "";
      }
      return;
    }
    const run = view.runs[which()], rule = rules()[which()];
    find(".numbers .at").textContent = view.runs[0].epoch.toFixed(view.runs[0].steps % view.runs[0].perEpoch ? 1 : 0);
    [".first", ".second"].forEach((name, n) => {
      const place = find(`.numbers ${name}`), one = view.runs[n];
      place.hidden = !one;
      if (!one) return;
      place.dataset.rule = rules()[n];
      place.querySelector("span").textContent = `${State.RULES[rules()[n]]} test error`;
      place.querySelector("dd").textContent = percent(one.curve.at(-1).test);
    });
    renderScene(run, rule);
    renderCurves();
    find(".glance").innerHTML = Draw.glance(series(), 150, 46);
    renderSigns(run);
    find(".angles").innerHTML = Draw.angles(run.curve, rule, width(find(".angles")));
    find(".angles").setAttribute("aria-label", `Angles by hidden layer now: ${run.curve.at(-1).angles.map((a) => (a === null ? "none" : `${a.toFixed(0)}°`)).join(", ")}`);
    renderWrong(run);
    if (digitsShown) {
      renderFirst(run.network);
      renderPad(run.network);
    }
    summary(false);
  }

  // The example in view: what the network makes of it, and what the rule makes of that.
  function renderScene({ network }, rule) {
    const { inputs, classes, names, test } = data, n = example(), label = test.y[n];
    const x = test.x.subarray(n * inputs, (n + 1) * inputs);
    const learnt = Networks.learn(network, rule, fixed[which()], x, [label], 1);
    const p = [...Networks.softmax(learnt.trace.logits, 1)], place = find(".scene");
    const drawable = (values) => values.every((value) => Math.abs(value) < 1e100);
    if (![p, learnt.e, ...learnt.trace.a, ...learnt.gradients.filter(Boolean).map(({ weight }) => weight), ...network.layers.map(({ weight }) => weight)].every(drawable)) return;
    place.innerHTML = Draw.network({ network, fixed: fixed[which()], rule, x, learnt, p, label, names, stage: state.stage, width: Math.min(900, width(place)) });
    const told = tell(network, rule, learnt, p, label, names);
    find(".told").textContent = told;
    place.setAttribute("aria-label", `The network with one test example. ${told}`);
  }

  function tell(network, rule, { trace, e, heard, gradients }, p, label, names) {
    const guess = p.indexOf(Math.max(...p)), layers = network.layers.slice(0, -1);
    const verdict = guess === label ? "right" : `wrong: it is ${names[label]}`;
    const units = layers.reduce((sum, _, l) => sum + trace.open[l].length, 0);
    const range = (values) => { const list = [...values]; return `${Math.min(...list).toFixed(2)} to ${Math.max(...list).toFixed(2)}`; };
    const forward = `${layers.map((_, l) => `${trace.open[l].reduce((a, b) => a + b)} of ${trace.open[l].length}`).join(", ")} gates are open`;
    const message = network.vectorized ? {
      gevb: `GEVB sends all ${units} hidden units the same: the error vector e itself.`,
      bp: `BP sends each unit e times a number of its own, layer by layer from the top: ${layers.map((_, l) => `${range(heard[l])} in layer ${l + 1}`).reverse().join(", ")}.`,
      fa: `FA does as BP, through fixed random weights: e times ${layers.map((_, l) => `${range(heard[l])} in layer ${l + 1}`).reverse().join(", ")}.`,
      dfa: `DFA sends each unit e times a fixed random number of its own, ${range(heard[0])}.`,
    }[rule] : {
      bp: `BP sends each unit a number of its own, layer by layer from the top: ${layers.map((_, l) => `${range(heard[l])} in layer ${l + 1}`).reverse().join(", ")}.`,
      fa: "FA sends each unit a number of its own, layer by layer, through fixed random weights.",
      dfa: "DFA sends each unit a fixed random mix of the errors, one number.",
    }[rule];
    const last = gradients[layers.length]?.weight ?? [], up = last.filter((u) => u < 0).length, down = last.filter((u) => u > 0).length;
    return {
      all: `Its guess: ${names[guess]}, ${verdict}. ${message}`,
      forward: `Forward: the example goes up through the layers, and ${forward}. The guess: ${names[guess]}, ${verdict}.`,
      error: `Error: e is the guess minus the truth, one number for each class, from ${range(network.vectorized ? e : p.map((v, k) => v - (k === label)))}.`,
      message: `Message: ${message}`,
      change: `Change: by the gate, what the unit receives, and what the sender has to do with e. Of the ${last.length} output weights, ${up} are to grow and ${down} to shrink. (Shown, not made: training uses batches.)`,
    }[state.stage];
  }

  const series = () => view.runs.map((run, n) => ({ rule: rules()[n], points: run.curve, others: run.others, kind: n ? "beside" : "" }));
  let cursor = null; // an epoch whose errors are read

  function renderCurves() {
    const place = find(".curves"), now = series(), drawing = [...pins.flatMap((pin) => pin.series), ...now];
    if (cursor !== null) {
      const nearest = (points) => points.reduce((best, point) => (Math.abs(point.epoch - cursor) < Math.abs(best.epoch - cursor) ? point : best));
      cursor = nearest(now[0].points).epoch;
      const each = now.map(({ rule, points, others }) => {
        const { test, train } = nearest(points), all = [test, ...others.map((list) => nearest(list).test)];
        return `${State.RULES[rule]} test ${percent(test)}${train === null ? "" : `, training ${percent(train)}`}${others.length ? ` (${all.length} seeds: ${percent(Math.min(...all))} to ${percent(Math.max(...all))})` : ""}`;
      });
      find(".values").textContent = `Epoch ${+cursor.toFixed(2)}: ${each.join("; ")}.`;
    }
    place.innerHTML = Draw.curves(drawing, width(place), 230, cursor);
    place.setAttribute("aria-label", `Errors over epochs. ${now.map(({ rule, points }) => `${State.RULES[rule]} after ${points.at(-1).epoch.toFixed(1)} epochs: ${errors(points)}`).join("; ")}`);
  }

  function renderSigns({ signs }) {
    if (!signs) return;
    const dots = find(".dots"), shares = find(".shares");
    dots.innerHTML = signs.dots.length ? Draw.dots(signs.dots, Math.min(260, width(dots))) : "";
    dots.setAttribute("aria-label", `Updates against gradients of ${signs.weights} weights; ${signs.shares[signs.chosen]?.toFixed(1) ?? 0} % have equal signs`);
    shares.innerHTML = Draw.shares(signs.shares, signs.chosen, width(shares));
    shares.setAttribute("aria-label", `Shares of equal signs by layer: ${signs.shares.map((s) => (s === null ? "no gradient" : percent(s))).join(", ")}`);
  }

  // Small pictures: a number for each pixel, -1 .. 1, as ink of two colours.
  function paint(canvas, values, signed) {
    canvas.width = canvas.height = Math.sqrt(values.length);
    const style = getComputedStyle(root), context = canvas.getContext("2d"), image = context.createImageData(canvas.width, canvas.height);
    const colour = (name) => style.getPropertyValue(name).trim().match(/\w\w/g).map((pair) => parseInt(pair, 16));
    const [up, down] = signed ? [colour("--up"), colour("--down")] : [colour("--ink"), colour("--ink")];
    values.forEach((value, k) => image.data.set([...(value > 0 ? up : down), Math.round(255 * Math.min(1, Math.abs(value)))], 4 * k));
    context.putImageData(image, 0, 0);
  }

  function renderWrong({ mistakes }) {
    if (!mistakes) return;
    const { inputs, names, test } = data, list = find(".wrong");
    find(".wrong-panel .count").textContent = mistakes.count
      ? `${mistakes.count} of ${mistakes.of} test examples${mistakes.count > mistakes.shown.length ? `, the first ${mistakes.shown.length} here` : ""}. Choose one to see it in the network.`
      : `None of the ${mistakes.of} test examples.`;
    const key = JSON.stringify(mistakes.shown.map(({ n, guess, p }) => [n, guess, p[guess].toFixed(2)]));
    if (list.dataset.key === key) return;
    list.dataset.key = key;
    const focused = document.activeElement?.closest?.(".wrong button")?.value;
    list.innerHTML = mistakes.shown.map(({ n, guess, label, p }) =>
      `<li><button type="button" value="${n}" aria-label="${names[label]} → ${names[guess]}: example ${n}, ${(100 * p[guess]).toFixed(0)} % sure">${inputs === 64 ? '<canvas width="8" height="8"></canvas>' : ""}<span>${names[label]} → ${names[guess]}</span><small>${p.map((v) => `<i style="height:${Math.max(4, 100 * v).toFixed(0)}%"></i>`).join("")}</small></button></li>`).join("");
    if (inputs === 64) mistakes.shown.forEach(({ n }, k) => paint(list.children[k].querySelector("canvas"), [...test.x.subarray(n * 64, n * 64 + 64)].map((v) => (v + 1) / 2), false));
    if (focused) list.querySelector(`button[value="${focused}"]`)?.focus();
  }

  // t . w of the first layer: what opens the gates; its components, if one unit is chosen.
  function renderFirst({ K, layers: [first] }) {
    const { units, inputs, weight, gating } = first, place = find(".pictures");
    if (place.children.length !== units) {
      place.innerHTML = Array.from({ length: units }, (_, i) => `<button type="button" value="${i}" aria-pressed="false" aria-label="First layer, unit ${i + 1}"><canvas width="8" height="8"></canvas></button>`).join("");
    }
    const row = (mu, i) => weight.subarray((mu * units + i) * inputs, (mu * units + i + 1) * inputs);
    const rows = Array.from({ length: units }, (_, i) => {
      const sum = new Float64Array(inputs);
      for (let mu = 0; mu < K; mu++) row(mu, i).forEach((w, j) => { sum[j] += gating[mu * units + i] * w; });
      return sum;
    });
    const scaled = (list) => { const top = Math.max(...list.map((values) => Math.max(...values.map(Math.abs)))) || 1; return list.map((values) => [...values].map((v) => v / top)); };
    scaled(rows).forEach((values, i) => {
      paint(place.children[i].firstChild, values, true);
      place.children[i].setAttribute("aria-pressed", i === chosenUnit);
    });
    const parts = find(".parts");
    parts.hidden = chosenUnit === null || K === 1;
    if (parts.hidden) return;
    if (parts.children.length !== K) parts.innerHTML = Array.from({ length: K }, (_, mu) => `<figure><canvas width="8" height="8"></canvas><figcaption>${data.names[mu]}</figcaption></figure>`).join("");
    scaled(Array.from({ length: K }, (_, mu) => row(mu, chosenUnit))).forEach((values, mu) => paint(parts.children[mu].firstChild, values, true));
  }

  // ---- the plane
  function renderPlane() {
    if (find(".plane-panel").hidden) return;
    const plane = drawn && data ? view?.runs[which()]?.plane : null, canvas = find(".plane canvas"), context = canvas.getContext("2d");
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (plane) {
      const style = getComputedStyle(root), image = context.createImageData(plane.side, plane.side);
      const colours = data.names.map((_, k) => style.getPropertyValue(`--class-${k}`).trim().match(/\w\w/g).map((pair) => parseInt(pair, 16)));
      plane.guess.forEach((k, n) => image.data.set([...colours[k], Math.max(20, (plane.sure[n] - 85) * .75)], 4 * n));
      context.putImageData(image, 0, 0);
    }
    const apart = data && data.test.y.length + data.train.y.length > 0 && !same([...data.test.y], [...data.train.y]);
    const [x, y] = cross;
    find(".plane svg").innerHTML = (data ? Draw.points(data.train, "learned") + (apart ? Draw.points(data.test, "tested") : "") : "")
      + `<path class="cross" d="M${100 + 100 * x - 7} ${100 - 100 * y}h14M${100 + 100 * x} ${100 - 100 * y - 7}v14"/>`;
  }

  function setPoint(x, y, k) {
    const clip = (value) => Math.max(-1, Math.min(1, Math.round((value + 1) / 2 * 61) / 61 * 2 - 1));
    if (state.points.length >= 300) return note(["The plane is full: 300 points."]);
    change({ ...toSet("points"), points: [...(state.data === "points" ? state.points : []), [clip(x), clip(y), k]] });
  }

  // Another data set with the settings that suit it.
  function toSet(name) {
    if (name === state.data) return {};
    const { conv, hidden, rate, batch } = State.defaults({ data: name, net: state.net, opt: state.opt });
    const kindOf = (set) => set === "digits";
    return { data: name, example: 0, ...(kindOf(name) === kindOf(state.data) ? {} : { conv, hidden, rate, batch, layer: 1 }) };
  }

  // ---- the pad
  const pen = { x: .5, y: .2, down: false };
  const seen = () => Data.downsampled(strokes, digits);

  function renderPad(network) {
    const d = strokes.map((stroke) => `M${stroke.map(([x, y]) => `${x.toFixed(3)} ${y.toFixed(3)}`).join("L")}${stroke.length === 1 ? "h.001" : ""}`).join("");
    find(".pad").innerHTML = `<path class="ink" d="${d}"/><circle class="pen${pen.down ? " down" : ""}" cx="${pen.x}" cy="${pen.y}" r=".02"/>`;
    const x = seen(), canvas = find(".seen");
    canvas.getContext("2d").clearRect(0, 0, 8, 8);
    if (!x) { find(".answer").textContent = "Draw a digit."; return; }
    paint(canvas, x.map((v) => (v + 1) / 2), false);
    const p = [...Networks.softmax(Networks.forward(network, Float64Array.from(x), 1).logits, 1)];
    const order = p.map((_, k) => k).sort((a, b) => p[b] - p[a]);
    find(".answer").textContent = `${view.runs[0].steps ? "It says" : "Untrained, it says"} ${order.slice(0, 3).map((k) => `${k} (${(100 * p[k]).toFixed(0)} %)`).join(", then ")}.`;
  }
  const padChanged = () => view && drawn && renderPad(view.runs[which()].network);

  // ---- words for a screen reader: at once when asked, while playing every few seconds
  function summary(now) {
    const time = performance.now();
    if (!view || !drawn || (!now && playing && time - said < 6000)) return;
    said = time;
    const words = view.runs.map((run, n) => `${State.RULES[rules()[n]]}: error ${errors(run.curve)}`);
    find(".summary").textContent = `${playing ? "Playing" : "Paused"} at epoch ${view.runs[0].epoch.toFixed(1)}. ${words.join(". ")}.`;
  }

  // ---- taking things away
  function save(name, content, type) {
    const link = document.createElement("a");
    link.download = name;
    link.href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
    link.click();
    find(".copied").textContent = `Saved: ${name}.`;
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  async function copy(text, what) {
    const place = find(".copy-here");
    try {
      await navigator.clipboard.writeText(text);
      place.hidden = what !== "Python";
      find(".copied").textContent = `Copied: ${what === "Python" ? "the lines that run the same with gevb, from the same start and in the same order" : "a link to these settings"}.`;
    } catch {
      place.hidden = false;
      find(".copied").textContent = "This browser does not let a page copy: take it from here.";
    }
    place.value = text;
    place.rows = Math.min(12, text.split("\n").length);
    if (!place.hidden) place.select();
  }

  const PAINTED = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "stroke-linecap", "opacity", "font", "text-anchor"];
  function picture() {
    const drawings = [find(".scene svg"), find(".curves svg")].filter(Boolean);
    let [y, wide, parts] = [28, 0, ""];
    for (const drawing of drawings) {
      const copy = drawing.cloneNode(true), originals = drawing.querySelectorAll("*");
      copy.querySelectorAll("*").forEach((element, n) => {
        const style = getComputedStyle(originals[n]);
        for (const name of PAINTED) element.style.setProperty(name, style.getPropertyValue(name));
      });
      const [, , w, h] = drawing.getAttribute("viewBox").split(" ").map(Number);
      copy.setAttribute("x", 12);
      copy.setAttribute("y", y);
      copy.setAttribute("width", w);
      copy.setAttribute("height", h);
      [y, wide] = [y + h + 12, Math.max(wide, w)];
      parts += new XMLSerializer().serializeToString(copy);
    }
    const style = getComputedStyle(root), colour = (name) => style.getPropertyValue(name).trim();
    const text = `${State.label(state)}${state.vs === "none" ? "" : `; beside ${State.RULES[state.vs]}`}`;
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${wide + 24}" height="${y}"><rect width="100%" height="100%" fill="${colour("--back")}"/><text x="12" y="18" font-family="sans-serif" font-size="12" fill="${colour("--text")}">${text}</text>${parts}</svg>`;
    const image = new Image();
    image.onload = () => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [2 * (wide + 24), 2 * y];
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => save("playground.png", blob));
    };
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  }

  function csv() {
    const rows = ["run,settings,epoch,test error,training error"];
    const add = (series, text) => series.forEach(({ rule, points }) => points.forEach((point) =>
      rows.push([State.RULES[rule], `"${text}"`, point.epoch, point.test, point.train ?? ""].join(","))));
    pins.forEach((pin) => add(pin.series, pin.label));
    add(view.runs.map((run, n) => ({ rule: rules()[n], points: run.curve })), State.label(state));
    save("playground.csv", `${rows.join("\n")}\n`, "text/csv");
  }

  function showPins() {
    find(".pins").innerHTML = pins.map(({ series, label, hash }, n) =>
      `<li>${series.map(({ rule }) => `<i data-rule="${rule}"></i>`).join("")}<a href="${hash}">${label}</a> <button type="button" value="${n}" aria-label="Remove the pinned curves of ${label}">×</button></li>`).join("");
    if (view) renderCurves();
  }

  // ---- what the controls do
  function listen() {
    const click = (selector, action) => find(selector).addEventListener("click", action);
    click(".play", () => {
      if (!data) return;
      setPlaying(!playing);
      engine(playing ? { do: "play", speed: state.speed } : { do: "pause" });
    });
    click(".step", () => order({ do: "steps", n: 1 }));
    click(".epoch", () => order({ do: "epoch" }));
    click(".again", () => { setPlaying(false); note([]); begin(); });
    click(".next", () => change({ example: (example() + 1) % data.test.y.length }));
    for (const [name] of WIDTHS) {
      const start = name === "conv" ? 16 : 32, widths = (numbers) => change({ [name]: numbers, frozen: [], layer: 1 });
      click(`[data-name=${name}] .fewer`, () => widths(state[name].slice(0, -1)));
      click(`[data-name=${name}] .more`, () => widths([...state[name], state[name].at(-1) ?? start]));
    }
    click(".pin", () => {
      if (!view) return;
      pins.push({ label: `${State.label(state)}${state.vs === "none" ? "" : `, beside ${State.RULES[state.vs]}`}`, hash: State.write(state),
        series: view.runs.map((run, n) => ({ rule: rules()[n], points: run.curve, others: run.others, kind: `pinned${n ? " beside" : ""}` })) });
      showPins();
    });
    click(".csv", () => view && csv());
    click(".png", () => view && picture());
    click(".link", () => copy(location.href.replace(/#.*/, "") + State.write(state), "link"));
    click(".python", () => data && copy(State.python(state, data), "Python"));
    click(".undo", () => state.data === "points" && change({ points: state.points.slice(0, -1) }));
    click(".clear-points", () => change({ ...toSet("points"), points: [] }));
    click(".clear-pad", () => { strokes = []; padChanged(); });
    root.addEventListener("click", ({ target }) => {
      const button = target.closest("button");
      if (["stage", "show", "signs"].includes(button?.name)) change({ [button.name]: button.value });
      if (button?.name === "class") {
        brush = +button.value;
        all('button[name="class"]').forEach((other) => other.setAttribute("aria-pressed", other === button));
      }
      if (button?.closest(".pins")) { pins.splice(+button.value, 1); showPins(); }
      if (button?.closest(".wrong")) change({ example: +button.value });
      if (button?.closest(".pictures")) { chosenUnit = chosenUnit === +button.value ? null : +button.value; renderFirst(view.runs[which()].network); }
    });
    find(".settings").addEventListener("submit", (event) => event.preventDefault());
    root.addEventListener("change", ({ target }) => {
      const { name, value } = target;
      if (name === "net") change({ net: value, ...(({ init, clamp, rule }) => ({ init, clamp, ...(State.KINDS[value].vectorized ? {} : { rule: state.rule === "gevb" ? rule : state.rule, vs: state.vs === "gevb" ? "none" : state.vs }) }))(State.defaults({ net: value })) });
      else if (name === "opt") { // a rate that the reader chose stays
        const usual = (opt) => State.defaults({ ...state, opt }).rate;
        change({ opt: value, ...(state.rate === usual(state.opt) ? { rate: usual(value) } : {}) });
      } else if (name === "learner") change({ frozen: all('input[name="learner"]:not(:checked)').map((input) => +input.value) });
      else if (name === "data") change(toSet(value));
      else if (name === "clamp") change({ clamp: target.checked ? "on" : "off" });
      else if (name === "rule") change({ rule: value, ...(state.vs === value ? { vs: state.rule } : {}) });
      else if (["init", "vs", "speed"].includes(name)) change({ [name]: value });
      else if (["layer", "seeds"].includes(name)) change({ [name]: +value });
      else if (["rate", "batch", "seed"].includes(name) || target.closest(".widths")) {
        const group = target.closest(".widths"), key = group?.dataset.name ?? name;
        const text = group ? [...group.querySelectorAll("input")].map((input) => input.value).join("-") : value;
        const found = State.read(`#${key}=${text}`);
        if (found.notes.length) {
          note([`${{ hidden: "hidden layers", conv: "convolutions" }[key] ?? key}: got ${text}, ${found.notes[0].replace(/^.*: wanted/, "wanted").replace(" The default is used.", "")} It stays as it was.`]);
          showControls();
        } else change({ [key]: found.state[key] });
      }
    });
    find(".file input").addEventListener("change", async ({ target }) => {
      if (!target.files.length) return;
      const fault = find(".file-fault"); // said where the file was chosen
      fault.hidden = true;
      try {
        file = Data.csv(await target.files[0].text());
        change({ ...toSet("file"), example: 0 });
      } catch (error) {
        fault.hidden = false;
        fault.textContent = error.message;
      }
      target.value = "";
    });

    const curves = find(".curves");
    const read = (epoch) => {
      cursor = epoch;
      if (epoch === null) find(".values").textContent = "";
      if (view && drawn) renderCurves();
    };
    Draw.reader(curves, () => view && [...pins.flatMap((pin) => pin.series), ...series()], width, read);

    const plane = find(".plane");
    plane.addEventListener("pointerdown", (event) => {
      const box = plane.getBoundingClientRect();
      cross = [2 * (event.clientX - box.left) / box.width - 1, 1 - 2 * (event.clientY - box.top) / box.height];
      setPoint(...cross, brush);
    });
    plane.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: [-.05, 0], ArrowRight: [.05, 0], ArrowUp: [0, .05], ArrowDown: [0, -.05] }[event.key];
      if (move) cross = cross.map((value, d) => Math.max(-1, Math.min(1, value + move[d])));
      else if ("123".includes(event.key)) setPoint(...cross, event.key - 1);
      else if (event.key === "Enter" || event.key === " ") setPoint(...cross, brush);
      else if (event.key === "Backspace" && state.data === "points") change({ points: state.points.slice(0, -1) });
      else return;
      event.preventDefault();
      renderPlane();
    });

    const pad = find(".pad");
    const at = (event) => { const box = pad.getBoundingClientRect(); return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]; };
    let drawing = false;
    pad.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      pad.focus({ preventScroll: true });
      pad.setPointerCapture(event.pointerId);
      drawing = true;
      strokes.push([at(event)]);
      [pen.x, pen.y] = at(event);
      padChanged();
    });
    pad.addEventListener("pointermove", (event) => {
      if (!drawing) return;
      strokes.at(-1).push(at(event));
      [pen.x, pen.y] = at(event);
      padChanged();
    });
    for (const name of ["pointerup", "pointercancel"]) pad.addEventListener(name, () => { drawing = false; });
    pad.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: [-.05, 0], ArrowRight: [.05, 0], ArrowUp: [0, -.05], ArrowDown: [0, .05] }[event.key];
      if (move) {
        pen.x = Math.max(0, Math.min(1, pen.x + move[0]));
        pen.y = Math.max(0, Math.min(1, pen.y + move[1]));
        if (pen.down) strokes.at(-1).push([pen.x, pen.y]);
      } else if (event.key === " ") {
        pen.down = !pen.down;
        if (pen.down) strokes.push([[pen.x, pen.y]]);
      } else if (event.key === "Delete" || event.key === "Backspace") {
        strokes = [];
        pen.down = false;
      } else return;
      event.preventDefault();
      padChanged();
    });

    // A guided task brings its reader to the drawing, and back.
    let task = null;
    document.addEventListener("click", ({ target }) => {
      const link = target.closest('.discoveries a[href^="#"]');
      if (!link) return;
      task = link.closest("li");
      setTimeout(() => {
        find(".top").scrollIntoView({ block: "start" });
        find(".play").focus({ preventScroll: true });
        find(".back").hidden = false;
      });
    });
    click(".back", () => {
      find(".back").hidden = true;
      task.scrollIntoView({ block: "center" });
      task.querySelector("summary").focus({ preventScroll: true });
    });

    addEventListener("hashchange", fromAddress);
    addEventListener("resize", () => requestAnimationFrame(render));
    document.addEventListener("visibilitychange", () => { if (document.hidden && playing) { setPlaying(false); engine({ do: "pause" }); } });
    new MutationObserver(() => { find(".wrong").dataset.key = ""; render(); }).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  }

  engine = workerModule(learnModule(Random, Networks, Initial)).connect(receive);
  listen();
  fromAddress();
})();
