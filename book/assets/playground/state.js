// What a visitor may choose, and how a link says it: #data=digits&net=vnn&...&seed=3.
"use strict";
function stateModule() {
  const KINDS = {
    vnn: { name: "vectorized, nonnegative (VNN)", vectorized: true, nonnegative: true },
    mixed: { name: "vectorized, mixed signs", vectorized: true, nonnegative: false },
    scalar: { name: "scalar units, nonnegative", vectorized: false, nonnegative: true },
    ordinary: { name: "scalar units, mixed signs (ordinary)", vectorized: false, nonnegative: false },
  };
  const INITS = { onoff: "ON/OFF", plain: "plain nonnegative", he: "He" };
  const RULES = { gevb: "GEVB", bp: "BP", fa: "FA", dfa: "DFA" };
  const SETS = { digits: "digits", spirals: "three spirals", rings: "three rings", clouds: "three clouds", points: "your own points", file: "your own file" };
  const [NARROWEST, WIDEST, DEEPEST] = [8, 128, 4];
  const [FEWEST, MOST, STAGES] = [4, 32, 2]; // channels of a convolution

  const choice = (names) => ({
    read: (text) => names.find((name) => String(name) === text), wanted: `one of ${names.join(", ")}`,
  });
  const whole = (low, high) => ({
    read: (text) => (/^\d+$/.test(text) && +text >= low && +text <= high ? +text : undefined),
    wanted: `a whole number from ${low} to ${high}`,
  });
  // Numbers in a row, as 64-32; "none" if there may be none.
  const list = (least, most, fits, wanted) => ({
    read: (text) => {
      const numbers = text === "none" ? [] : text.split("-").map((part) => (/^\d+$/.test(part) ? +part : NaN));
      return numbers.length >= least && numbers.length <= most && numbers.every(fits) ? numbers : undefined;
    },
    wanted, write: (numbers) => numbers.join("-") || "none",
  });
  const even = (low, high) => (n) => n >= low && n <= high && n % 2 === 0;
  const widths = list(1, DEEPEST, even(NARROWEST, WIDEST), `one to ${DEEPEST} even numbers from ${NARROWEST} to ${WIDEST}, as 64-32 (units come in pairs)`);
  const channels = list(0, STAGES, even(FEWEST, MOST), `none, or one or two even numbers from ${FEWEST} to ${MOST}, as 16-16 (channels come in pairs)`);
  const layers = list(0, STAGES + DEEPEST + 1, (n) => n >= 1 && n <= STAGES + DEEPEST + 1, "none, or the numbers of layers, as 1-2");
  const rate = {
    read: (text) => (text.trim() !== "" && +text > 0 && +text <= 1000 ? +text : undefined), wanted: "a number above 0, up to 1000",
  };
  // Three characters a point: its class and two places in 0 .. 61.
  const PLACES = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const points = {
    read: (text) => {
      const list = text.match(/.{1,3}/g) ?? [];
      if (!list.every((point) => /^[012][\da-zA-Z]{2}$/.test(point)) || list.length > 300) return undefined;
      return list.map(([k, ...place]) => [...place.map((letter) => PLACES.indexOf(letter) / 61 * 2 - 1), +k]);
    },
    wanted: "up to 300 points as this page writes them",
    write: (list) => list.map(([x, y, k]) => k + [x, y].map((v) => PLACES[Math.round((v + 1) / 2 * 61)]).join("")).join(""),
  };

  const SCHEMA = {
    data: choice(Object.keys(SETS)), net: choice(Object.keys(KINDS)), init: choice(Object.keys(INITS)),
    clamp: choice(["on", "off"]), conv: channels, hidden: widths, frozen: layers, rule: choice(Object.keys(RULES)),
    vs: choice(["none", ...Object.keys(RULES)]), opt: choice(["adam", "sgd"]), rate, batch: whole(1, 512),
    seed: whole(0, 2 ** 32 - 1), seeds: choice([1, 3, 5]), speed: choice(["slow", "brisk", "full"]), show: choice(["first", "second"]),
    example: whole(0, 9999), layer: whole(1, STAGES + DEEPEST + 1), signs: choice(["one", "batch"]),
    stage: choice(["all", "forward", "error", "message", "change"]), points,
  };

  // What a data set, network and optimizer start with.
  function defaults({ data = "digits", net = "vnn", conv = [], opt = "adam", rule }) {
    const toy = data !== "digits", kernels = !toy && conv.length > 0;
    return {
      data, net, init: KINDS[net].nonnegative ? "onoff" : "he", clamp: KINDS[net].nonnegative ? "on" : "off",
      conv: [], hidden: toy ? [32, 16] : kernels ? [64] : [64, 32], frozen: [], rule: KINDS[net].vectorized ? "gevb" : "dfa", vs: rule === "bp" ? "none" : "bp", opt,
      seeds: 1, rate: opt === "sgd" ? .1 : toy ? .01 : kernels ? .003 : .001, batch: toy || kernels ? 32 : 128, seed: 0, speed: "brisk", show: "first",
      example: 0, layer: 1, signs: "one", stage: "all", points: [],
    };
  }

  // Settings that fit together, and a kind sentence for each that did not.
  function settled(asked) {
    const state = { ...defaults(asked), ...asked }, notes = [];
    const kind = KINDS[state.net];
    for (const name of ["rule", "vs"]) {
      if (state[name] === "gevb" && !kind.vectorized) {
        state[name] = name === "rule" ? "dfa" : "none";
        notes.push("GEVB needs units with components to hold the error vector against, and scalar units have none"
          + (name === "rule" ? ": DFA takes its place." : "."));
      }
    }
    if (state.vs === state.rule) state.vs = "none";
    if (!kind.nonnegative) state.clamp = "off";
    if (state.data !== "digits" && state.conv.length) {
      state.conv = [];
      notes.push("Convolutions need pictures: only the digits have them.");
    }
    const depth = state.conv.length + state.hidden.length + 1;
    state.layer = Math.min(state.layer, depth);
    state.frozen = [...new Set(state.frozen)].filter((l) => l <= depth).sort();
    if (state.vs === "none") state.show = "first";
    return { state, notes };
  }

  // What a run is told, by the names that learn.js knows.
  const settings = ({ net, clamp, opt, ...state }, rule = state.rule) => {
    const { conv, hidden, frozen, init, seed, rate, batch } = state, { vectorized, nonnegative } = KINDS[net];
    return { rule, conv, hidden, frozen, init, clamp: clamp === "on", seed, optimizer: opt, rate, batch, vectorized, nonnegative };
  };

  // How a page reads and writes its address: by the names of a schema, and by what settles the choices.
  const addresses = (schema, settle) => ({
    // What an address says; null if it says nothing of ours, such as a heading's.
    read(hash) {
      const text = hash.replace(/^#/, "");
      if (!text.includes("=")) return null;
      const asked = {}, notes = [];
      for (const [name, value] of new URLSearchParams(text)) {
        const shown = `${name}=${value.length > 20 ? `${value.slice(0, 20)}…` : value}`;
        if (!Object.hasOwn(schema, name)) {
          notes.push(`The link says “${shown}”, which this page does not know.`);
          continue;
        }
        const found = schema[name].read(value);
        if (found === undefined) notes.push(`The link says “${shown}”: wanted ${schema[name].wanted}. The default is used.`);
        else asked[name] = found;
      }
      if (asked.data === "file") {
        notes.push("The link is about a file that only its owner has: load your own, or look at the digits.");
        asked.data = "digits";
      }
      const { state, notes: more } = settle(asked);
      return { state, notes: [...notes, ...more] };
    },

    write: (state) => `#${Object.keys(schema)
      .filter((name) => name !== "points" || state.points.length)
      .map((name) => `${name}=${(schema[name].write ?? String)(state[name])}`).join("&")}`,
  });
  const { read, write } = addresses(SCHEMA, settled);

  // The page that compares trained with frozen kernels: its columns, and its address.
  const COLUMNS = {
    dfa: { conventional: { rule: "dfa", net: "ordinary" }, vnn: { rule: "dfa", net: "vnn" } },
    gevb: { rule: "gevb", net: "vnn" }, bp: { rule: "bp", net: "ordinary" },
  };
  const kernels = {
    ...addresses({
      dfa: choice(["conventional", "vnn"]), conv: list(1, STAGES, even(FEWEST, MOST), `one or two even numbers from ${FEWEST} to ${MOST}, as 16-16 (channels come in pairs)`),
      batch: whole(1, 512), rate, seed: whole(0, 2 ** 32 - 1), example: whole(0, 9999), channel: whole(1, MOST),
    }, (asked) => {
      const state = { dfa: "conventional", conv: [16, 16], batch: 32, rate: .003, seed: 0, example: 0, channel: 1, ...asked };
      return { state: { ...state, channel: Math.min(state.channel, state.conv[0]) }, notes: [] };
    }),
    // The columns' settings as the playground has them.
    columns: ({ dfa, conv, batch, rate: r, seed }) => [COLUMNS.dfa[dfa], COLUMNS.gevb, COLUMNS.bp].map((column) =>
      settled({ ...column, vs: "none", conv, batch, rate: r, seed }).state),
  };

  // What decides about the numbers of a run, in words.
  const label = ({ data, net, init, clamp, conv, hidden, frozen, rule, opt, rate: r, batch, seed }) => [
    RULES[rule], SETS[data], { vnn: "VNN", mixed: "vectorized mixed", scalar: "scalar nonnegative", ordinary: "ordinary" }[net],
    ...(conv.length ? [`convolutions ${conv.join("-")}`] : []), hidden.join("-"),
    ...(frozen.length ? [`${frozen.length > 1 ? "layers" : "layer"} ${frozen.join(", ")} frozen`] : []), ...(init === defaults({ net }).init ? [] : [INITS[init]]),
    ...(KINDS[net].nonnegative && clamp === "off" ? ["no clamp"] : []),
    `${{ adam: "Adam", sgd: "SGD" }[opt]} ${r}`, `batch ${batch}`, `seed ${seed}`].join(", ");

  // The lines of Python that run the same thing.
  function python(state, data) {
    const { net, init, clamp, conv, hidden, frozen, rule, opt, rate: r, batch, seed, points: own } = state, kind = KINDS[net];
    const named = { onoff: "gevb.on_off", plain: "plain_nonnegative", he: "gevb.he" }[init];
    const shape = data.name === "digits" ? "1, 8, 8" : `1, 1, ${data.inputs}`;
    const source = {
      digits: ['data = gevb.load("digits")'], points: [
        `points = torch.tensor(${JSON.stringify(own.map((point) => point.map((v) => +v.toFixed(6))))}).double()`,
        "rows, labels = points[:, :2], points[:, 2].long()", "names = [0, 1, 2]"],
      file: [
        "# Your file: numbers, then a label, in each line, without a line of names.",
        'text = Path("your.csv").read_text()',
        'lines = [re.split("[,;\\t]", line) for line in text.splitlines() if line.strip()]',
        "rows = torch.tensor([[float(v) for v in line[:-1]] for line in lines]).double()",
        "low, high = rows.amin(0), rows.amax(0)",
        "rows = torch.where(high > low, 2 * (rows - low) / (high - low).clamp(min=1e-300) - 1, 0)",
        "last = [line[-1].strip() for line in lines]",
        "names = sorted(set(last))",
        "labels = torch.tensor([names.index(name) for name in last])"],
    }[data.name] ?? [`data = toy("${data.name}", seed=${seed})`];
    const split = [
      "x, test = rows.view(len(rows), 1, 1, -1), torch.arange(len(rows)) % 5 == 4",
      "if len(rows) < 20:  # too few to keep some apart", "    test, train = test | True, test | True",
      "else:", "    train = ~test",
      "parts = [gevb.Split(x[part], labels[part], len(names)) for part in (train, test)]",
      'data = gevb.Dataset("own", *parts)'];
    const own_data = data.name === "points" || data.name === "file";
    return [
      ...(data.name === "file" ? ["import re", "from pathlib import Path", ""] : []), "import torch", "", "import gevb", `from gevb.networks import ${conv.length ? "FC, Conv, Network, Pool" : "FC, Network"}`, "from gevb.seeds import stream",
      ...(init === "plain" ? ["from gevb.theory.on_off import plain_nonnegative"] : []),
      ...(own_data || data.name === "digits" ? [] : ["from gevbook.toys import toy"]), "",
      ...source, ...(own_data ? split : []),
      "network = Network(", `    (${shape}),`, `    ${data.classes},`, `    [${[...conv.flatMap((n) => [`Conv(${n}, 3, 1, 1)`, "Pool(2)"]), ...hidden.map((n) => `FC(${n})`)].join(", ")}],`,
      `    vectorized=${kind.vectorized ? "True" : "False"},`, `    nonnegative=${kind.nonnegative ? "True" : "False"},`,
      `    initializer=${named},`, `    seed=${seed},`, ").double()",
      ...(frozen.length ? [`for l in (${frozen.join(", ")},):  # do not learn`, "    network.layers[l - 1].requires_grad_(False)"] : []),
      `rule = gevb.${RULES[rule]}(network, seed=${seed})`,
      `optimizer = torch.optim.${opt === "adam" ? "Adam" : "SGD"}(network.parameters(), lr=${r})`,
      `order = stream(${seed}, "order")`, "for epoch in range(1, 21):",
      "    shuffled = torch.randperm(len(data.train), generator=order)",
      `    for x, y in data.train.batches(${batch}, shuffled):`, "        optimizer.zero_grad()",
      "        rule.backward(x.double(), y)", "        optimizer.step()",
      ...(clamp === "on" ? ["        network.clamp_()"] : []),
      "    print(epoch, gevb.evaluate(network, data.test)[0])", ""].join("\n");
  }

  return { KINDS, INITS, RULES, SETS, defaults, settled, settings, read, write, label, python, kernels };
}
