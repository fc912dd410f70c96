// Runs: a network that learns, what is measured of it, and the loop that the page talks to, in a
// worker or on the page itself.
"use strict";
function learnModule(Random, Networks, Initial) {
  const BATCH_SHOWN = 128; // examples that shares and angles are measured on
  const PART = 64; // examples at a time that fit into a processor's cache
  const WRONG_SHOWN = 18, DOTS = 1200, GRID = 50;
  const REST = { epochs: 100, steps: 2000 }; // it pauses by itself each so many epochs, after so many steps

  const best = (values, at, n) => {
    let top = at;
    for (let k = at + 1; k < at + n; k++) if (values[k] > values[top]) top = k;
    return top - at;
  };

  // Something about n examples, as lists of numbers by name: of chosen ones, list by list, or made in parts.
  const each = (lists, make) => Object.fromEntries(Object.entries(lists).map(([name, values]) => [name, make(values)]));
  const chosen = (values, n, indices) => {
    const size = values.length / n, some = new values.constructor(indices.length * size);
    indices.forEach((k, b) => some.set(values.subarray(k * size, (k + 1) * size), b * size));
    return some;
  };
  const whole = (n, make) => {
    const lists = {};
    for (let at = 0; at < n; at += PART) {
      const B = Math.min(PART, n - at);
      for (const [name, values] of Object.entries(make(at, B))) {
        const size = values.length / B;
        (lists[name] ??= new values.constructor(n * size)).set(values, at * size);
      }
    }
    return lists;
  };

  class Run {
    constructor(settings, data) {
      Object.assign(this, { settings, data });
      const { rule, init, seed, optimizer, rate, batch } = settings;
      this.network = Initial.network({ ...settings, inputs: data.inputs, classes: data.classes });
      this.fixed = Initial.feedback(rule, this.network, init, seed);
      this.descent = optimizer === "adam" ? new Networks.Adam(rate) : new Networks.SGD(rate);
      this.order = Random.stream(seed, "order");
      this.size = data.train.y.length;
      this.perEpoch = Math.ceil(this.size / batch);
      this.from = Math.min(Networks.lowest(this.network), this.network.layers.length - 1);
      this.kept = {};
      this.steps = 0;
      this.curve = [];
      this.evaluate();
    }

    get epoch() { return this.steps / this.perEpoch; }

    // Chosen examples and their labels, as Networks.learn takes them.
    examples(part, indices) {
      const { x, y } = this.data[part];
      return [chosen(x, y.length, indices), chosen(y, y.length, indices), indices.length];
    }

    // What the lowest layer that learns receives of all examples. Where others lie below, which stay as
    // they are, it is computed once, in parts that fit into a processor's cache, and kept.
    received(part) {
      const { network, from, data: { inputs, [part]: { x, y } } } = this;
      if (!from) return { a: x };
      return this.kept[part] ??= whole(y.length, (at, B) => Networks.received(network, x.subarray(at * inputs, (at + B) * inputs), B, from));
    }

    given(lists) { return this.from ? lists : lists.a; }

    step() {
      const { settings: { rule, batch, clamp }, network, from } = this, within = this.steps % this.perEpoch;
      if (within === 0) this.shuffled = this.order.permutation(this.size);
      const indices = this.shuffled.subarray(within * batch, (within + 1) * batch);
      const input = each(this.received("train"), (values) => chosen(values, this.size, indices));
      const labels = chosen(this.data.train.y, this.size, indices);
      const { gradients } = Networks.learn(network, rule, this.fixed, this.given(input), labels, indices.length, from);
      this.descent.step(network, gradients);
      if (clamp) Networks.clamp(network);
      this.steps++;
      if (this.steps === 1) this.kept = {}; // the first clamp may have changed frozen weights
    }

    // Whether a point of the curve is due: four times in each of the first two epochs, then once.
    get due() {
      const { steps, perEpoch } = this, often = steps < 2 * perEpoch && perEpoch >= 4;
      return often ? steps % Math.round(perEpoch / 4) === 0 || steps % perEpoch === 0 : steps % perEpoch === 0;
    }

    // Which examples it gets wrong, and the logits of all.
    wrong(part) {
      const { data: { classes, [part]: { y } }, network, from } = this, n = y.length, received = this.received(part), wrong = [];
      const { logits } = whole(n, (at, B) => {
        const input = each(received, (values) => values.subarray(at * values.length / n, (at + B) * values.length / n));
        return { logits: Networks.forward(network, this.given(input), B, from).logits };
      });
      for (let b = 0; b < n; b++) if (best(logits, b * classes, classes) !== y[b]) wrong.push(b);
      return { logits, wrong, error: 100 * wrong.length / n };
    }

    // A point of the curve; false where numbers have overflowed.
    evaluate() {
      const { classes } = this.data, { logits, wrong, error } = this.wrong("test");
      this.sound = logits.every(Number.isFinite) && this.network.layers.every(({ weight }) => weight.every(Number.isFinite));
      if (!this.sound) return false;
      const shown = wrong.slice(0, WRONG_SHOWN).map((n) => {
        const p = Networks.softmax(logits.subarray(n * classes, (n + 1) * classes), 1);
        return { n, p: [...p], guess: best(p, 0, classes), label: this.data.test.y[n] };
      });
      this.mistakes = { count: wrong.length, of: this.data.test.y.length, shown };
      // The training error takes four times as long: at the end of an epoch only.
      const train = this.steps % this.perEpoch || this.settings.testOnly ? null : this.wrong("train").error;
      const point = { epoch: this.epoch, train, test: error, angles: this.angles() };
      if (this.curve.at(-1)?.epoch === point.epoch) this.curve.pop();
      this.curve.push(point);
      return true;
    }

    firsts(part, size) {
      const n = Math.min(size, this.data[part].y.length);
      return this.examples(part, Uint32Array.from({ length: n }, (_, k) => k));
    }

    // Mean angle in degrees between what each hidden layer receives under the rule and under BP, as
    // gevb.alignment_angles gives it.
    angles() {
      const [x, labels, B] = this.firsts("test", BATCH_SHOWN), { network, settings: { rule } } = this;
      const trace = Networks.forward(network, x, B);
      const { output } = Networks.readout(network, Networks.errorVector(trace.logits, labels, B), B);
      const ours = Networks.feedback(network, rule, this.fixed, trace, output).heard;
      const wanted = Networks.feedback(network, "bp", null, trace, output).heard;
      const examples = network.vectorized ? 1 : B; // the mean put 1 / B into what the output is told
      return network.layers.slice(0, -1).map((_, l) => {
        const units = ours[l].length / B;
        let [total, kept] = [0, 0];
        for (let b = 0; b < B; b++) {
          let [uu, vv, uv] = [0, 0, 0];
          for (let i = b * units; i < (b + 1) * units; i++) {
            uu += ours[l][i] ** 2;
            vv += (examples * wanted[l][i]) ** 2;
            uv += ours[l][i] * examples * wanted[l][i];
          }
          if (Math.sqrt(vv) < 1e-6) continue;
          total += Math.acos(Math.min(1, Math.max(-1, uv / Math.sqrt(uu * vv))));
          kept++;
        }
        return Number.isFinite(total / kept) ? total / kept * 180 / Math.PI : null;
      });
    }

    // The rule's update of every weight beside the gradient, for one example or for a batch: shares of
    // equal signs among the weights that have a gradient, by layer, and some of one layer's weights.
    signs(example, whole, chosen) {
      const [x, labels, B] = whole ? this.firsts("train", BATCH_SHOWN) : this.examples("test", [example]);
      const { network, settings: { rule } } = this;
      const { trace, e, output, gradients } = Networks.learn(network, rule, this.fixed, x, labels, B);
      const { delta } = Networks.feedback(network, "bp", null, trace, output);
      const wanted = Networks.updates(network, trace, e, delta);
      const shares = gradients.map((update, l) => {
        if (!update) return null;
        const { weight } = update;
        let [same, total] = [0, 0];
        for (let k = 0; k < weight.length; k++) {
          const g = wanted[l].weight[k];
          if (!g) continue;
          total++;
          if (weight[k] * g > 0) same++;
        }
        return total ? 100 * same / total : null;
      });
      if (!gradients[chosen]) return { shares, dots: [], chosen, weights: 0 };
      const { weight } = gradients[chosen], gradient = wanted[chosen].weight;
      const among = [];
      for (let k = 0; k < weight.length; k++) if (weight[k] || gradient[k]) among.push(k);
      const every = Math.max(1, among.length / DOTS), dots = [];
      for (let k = 0; k < among.length; k += every) {
        const at = among[Math.floor(k)];
        dots.push([gradient[at], weight[at]]);
      }
      return { shares, dots, chosen, weights: among.length };
    }

    // The class decided for, and how surely, on a grid over the plane.
    plane() {
      const x = new Float64Array(GRID * GRID * 2), B = GRID * GRID, { classes } = this.data;
      for (let n = 0; n < B; n++) {
        x[2 * n] = 2 * (n % GRID + .5) / GRID - 1;
        x[2 * n + 1] = 1 - 2 * (Math.floor(n / GRID) + .5) / GRID;
      }
      const p = Networks.softmax(Networks.forward(this.network, x, B).logits, B);
      const guess = Uint8Array.from({ length: B }, (_, n) => best(p, n * classes, classes));
      return { side: GRID, guess, sure: guess.map((k, n) => Math.round(255 * p[n * classes + k])) };
    }
  }

  // How fast it goes: steps a second.
  const SPEEDS = { slow: 2, brisk: 30, full: Infinity };

  // Answers the page's orders { do: begin | play | pause | steps | epoch }, { look } and { seen } and sends it views:
  // while it plays, one after the page has seen the last, and so seldom that most time goes to learning.
  function engine(send, slice) {
    let runs = [], number = 0, look = { example: 0, whole: false, layer: 0, which: 0 };
    let timer = null, speed = "brisk", last = 0, owed = 0, shown = 0, next = 0;

    const view = () => {
      [shown, next] = [performance.now(), Infinity];
      send({ number, runs: runs.map((run, n) => {
        const { network, steps, epoch, perEpoch, curve, mistakes } = run, seen = n === look.which;
        return {
          network, steps, epoch, perEpoch, curve, mistakes: seen ? mistakes : null,
          signs: seen && run.sound ? run.signs(look.example, look.whole, look.layer) : null,
          plane: seen && run.sound && run.data.inputs === 2 ? run.plane() : null,
        };
      }), playing: timer !== null });
    };

    const halt = () => { clearTimeout(timer); timer = null; };
    const stop = (reason) => { halt(); view(); send({ number, stopped: reason }); };

    // A step of every run; false where numbers overflowed or enough was done.
    const step = () => {
      for (const run of runs) {
        run.step();
        if (run.due && !run.evaluate()) {
          stop("overflow");
          return false;
        }
      }
      return true;
    };

    const tick = () => {
      const now = performance.now(), end = now + slice, rate = SPEEDS[speed];
      owed = rate === Infinity ? Infinity : Math.min(owed + (now - last) / 1000 * rate, rate);
      last = now;
      while (owed >= 1) {
        if (!step()) return;
        owed--;
        if (runs[0].epoch % REST.epochs === 0 && runs[0].steps >= REST.steps) return stop("limit");
        if (performance.now() > end) break;
      }
      if (performance.now() > next) view();
      timer = setTimeout(tick, owed >= 1 ? 0 : 15);
    };

    const orders = {
      begin({ settings, data, ...order }) {
        halt();
        ({ number } = order); // said with every message, so that the page knows which runs it is about
        runs = settings.map((each) => new Run(each, data));
      },
      play(order) {
        halt();
        ({ speed } = order);
        [last, owed] = [performance.now(), 1];
        timer = setTimeout(tick, 0);
      },
      pause: halt,
      steps({ n }) {
        halt();
        for (let k = 0; k < n; k++) if (!step()) return;
        if (!runs.map((run) => run.evaluate()).every(Boolean)) stop("overflow");
      },
      epoch() { orders.steps({ n: runs[0].perEpoch - runs[0].steps % runs[0].perEpoch }); },
      look(order) { look = { ...look, ...order }; },
    };
    return (order) => {
      if (order.seen) {
        const now = performance.now();
        next = now + Math.max(120, 4 * (now - shown));
        return;
      }
      if (order.look) orders.look(order.look);
      orders[order.do]?.(order);
      if (runs.length) view();
    };
  }

  return { Run, engine };
}
