// Drawings as text of SVG, from numbers; colours and strokes are the style sheet's business.
"use strict";
function drawModule() {
  const HEIGHT = 430, TOP = 30, SHOWN = 10, BOX = 32; // of the network's drawing; units a layer
  const short = (value) => +value.toFixed(2);
  const largest = (values) => values.reduce((top, value) => Math.max(top, Math.abs(value)), 0) || 1;

  // Bars about a line, side by side around x: one path for all.
  function bars(values, x, y, width, height, kind) {
    const step = width / values.length, gap = Math.min(1, step / 4);
    const d = [...values].map((value, k) => {
      const tall = short(Math.max(-1, Math.min(1, value)) * height), left = short(x - width / 2 + k * step + gap / 2);
      return tall ? `M${left} ${short(y)}v${-tall}h${short(step - gap)}v${tall}z` : "";
    }).join("");
    return `<path class="bars ${kind}" d="${d}"/>`;
  }

  // Lines [x1, y1, x2, y2, strength 0 .. 1] in a few groups of one thickness.
  function strands(lines, kind) {
    const groups = [[], [], [], []];
    for (const line of lines) {
      const level = Math.ceil(Math.min(1, line[4]) * 4) - 1;
      if (level >= 0) groups[level].push(line);
    }
    return groups.map((group, level) => (group.length
      ? `<path class="strand ${kind} level-${level}" d="${group.map(([a, b, c, d]) => `M${short(a)} ${short(b)}L${short(c)} ${short(d)}`).join("")}"/>`
      : "")).join("");
  }

  // Places of the units that are drawn: of more than SHOWN the first ones.
  const places = (units, x) => {
    const n = Math.min(units, SHOWN), pitch = (HEIGHT - TOP - 12) / SHOWN;
    const first = TOP + (HEIGHT - TOP - 12 - pitch * n) / 2 + pitch / 2;
    return Array.from({ length: n }, (_, i) => [x, first + pitch * i]);
  };

  const picture = (x, left, top, pixel) => [...x].map((value, n) =>
    `<rect class="ink" x="${left + pixel * (n % 8)}" y="${top + pixel * Math.floor(n / 8)}" width="${pixel}" height="${pixel}" fill-opacity="${short((value + 1) / 2)}"/>`).join("");

  // A square map of numbers, -1 .. 1, in three levels of each sign.
  function map(values, left, top, size, kind) {
    const side = Math.sqrt(values.length), pixel = size / side, groups = {};
    values.forEach((value, n) => {
      const level = Math.min(3, Math.ceil(Math.abs(value) * 3));
      if (level) (groups[`${value < 0 ? "less" : "more"} part-${level}`] ??= []).push(`M${short(left + n % side * pixel)} ${short(top + Math.floor(n / side) * pixel)}h${short(pixel)}v${short(pixel)}h${short(-pixel)}z`);
    });
    return `<rect class="paper" x="${short(left)}" y="${short(top)}" width="${short(size)}" height="${short(size)}"/>`
      + Object.entries(groups).map(([group, d]) => `<path class="map ${kind} ${group}" d="${d.join("")}"/>`).join("");
  }

  // The network with one example x in it. scene: { network, fixed, rule, x, learnt (what Networks.learn gives),
  // p, label or null, names, stage, width }.
  function network({ network: net, fixed, rule, x: example, learnt, p, label, names, stage, width }) {
    const { K, layers, vectorized } = net, { trace, e, heard, gradients } = learnt;
    const hidden = layers.length - 1, narrow = width < 520;
    const from = narrow ? 62 : 112, to = width - (narrow ? 92 : 132), outX = vectorized ? to - (narrow ? 12 : 26) : to;
    const gap = (outX - from) / (hidden + 1), box = Math.max(24, Math.min(46, gap * .55));
    const columns = layers.slice(0, -1).map(({ units }, l) => places(units, from + gap * (l + 1) - (vectorized ? 0 : gap / 4)));
    const rowPitch = Math.min(26, (HEIGHT - TOP - 20) / names.length);
    const rows = names.map((_, k) => [to, HEIGHT / 2 + (k - (names.length - 1) / 2) * rowPitch + 8]);
    const output = vectorized ? [[outX - 4, HEIGHT / 2 + 8]] : rows;
    const column = (l) => (l === hidden ? output : columns[l]);
    const middle = [narrow ? 50 : 96, HEIGHT / 2 + 8];
    const show = { error: stage !== "forward", message: stage === "message" || stage === "change" || stage === "all" };
    const parts = [];

    // Connections: as thick as the weights; in the last stage, as the changes.
    const between = (l, value) => column(l).flatMap(([x, y], i) => (l
      ? column(l - 1).map(([bx, by], j) => [bx + box / 2, by, x - box / 2, y, value(i, j)]) : []));
    // Between two units of a row, over all places and positions that share the connection.
    const joined = (l, values) => {
      const { inputs } = layers[l], below = layers[l - 1].units;
      return (i, j) => { let sum = 0; for (let k = j; k < inputs; k += below) sum += values[i * inputs + k]; return sum; };
    };
    layers.forEach(({ weight, inputs, units, first }, l) => {
      const change = gradients[l]?.weight ?? new Float64Array(weight.length), norms = (values, i) => {
        let total = 0;
        for (let mu = 0; mu < K; mu++) for (let j = 0; j < inputs; j++) total += values[(mu * units + i) * inputs + j] ** 2;
        return Math.sqrt(total);
      };
      if (first) {
        const values = column(0).map((_, i) => norms(stage === "change" ? change : weight, i)), top = largest(values);
        parts.push(strands(column(0).map(([x, y], i) => [...middle, x - box / 2, y, values[i] / top / 2]), stage === "change" ? "own" : ""));
        return;
      }
      const at = (values) => joined(l, values);
      const seen = between(l, at(weight)).map((line) => line[4]), top = largest(seen);
      const quiet = stage === "change" || stage === "message" ? " quiet" : "";
      parts.push(strands(between(l, (i, j) => at(weight)(i, j) / top), quiet));
      parts.push(strands(between(l, (i, j) => -at(weight)(i, j) / top), `negative${quiet}`));
      if (stage === "change") {
        const most = largest(between(l, at(change)).map((line) => line[4]));
        parts.push(strands(between(l, (i, j) => -at(change)(i, j) / most), "up"));
        parts.push(strands(between(l, (i, j) => at(change)(i, j) / most), "down"));
      }
    });

    // What a list holds of a unit at all positions, or components; its gate is open somewhere.
    const ofUnit = (values, l, i) => Array.from({ length: values.length / layers[l].units }, (_, n) => values[n * layers[l].units + i]);
    const isOpen = (l, i) => ofUnit(trace.open[l], l, i).some(Boolean);

    // The ways that the messages take.
    if (stage === "message") {
      const [ox, oy] = vectorized ? output[0] : [to, HEIGHT / 2];
      if (rule === "gevb") {
        parts.push(strands(columns.flat().map(([x, y]) => [ox, oy, x, y + 8, .3]), "way"));
      } else if (rule === "dfa") {
        columns.forEach((list, l) => parts.push(strands(list.flatMap(([x, y], i) => output.map(([a, b], o) =>
          [a - box / 2, b, x, y + 8, Math.abs(fixed.matrix[o * fixed.columns + i * layers[l].side ** 2]) * (vectorized ? .6 : .25)])), "way")));
      } else {
        for (let l = hidden; l > 0; l--) {
          const weight = joined(l, rule === "fa" ? fixed[l] : layers[l].weight);
          const told = between(l, (i, j) => (isOpen(l, i) ? Math.abs(weight(i, j)) : 0));
          const top = largest(told.map((line) => line[4]));
          parts.push(strands(told.map(([a, b, c, d, v]) => [c, d + 8, a, b + 8, v / top]), `way${rule === "fa" ? " fixed" : ""}`));
        }
      }
    }

    // Units: above what they say, below what they receive.
    const messages = columns.map((list, l) => (layers[l].side > 1 ? [] : list).map((_, i) => {
      const h = heard[l][i];
      return vectorized ? [...e].map((value) => h * value) : [h];
    }));
    // One scale for all: that of e, from -1 to 1, unless a message is larger.
    const loud = Math.max(1, largest(messages.flat(2)));
    columns.forEach((list, l) => {
      const { units } = layers[l];
      const says = list.map((_, i) => ofUnit(trace.a[l], l, i));
      const top = largest(says.flat());
      // A channel: maps of how strong its vectors are, and of what its positions receive.
      if (layers[l].side > 1) {
        const Q = says[0].length / K, size = Math.min(BOX - 6, (box - 6) / 2);
        const norms = says.map((values) => Array.from({ length: Q }, (_, q) => Math.hypot(...Array.from({ length: K }, (_, mu) => values[mu * Q + q]))));
        const told = list.map((_, i) => ofUnit(heard[l], l, i)), [most, strongest] = [largest(told.flat()), largest(norms.flat())];
        list.forEach(([x, y], i) => {
          parts.push(`<g class="unit${isOpen(l, i) ? "" : " closed"}"><rect x="${short(x - box / 2)}" y="${short(y - BOX / 2)}" width="${short(box)}" height="${BOX}" rx="5"/>`
            + map(norms[i].map((v) => v / strongest), x - size - 1, y - size / 2, size, "says")
            + (show.message ? map(told[i].map((v) => v / most), x + 1, y - size / 2, size, "hears") : "") + "</g>");
        });
        if (show.message && !narrow) parts.push(`<text class="count" x="${short(list[0][0])}" y="${HEIGHT - 2}">receives up to ${+most.toPrecision(2)}${vectorized ? " e" : ""}</text>`);
      } else list.forEach(([x, y], i) => {
        const wide = K === 1 ? 12 : box - 8;
        parts.push(`<g class="unit${trace.open[l][i] ? "" : " closed"}"><rect x="${short(x - box / 2)}" y="${short(y - BOX / 2)}" width="${short(box)}" height="${BOX}" rx="5"/>`
          + `<path class="axis" d="M${short(x - box / 2 + 3)} ${short(y - 7)}h${short(box - 6)}"/>`
          + bars(says[i].map((v) => v / top), x, y - 7, wide, 7, "says")
          + (show.message ? bars(messages[l][i].map((v) => v / loud), x, y + 8, wide, 7, "hears") : "") + "</g>");
      });
      const hiddenOnes = units - list.length, [x] = list[0];
      parts.push(`<text class="head" x="${short(x)}" y="13">${narrow ? "" : "layer "}${l + 1}</text>`
        + `<text class="count" x="${short(x)}" y="26">${hiddenOnes ? `${list.length} of ${units}` : units}${narrow ? "" : layers[l].side > 1 ? " channels" : " units"}</text>`);
    });
    if (vectorized) {
      const [x, y] = output[0], logits = [...trace.logits];
      parts.push(`<g class="unit out"><rect x="${short(x - box / 2)}" y="${short(y - BOX / 2)}" width="${short(box)}" height="${BOX}" rx="5"/>`
        + `<path class="axis" d="M${short(x - box / 2 + 3)} ${short(y - 7)}h${short(box - 6)}"/>`
        + bars(logits.map((v) => v / largest(logits)), x, y - 7, box - 8, 7, "says")
        + (show.message ? bars([...e].map((v) => v / loud), x, y + 8, box - 8, 7, "hears") : "") + "</g>");
    }

    // What goes in, and the classes: how sure it is of each, and the error.
    if (example.length === 64) {
      const pixel = narrow ? 6 : 11, side = 8 * pixel;
      parts.push(`<g class="picture"><rect class="paper" x="2" y="${middle[1] - side / 2}" width="${side}" height="${side}"/>${picture(example, 2, middle[1] - side / 2, pixel)}</g>`);
    } else {
      parts.push(`<rect class="paper" x="4" y="${middle[1] - 44}" width="${middle[0] - 8}" height="88" rx="5"/>`
        + bars(example, middle[0] / 2, middle[1], Math.min(example.length * 26, middle[0] - 16), 40, "says"));
    }
    const guess = p.indexOf(Math.max(...p)), span = narrow ? 28 : 44;
    parts.push(`<text class="head" x="${short(to + 34)}" y="13">${narrow ? "answer" : "how sure"}</text>`);
    if (show.error && label !== null) parts.push(`<text class="head error" x="${width - (narrow ? 14 : 20)}" y="13">e</text>`);
    rows.forEach(([x, y], k) => {
      const tall = Math.min(12, rowPitch - 5);
      const classes = `class${k === guess ? " guess" : ""}${k === label ? " truth" : ""}`;
      parts.push(`<g class="${classes}"><text x="${short(x + 10)}" y="${short(y + 4)}">${names[k]}</text>`
        + `<rect class="room" x="${short(x + 20)}" y="${short(y - tall / 2)}" width="${span}" height="${tall}"/>`
        + `<rect class="share" x="${short(x + 20)}" y="${short(y - tall / 2)}" width="${short(span * p[k])}" height="${tall}"/>`
        + (k === label ? `<path class="mark" d="M${short(x + 1)} ${short(y - 5)}v10"/>` : ""));
      if (show.error && label !== null) {
        const error = p[k] - (k === label), room = narrow ? 12 : 18, middleX = width - room - 2;
        parts.push(`<path class="axis" d="M${middleX} ${short(y - tall / 2)}v${tall}"/><rect class="bars hears" x="${short(middleX + Math.min(0, error * room))}" y="${short(y - tall / 2 + 1)}" width="${short(Math.abs(error * room))}" height="${tall - 2}"/>`);
      }
      parts.push("</g>");
    });
    return `<svg viewBox="0 0 ${width} ${HEIGHT}" aria-hidden="true">${parts.join("")}</svg>`;
  }

  const LEFT = 40, FLOOR = .25;

  // A frame with horizontal lines at the ticks; y(value) and x(value) place a point.
  function frame(width, height, ticks, y, right, steps, x, unit) {
    const lines = ticks.map((tick) => `<path class="grid" d="M${LEFT} ${short(y(tick))}H${width - right}"/><text x="${LEFT - 6}" y="${short(y(tick) + 4)}" text-anchor="end">${tick}${unit}</text>`);
    const marks = steps.map((step) => `<text x="${short(x(step))}" y="${height - 6}" text-anchor="middle">${step}</text>`);
    return lines.join("") + marks.join("");
  }

  function epochs(series, width, right) {
    const last = Math.max(2, ...series.map(({ points }) => points.at(-1).epoch));
    const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((n) => last / n <= 6) ?? 5000;
    const x = (epoch) => LEFT + 4 + epoch / last * (width - LEFT - right - 8);
    return { x, steps: Array.from({ length: Math.floor(last / step) + 1 }, (_, n) => n * step) };
  }

  const path = (points) => points.map(([x, y], n) => `${n ? "L" : "M"}${short(x)} ${short(y)}`).join("");

  // Errors over epochs, on a logarithmic scale: test solid, training thin, and the range of the test errors
  // of other seeds. series: [{ rule, points, kind, others }]; cursor: an epoch to mark.
  function curves(series, width, height = 230, cursor = null) {
    const right = 10, { x, steps } = epochs(series, width, right);
    const y = (error) => 10 + Math.log(100 / Math.max(FLOOR, error)) / Math.log(100 / FLOOR) * (height - 38);
    const band = ({ rule, points, others = [] }) => {
      const shared = points.map((point, n) => [point, ...others.map((list) => list[n])]).filter((seeds) => seeds.every(Boolean));
      const edge = (end) => shared.map((seeds) => [x(seeds[0].epoch), y(end(...seeds.map(({ test }) => test)))]);
      return others.length ? `<path class="band" data-rule="${rule}" d="${path([...edge(Math.max), ...edge(Math.min).reverse()])}z"/>` : "";
    };
    const drawn = series.map(({ rule, points, kind }) => ["train", "test"].map((part) =>
      `<path class="curve ${part} ${kind}" data-rule="${rule}" d="${path(points.filter((point) => point[part] !== null).map((point) => [x(point.epoch), y(point[part])]))}"/>`).join("")
      + (kind.includes("pinned") ? "" : `<circle class="now" data-rule="${rule}" cx="${short(x(points.at(-1).epoch))}" cy="${short(y(points.at(-1).test))}" r="3.5"/>`));
    return `<svg viewBox="0 0 ${width} ${height}" aria-hidden="true">${frame(width, height, [100, 50, 20, 10, 5, 2, 1, .5], y, right, steps, x, "")}`
      + `${series.map(band).join("")}${drawn.join("")}${cursor === null ? "" : `<path class="cursor" d="M${short(x(cursor))} 8V${height - 28}"/>`}</svg>`;
  }

  // The epoch at a place across that drawing.
  const epochAt = (series, width, place) => {
    const { x } = epochs(series, width, 10);
    return (place - x(0)) / (x(1) - x(0));
  };

  // Calls read(epoch) for the place of the pointer or, from the keyboard, for the next evaluation, and read(null) at the end.
  function reader(element, series, width, read) {
    let at = null;
    const to = (epoch) => { at = epoch; read(epoch); };
    element.addEventListener("pointermove", ({ clientX }) => {
      const all = series();
      if (all) to(epochAt(all, width(element), clientX - element.getBoundingClientRect().left));
    });
    for (const name of ["pointerleave", "blur"]) element.addEventListener(name, () => to(null));
    element.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key], points = series()?.at(-1).points;
      if (!step || !points) return;
      const now = at === null ? points.length : points.findIndex(({ epoch }) => epoch >= at);
      to(points[Math.max(0, Math.min(points.length - 1, now + step))].epoch);
      event.preventDefault();
    });
  }

  // The test errors alone, at a glance.
  function glance(series, width, height) {
    const { x } = epochs(series, width, 4), scale = (width - 8) / (width - LEFT - 12);
    const y = (error) => 4 + Math.log(100 / Math.max(FLOOR, error)) / Math.log(100 / FLOOR) * (height - 8);
    return `<svg viewBox="0 0 ${width} ${height}" aria-hidden="true">${series.map(({ rule, points, kind }) =>
      `<path class="curve ${kind}" data-rule="${rule}" d="${path(points.map((point) => [4 + (x(point.epoch) - LEFT - 4) * scale, y(point.test)]))}"/>`).join("")}</svg>`;
  }

  // Angles over epochs, a line for each hidden layer, the first one darkest.
  function angles(points, rule, width, height = 190) {
    const right = 34, { x, steps } = epochs([{ points }], width, right), layers = points[0].angles.length;
    const top = points.some((point) => point.angles.some((angle) => angle > 95)) ? 180 : 90;
    const y = (angle) => height - 26 - angle / top * (height - 40);
    const lines = Array.from({ length: layers }, (_, l) => {
      const known = points.filter((point) => point.angles[l] !== null);
      if (!known.length) return "";
      return `<path class="curve angle-${l}" data-rule="${rule}" d="${path(known.map((point) => [x(point.epoch), y(point.angles[l])]))}"/>`;
    });
    // Names at the ends of the lines, moved apart.
    const ends = Array.from({ length: layers }, (_, l) => [l, points.at(-1).angles[l]]).filter(([, angle]) => angle !== null)
      .map(([l, angle]) => [l, y(angle)]).sort((a, b) => a[1] - b[1]);
    ends.forEach((end, n) => { if (n) end[1] = Math.max(end[1], ends[n - 1][1] + 12); });
    const names = ends.map(([l, at]) => `<text x="${width - right + 3}" y="${short(at + 4)}">${l + 1}</text>`).join("");
    return `<svg viewBox="0 0 ${width} ${height}" aria-hidden="true">${frame(width, height, top === 90 ? [0, 30, 60, 90] : [0, 45, 90, 135, 180], y, right, steps, x, "°")}`
      + `${lines.join("")}${names}</svg>`;
  }

  // Updates (up) against gradients (to the right), on scales of square roots with signs.
  function dots(pairs, width) {
    const half = width / 2, place = (value, top) => Math.sign(value) * Math.sqrt(Math.abs(value) / top) * (half - 12);
    const [g, u] = [0, 1].map((k) => largest(pairs.map((pair) => pair[k])));
    const group = (kept, kind) => `<path class="dots ${kind}" d="${pairs.filter(kept).map((pair) =>
      `M${short(half + place(pair[0], g))} ${short(half - place(pair[1], u))}h0`).join("")}"/>`;
    return `<svg viewBox="0 0 ${width} ${width}" aria-hidden="true"><path class="quadrant" d="M${half} 4V${half}H${width - 4}V4ZM4 ${half}H${half}V${width - 4}H4Z"/>`
      + `<path class="grid" d="M${half} 4V${width - 4}M4 ${half}H${width - 4}"/>${group(([g0, u0]) => g0 * u0 === 0, "without")}${group(([g0, u0]) => g0 * u0 > 0, "same")}${group(([g0, u0]) => g0 * u0 < 0, "other")}`
      + `<text x="${width - 6}" y="${half + 14}" text-anchor="end">gradient</text><text x="${half - 5}" y="14" text-anchor="end">update</text></svg>`;
  }

  // Share of equal signs, a bar for each layer.
  const shares = (values, chosen, width) => `<svg viewBox="0 0 ${width} ${26 * values.length}" aria-hidden="true">${values.map((share, l) => {
    const y = 26 * l, room = width - 140, name = l === values.length - 1 ? "output" : `layer ${l + 1}`;
    return `<text class="${l === chosen ? "chosen" : ""}" x="0" y="${y + 16}">${name}</text><rect class="room" x="62" y="${y + 5}" width="${room}" height="14" rx="2"/>`
      + `<rect class="bars hears" x="62" y="${y + 5}" width="${short(room * (share ?? 0) / 100)}" height="14" rx="2"/><text x="${width - 70}" y="${y + 16}">${share === null ? "no gradient" : `${share.toFixed(share === 100 ? 0 : 1)} %`}</text>`;
  }).join("")}</svg>`;

  // Points over the plane of decisions (painted by the page): classes by shape and colour.
  const MARKS = ["M-3.5 0a3.5 3.5 0 1 1 7 0a3.5 3.5 0 1 1-7 0Z", "M-3.2-3.2h6.4v6.4h-6.4Z", "M0-4.2L3.9 2.8H-3.9Z"];
  const points = ({ x, y }, kind) => [...y].map((k, n) =>
    `<path class="point ${kind}" style="--class:var(--class-${k})" transform="translate(${short(100 + 100 * x[2 * n])} ${short(100 - 100 * x[2 * n + 1])})" d="${MARKS[k % 3]}"/>`).join("");

  return { network, map, curves, reader, glance, angles, dots, shares, points, MARKS };
}
