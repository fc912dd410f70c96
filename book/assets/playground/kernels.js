// The page that asks whether training the kernels helps: three columns, each a network that learns whole
// beside one whose kernels stay as they were drawn, on the same digits in the same order.
"use strict";
(() => {
  const Random = randomModule(), Networks = networkModule(), Initial = initialModule(Random);
  const Data = dataModule(Random), State = stateModule(), Draw = drawModule();
  const root = document.querySelector(".playground");
  const find = (selector) => root.querySelector(selector), all = (selector) => [...root.querySelectorAll(selector)];
  const packed = JSON.parse(find("script.digits").textContent);
  const data = Data.digits({ ...packed, labels: [...packed.labels].map(Number) });
  const places = all(".column");

  let state, columns, fixed, view = null, playing = false, begun = 0, written = null, said = 0, cursor = null;

  // ---- runs: of each column the one that learns whole, then the one whose kernels are frozen
  const kernelLayers = ({ conv }) => conv.map((_, l) => l + 1);
  function begin() {
    begun++;
    columns = State.kernels.columns(state);
    const settings = columns.flatMap((column) => [[], kernelLayers(state)].map((frozen) => ({ ...State.settings({ ...column, frozen }), testOnly: true })));
    fixed = columns.map((column) => {
      const each = State.settings(column);
      return Initial.feedback(each.rule, Initial.network({ ...each, inputs: 64, classes: 10 }), each.init, each.seed);
    });
    engine({ do: "begin", settings, data, number: begun, look: { which: -1 } });
  }

  function setPlaying(on) {
    playing = on;
    find(".play").textContent = on ? "Pause" : "Play";
  }

  function receive(message) {
    if (message.number !== begun) return;
    if (message.stopped) {
      setPlaying(false);
      note([message.stopped === "overflow" ? `The numbers overflowed: the rate ${state.rate} is too large here. Start over with a smaller one.` : `Paused after ${view.runs[0].epoch} epochs. Press Play to go on.`]);
      return summary(true);
    }
    view = message;
    requestAnimationFrame(() => { render(); engine({ seen: true }); });
  }

  // ---- the state
  const RUN = ["dfa", "conv", "batch", "rate", "seed"];
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

  function take(next, notes) {
    const before = state;
    state = next;
    note(notes);
    for (const name of ["batch", "rate", "seed"]) find(`[name="${name}"]`).value = state[name];
    const conv = state.conv.join("-"), select = find('[name="conv"]');
    if (![...select.options].some(({ value }) => value === conv)) select.add(new Option(`${conv} channels`, conv));
    select.value = conv;
    all('button[name="dfa"]').forEach((button) => button.setAttribute("aria-pressed", button.value === state.dfa));
    if (!before || RUN.some((name) => !same(before[name], state[name]))) {
      setPlaying(false);
      begin();
    } else if (view) render();
  }

  function change(changes) {
    const next = { ...state, ...changes };
    if (next.channel > next.conv[0]) next.channel = 1;
    const learned = view?.number === begun && view.runs[0].steps > 0 && RUN.some((name) => !same(next[name], state[name]));
    take(next, []);
    written = State.kernels.write(state);
    // Back leads to where something was learned, not through every choice.
    if (learned) location.hash = written;
    else history.replaceState(null, "", written);
  }

  function fromAddress() {
    if (location.hash === written) return;
    const found = State.kernels.read(location.hash);
    if (!found && state) return;
    const { state: next, notes } = found ?? State.kernels.read("#seed=0");
    written = found ? location.hash : null;
    take(next, notes);
  }

  function note(notes) {
    find(".notes").hidden = !notes.length;
    find(".notes").textContent = notes.join(" ");
  }

  // ---- drawing
  const width = (element) => Math.max(220, Math.round(element.clientWidth));
  const percent = (value) => `${value.toFixed(1)} %`;
  const pair = (n) => view.runs.slice(2 * n, 2 * n + 2);
  const series = (n) => pair(n).map(({ curve }, frozen) => ({ rule: columns[n].rule, points: curve, kind: frozen ? "beside" : "" }));
  const NAMES = { vnn: "in a VNN", ordinary: "in a conventional network" };
  const title = ({ rule, net }) => `${State.RULES[rule]} ${NAMES[net]}`;

  // Numbers, -1 .. 1, of several square pictures side by side in one, a pixel apart.
  function paint(canvas, pictures, across) {
    const side = Math.sqrt(pictures[0].length), step = side + 1;
    canvas.width = across * step - 1;
    canvas.height = Math.ceil(pictures.length / across) * step - 1;
    const context = canvas.getContext("2d"), image = context.createImageData(canvas.width, canvas.height), style = getComputedStyle(root);
    const colour = (name) => style.getPropertyValue(name).trim().match(/\w\w/g).map((two) => parseInt(two, 16));
    const [up, down] = [colour("--up"), colour("--down")];
    pictures.forEach((values, n) => values.forEach((value, k) => {
      const x = n % across * step + k % side, y = Math.floor(n / across) * step + Math.floor(k / side);
      image.data.set([...(value > 0 ? up : down), Math.round(255 * Math.min(1, Math.abs(value)))], 4 * (y * canvas.width + x));
    }));
    context.putImageData(image, 0, 0);
  }
  const scaled = (lists) => {
    const top = Math.max(...lists.map((values) => Math.max(...values.map(Math.abs)))) || 1;
    return lists.map((values) => values.map((value) => value / top));
  };

  // What opens a kernel's gate, t . w, at the places of the kernel; in a later layer of each pair of channels.
  function kernelPictures({ K }, { first, inputs, units, channels, weight, gating }) {
    return Array.from({ length: units * channels }, (_, n) => {
      const [i, c] = [Math.floor(n / channels), n % channels];
      return Array.from({ length: inputs / channels }, (__, place) => {
        const at = (mu) => weight[(mu * units + i) * inputs + place * channels + c];
        return first ? Array.from({ length: K }, (___, mu) => gating[mu * units + i] * at(mu)).reduce((a, b) => a + b) : at(0);
      });
    });
  }

  function render() {
    if (!view) return;
    const n = state.example % data.test.y.length, x = data.test.x.subarray(64 * n, 64 * n + 64), label = data.test.y[n];
    find(".numbers .at").textContent = view.runs[0].epoch.toFixed(view.runs[0].steps % view.runs[0].perEpoch ? 1 : 0);
    places.forEach((place, c) => renderColumn(place, c, x, label));
    find(".verdicts").textContent = verdict();
    summary(false);
  }

  function renderColumn(place, c, x, label) {
    const column = columns[c], [trained, frozen] = pair(c), { network } = trained, part = (selector) => place.querySelector(selector);
    place.dataset.rule = column.rule;
    part("h2").textContent = title(column);
    if (!network.layers.every(({ weight }) => weight.every((w) => Math.abs(w) < 1e100))) return;
    // Feedback of the chosen channel of the first convolution, position by position.
    const { heard, trace } = Networks.learn(network, column.rule, fixed[c], x, [label], 1);
    const { units, side } = network.layers[0], i = state.channel - 1;
    const told = Array.from({ length: side * side }, (_, p) => heard[0][p * units + i]);
    const [low, high] = [Math.min(...told), Math.max(...told)], top = Math.max(Math.abs(low), Math.abs(high)) || 1;
    const size = 144, pixel = size / 8;
    part(".heard").innerHTML = `<svg viewBox="-1 -1 ${size + 2} ${size + 2}" aria-hidden="true">${Draw.map(told.map((v) => v / top), 0, 0, size, "hears")}`
      + `<path class="digit" d="${[...x].map((value, k) => (value > 0 ? `M${(k % 8 + .5) * pixel} ${(Math.floor(k / 8) + .5) * pixel}h0` : "")).join("")}"/></svg>`;
    const number = (value) => (+value.toPrecision(2)).toString(), unit = network.vectorized ? " times e" : "";
    const p = Networks.softmax(trace.logits, 1), guess = p.indexOf(Math.max(...p));
    const words = low === high ? `${number(low)}${unit} at every position` : `from ${number(low)} to ${number(high)}${unit}`;
    part(".heard").setAttribute("aria-label", `Feedback over the picture: ${words}`);
    part(".words").textContent = `${words}. It reads ${guess}${guess === label ? "" : `, wrong: it is ${label}`}.`;
    // Kernels, the convolutions one under the other.
    const convs = network.layers.filter(({ kernel }) => kernel > 1);
    ["first", "second"].forEach((name, l) => {
      const canvas = part(`.${name}-kernels`);
      canvas.hidden = !convs[l];
      if (convs[l]) paint(canvas, scaled(kernelPictures(network, convs[l])), l ? convs[l].channels : 8);
    });
    part(".curves").innerHTML = Draw.curves(series(c), width(part(".curves")), 160, cursor);
    const ends = [trained, frozen].map(({ curve }) => percent(curve.at(-1).test));
    const read = cursor === null ? -1 : trained.curve.findLastIndex(({ epoch }) => epoch <= cursor + 1e-9);
    const there = [trained, frozen].map(({ curve }) => percent((curve[Math.min(read, curve.length - 1)] ?? curve.at(-1)).test));
    part(".curves").setAttribute("aria-label", `Test errors over epochs, now: kernels trained ${ends[0]}, frozen ${ends[1]}`);
    part(".ends").textContent = `${read < 0 ? "" : `epoch ${+trained.curve[read].epoch.toFixed(2)}: `}trained ${there[0]}, frozen ${there[1]}`;
    part(".angles").innerHTML = Draw.angles(trained.curve, column.rule, width(part(".angles")), 150);
    const angles = trained.curve.at(-1).angles.map((a) => (a === null ? "none" : `${a.toFixed(0)}°`));
    part(".angles").setAttribute("aria-label", `Angles by layer now: ${angles.join(", ")}`);
  }

  // Which side of the dashed line each solid one is on.
  function verdict() {
    const { epoch } = view.runs[0].curve.at(-1); // of all curves
    if (!epoch) return "At the start, solid and dashed are one: the same network. Press Play.";
    const sides = columns.map((column, n) => {
      const [trained, frozen] = pair(n).map(({ curve }) => curve.at(-1).test), by = Math.abs(trained - frozen);
      return [title(column), by < .05 ? "on the dashed one" : `${trained < frozen ? "below" : "above"} the dashed one by ${by.toFixed(1)} points (training the kernels ${trained < frozen ? "helps" : "harms"})`];
    });
    return `After ${epoch.toFixed(epoch % 1 ? 1 : 0)} ${epoch === 1 ? "epoch" : "epochs"} the solid line is, for ${sides.map(([name, side]) => `${name}, ${side}`).join("; for ")}.`;
  }

  function summary(now) {
    const time = performance.now();
    if (!view || (!now && playing && time - said < 6000)) return;
    said = time;
    find(".summary").textContent = `${playing ? "Playing" : "Paused"} at epoch ${view.runs[0].epoch.toFixed(1)}.`;
  }

  // ---- what the controls do
  // One cursor in all three: the networks are compared at the same epoch.
  places.forEach((place, n) => Draw.reader(place.querySelector(".curves"), () => view && series(n), width, (epoch) => { cursor = epoch; render(); }));
  const click = (selector, action) => find(selector).addEventListener("click", action);
  click(".play", () => {
    setPlaying(!playing);
    engine(playing ? { do: "play", speed: "full" } : { do: "pause" });
  });
  click(".epoch", () => { setPlaying(false); engine({ do: "epoch" }); });
  click(".again", () => { setPlaying(false); note([]); begin(); });
  click(".next", () => change({ example: (state.example + 1) % data.test.y.length }));
  click(".channel", () => change({ channel: state.channel % state.conv[0] + 1 }));
  root.addEventListener("click", ({ target }) => { if (target.name === "dfa") change({ dfa: target.value }); });
  find(".settings").addEventListener("submit", (event) => event.preventDefault());
  root.addEventListener("change", ({ target: { name, value } }) => {
    const found = State.kernels.read(`#${name}=${value}`);
    if (found.notes.length) {
      take(state, [`${name}: got ${value}, ${found.notes[0].replace(/^.*: wanted/, "wanted").replace(" The default is used.", "")} It stays as it was.`]);
    } else change({ [name]: found.state[name] });
  });
  addEventListener("hashchange", fromAddress);
  addEventListener("resize", () => requestAnimationFrame(render));
  document.addEventListener("visibilitychange", () => { if (document.hidden && playing) { setPlaying(false); engine({ do: "pause" }); } });
  new MutationObserver(render).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });

  const engine = workerModule(learnModule(Random, Networks, Initial)).connect(receive);
  fromAddress();
})();
