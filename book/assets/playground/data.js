// What the playground's networks learn from: digits as packed by playground.py, the toy sets of
// gevbook.toys, points that a visitor set, and a visitor's table of numbers.
//
// A data set is { name, inputs, classes, names, train: { x, y }, test: { x, y } } with x of (N, inputs).
"use strict";
function dataModule(Random) {
  const POINTS = 300, LARGEST = { inputs: 64, classes: 10, rows: 5000 };

  // Pixels are 0 to 16, a letter each, and A to Z runs of 2 to 27 zeros.
  function digits({ pixels, labels, tests }) {
    const values = [];
    for (const letter of pixels) {
      const code = letter.charCodeAt(0);
      if (code >= 65 && code <= 90) for (let n = code - 63; n > 0; n--) values.push(-1);
      else values.push(parseInt(letter, 17) / 8 - 1);
    }
    const part = (from, to) => ({
      x: Float64Array.from(values.slice(64 * from, 64 * to)),
      y: Uint8Array.from(labels.slice(from, to)),
    });
    const end = labels.length, names = [..."0123456789"];
    return { name: "digits", inputs: 64, classes: 10, names, train: part(0, end - tests), test: part(end - tests, end) };
  }

  const NOISE = { spirals: .03, rings: .05, clouds: .15 };

  // gevbook.toys.toy(name, seed).
  function toy(name, seed) {
    const stream = Random.stream(seed, "points"), n = 2 * POINTS;
    const uniform = stream.uniforms(n), noise = stream.normals(2 * n);
    const parts = [0, 1].map(() => ({ x: new Float64Array(n), y: new Uint8Array(POINTS) }));
    uniform.forEach((u, i) => {
      const k = (i >> 1) % 3, part = parts[i % 2], at = i >> 1;
      const radius = { spirals: .1 + .8 * u, rings: .1 + .35 * k, clouds: .5 }[name];
      const angle = 2 * Math.PI * { spirals: k / 3 + .6 * u, rings: u, clouds: k / 3 }[name];
      [Math.cos(angle), Math.sin(angle)].forEach((direction, d) => {
        const value = radius * direction + NOISE[name] * noise[2 * i + d];
        part.x[2 * at + d] = Math.fround(Math.min(1, Math.max(-1, value)));
      });
      part.y[at] = k;
    });
    return { name, inputs: 2, classes: 3, names: [..."ABC"], train: parts[0], test: parts[1] };
  }

  // Rows of numbers and their labels as a data set: every fifth row is for the test, from 20 rows on;
  // fewer are tested on themselves.
  function table(name, rows, labels, names) {
    const inputs = rows[0]?.length ?? 2;
    const chosen = (test) => {
      const kept = rows.map((_, n) => n).filter((n) => rows.length < 20 || (n % 5 === 4) === test);
      return { x: Float64Array.from(kept.flatMap((n) => rows[n])), y: Uint8Array.from(kept.map((n) => labels[n])) };
    };
    return { name, inputs, classes: names.length, names, train: chosen(false), test: chosen(true) };
  }

  // A visitor's points [x, y, class] of the plane.
  const points = (list) => table("points", list.map(([x, y]) => [x, y]), list.map((point) => point[2]), [..."ABC"]);

  // A visitor's file: columns of numbers, the label last, perhaps names of the columns on top. The
  // numbers of each column are scaled to [-1, 1]. Throws one kind line if it does not fit.
  function csv(text) {
    const lines = text.split(/\r?\n/).map((line) => line.trim()).filter(Boolean);
    const cells = lines.map((line) => line.split(/[,;\t]/).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1")));
    const isNumber = (cell) => cell !== "" && Number.isFinite(Number(cell));
    if (cells.length && !cells[0].slice(0, -1).every(isNumber)) cells.shift();
    const width = cells[0]?.length ?? 0, first = lines.length - cells.length + 1;
    if (cells.length < 2) throw new Error("This file holds no rows: wanted numbers, then a label, in each line.");
    if (width < 2 || width - 1 > LARGEST.inputs) throw new Error(`This file has ${width} column${width === 1 ? "" : "s"}: wanted 1 to ${LARGEST.inputs} columns of numbers and one of labels.`);
    if (cells.length > LARGEST.rows) throw new Error(`This file has ${cells.length} rows: the page takes up to ${LARGEST.rows}.`);
    cells.forEach((row, n) => {
      if (row.length !== width) throw new Error(`Line ${n + first} has ${row.length} columns: wanted ${width}, as in the line before.`);
      const bad = row.slice(0, -1).find((cell) => !isNumber(cell));
      if (bad !== undefined) throw new Error(`Line ${n + first} holds “${bad.slice(0, 20)}”: wanted a number in every column but the last.`);
    });
    const names = [...new Set(cells.map((row) => row.at(-1)))].sort();
    if (names.length < 2 || names.length > LARGEST.classes) throw new Error(`The last column holds ${names.length} different label${names.length === 1 ? "" : "s"}: wanted 2 to ${LARGEST.classes}.`);
    const columns = Array.from({ length: width - 1 }, (_, c) => {
      const values = cells.map((row) => Number(row[c])), [low, high] = [Math.min(...values), Math.max(...values)];
      return values.map((value) => (high > low ? 2 * (value - low) / (high - low) - 1 : 0));
    });
    const rows = cells.map((_, n) => columns.map((column) => column[n]));
    return table("file", rows, cells.map((row) => names.indexOf(row.at(-1))), names);
  }

  // Strokes, lists of [x, y] downwards, as a picture of 8 x 8 like those of a data set: moved and scaled
  // to its full height, drawn on 32 x 32 points with a pen so broad that there is as much ink as in the
  // mean picture, and counted in blocks of 4 x 4. Null without a stroke.
  function downsampled(strokes, { train }) {
    const points = strokes.flat();
    if (!points.length) return null;
    const wanted = train.x.reduce((sum, value) => sum + (value + 1) * 8, 0) / train.y.length;
    const ends = [0, 1].map((d) => [Math.min, Math.max].map((end) => end(...points.map((point) => point[d]))));
    const [[middleX, wide], [middleY, tall]] = ends.map(([low, high]) => [(low + high) / 2, Math.max(.02, high - low)]);
    // Squared distance of every place to the strokes, if they leave room for a pen of that radius.
    const distances = (radius) => {
      const size = 32 - 2 * radius, scale = size / Math.max(tall, wide / 3);
      const across = Math.min(scale, .75 * size / wide);
      const place = ([x, y]) => [16 + (x - middleX) * across, 16 + (y - middleY) * scale];
      const lines = strokes.flatMap((stroke) => stroke.map((point, n) => [place(stroke[Math.max(0, n - 1)]), place(point)]));
      return Array.from({ length: 1024 }, (_, k) => {
        const [px, py] = [k % 32 + .5, (k >> 5) + .5];
        return Math.min(...lines.map(([[ax, ay], [bx, by]]) => {
          const [dx, dy] = [bx - ax, by - ay], t = Math.max(0, Math.min(1, ((px - ax) * dx + (py - ay) * dy) / (dx * dx + dy * dy || 1)));
          return (px - ax - t * dx) ** 2 + (py - ay - t * dy) ** 2;
        }));
      });
    };
    let radius = 3;
    for (let pass = 0; pass < 2; pass++) radius = Math.min(5, Math.max(1.5, Math.sqrt(distances(radius).sort((a, b) => a - b)[Math.round(wanted)])));
    const counts = new Array(64).fill(0);
    distances(radius).forEach((d, k) => { if (d < radius ** 2) counts[8 * (k >> 7) + (k % 32 >> 2)]++; });
    return counts.map((count) => count / 8 - 1);
  }

  return { digits, downsampled, toy, points, csv, TOYS: Object.keys(NOISE) };
}
