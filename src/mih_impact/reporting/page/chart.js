// Two figures as inline SVG: who pays and who gains, and when gains pass costs.
"use strict";

function svgNode(parent, name, attributes, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return parent.appendChild(node);
}

function emptied(svg, width, height, alt) {
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("width", width);
  svg.setAttribute("height", height);
  svg.setAttribute("aria-label", alt);
}

// A range widened to whole steps of 1, 2 or 5 times a power of ten, so that an axis stands still
// while a slider moves a little.
function niceAxis(low, high, wanted) {
  const raw = Math.max(high - low, 1) / wanted, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((k) => k * power).find((each) => each >= raw);
  const first = Math.floor(low / step), last = Math.ceil(high / step);
  return { low: first * step, high: last * step,
    ticks: range(last - first + 1).map((i) => (first + i) * step) };
}

// A name split in two lines where it is long, at the space nearest its middle.
function inLines(text, most) {
  if (text.length <= most) return [text];
  const spaces = [...text.matchAll(/ /g)].map((found) => found.index);
  if (!spaces.length) return [text];
  const middle = spaces.reduce((best, at) =>
    Math.abs(at - text.length / 2) < Math.abs(best - text.length / 2) ? at : best);
  return [text.slice(0, middle), text.slice(middle + 1)];
}

// rows: { name, label, value, low, high, text, note, sum }; a row with a note has no bar.
function drawBars(svg, rows, width, texts) {
  const wide = width >= 560, names = wide ? 186 : 0, gap = 14;
  const pad = 14 + 7.2 * Math.max(...rows.map((row) => row.note ? 0 : row.text.length));
  const above = wide ? 0 : texts.dense ? 14 : 16;  // room for a name above its bar
  const bar = texts.dense ? 13 : 16, top = 6, height = wide ? 30 : texts.dense ? 33 : 44;
  const low = Math.min(0, ...rows.map((row) => row.low ?? row.value));
  const high = Math.max(0, ...rows.map((row) => row.high ?? row.value));
  const axis = niceAxis(low, high, wide ? 5 : 3);
  const left = names + (low < 0 ? pad : 6), right = width - (high > 0 ? pad : 6);
  const x = (value) => left + (right - left) * (value - axis.low) / (axis.high - axis.low);
  const firstSum = rows.findIndex((row) => row.sum);
  const y = (i) => top + i * height + (i >= firstSum ? gap : 0) + above;
  const bottom = y(rows.length - 1) + bar + 12;
  emptied(svg, width, bottom + 36, texts.bars_alt);
  const every = x(axis.ticks[1]) - x(axis.ticks[0]) < 38 ? 2 : 1;
  for (const tick of axis.ticks) {
    svgNode(svg, "line", { x1: x(tick), x2: x(tick), y1: top, y2: bottom,
      class: tick === 0 ? "zero" : "grid" });
    if (Math.round(tick / (axis.ticks[1] - axis.ticks[0])) % every === 0) svgNode(svg, "text", { x: x(tick), y: bottom + 14, class: "tick middle" }, number(tick / 1000, 0));
  }
  svgNode(svg, "text", { x: (left + right) / 2, y: bottom + 30, class: "tick middle" }, texts.axis);
  const line = y(firstSum) - above - gap / 2 - 2;
  svgNode(svg, "line", { x1: 0, x2: width, y1: line, y2: line, class: "grid" });
  rows.forEach((row, i) => {
    const middle = y(i) + bar / 2, gain = row.value >= 0;
    const lines = wide ? inLines(row.label, 30) : [row.label];
    lines.forEach((text, k) => svgNode(svg, "text", { x: 2, class: row.sum ? "name strong" : "name",
      y: wide ? middle + 4 + 13 * (k - (lines.length - 1) / 2) : y(i) - 4 }, text));
    if (row.note) {
      const room = x(0) < width / 2;  // on the side of zero that has it
      svgNode(svg, "text", { x: x(0) + (room ? 6 : -6), y: middle + 4,
        class: room ? "note" : "note end" }, row.note);
      return;
    }
    svgNode(svg, "rect", { x: Math.min(x(0), x(row.value)), y: y(i), height: bar,
      width: Math.abs(x(row.value) - x(0)), class: `bar ${row.name}` });
    if (row.low !== null) for (const part of ["halo", "whisker"])
      svgNode(svg, "line", { x1: x(row.low), x2: x(row.high), y1: middle, y2: middle, class: part });
    const end = gain ? row.high ?? row.value : row.low ?? row.value;
    svgNode(svg, "text", { x: x(end) + (gain ? 6 : -6), y: middle + 4,
      class: gain ? "value" : "value end" }, row.text);
  });
}

// lines: { name, label, cumulative, reach, break_even }; the first has a band and stands on top.
function drawPaths(svg, lines, width, estimated, texts) {
  const height = 250, left = 48, right = width - 92, top = 16, bottom = height - 40;
  const n = lines[0].cumulative.length, band = lines[0].reach;
  const ends = lines.flatMap(({ cumulative }, k) => cumulative.flatMap((value, t) =>
    k === 0 && band ? [value - band[t], value + band[t]] : [value]));
  const axis = niceAxis(Math.min(0, ...ends), Math.max(0, ...ends), 4);
  const x = (t) => left + (right - left) * (n > 1 ? t / (n - 1) : 0.5);
  const y = (value) => bottom - (bottom - top) * (value - axis.low) / (axis.high - axis.low);
  const points = (values) => values.map((value, t) => `${x(t)},${y(value)}`).join(" ");
  emptied(svg, width, height, texts.paths_alt);
  if (n > estimated) svgNode(svg, "rect", { x: x(estimated - 1), y: top, class: "after",
    width: right - x(estimated - 1), height: bottom - top });
  for (const tick of axis.ticks) {
    svgNode(svg, "line", { x1: left, x2: right, y1: y(tick), y2: y(tick),
      class: tick === 0 ? "zero" : "grid" });
    svgNode(svg, "text", { x: left - 6, y: y(tick) + 4, class: "tick end" }, number(tick / 1000, 0));
  }
  const every = Math.ceil(n / Math.max(2, Math.floor((right - left) / 34)));
  for (const t of range(n)) if (t % every === 0)
    svgNode(svg, "text", { x: x(t), y: bottom + 16, class: "tick middle" }, String(t));
  svgNode(svg, "text", { x: (left + right) / 2, y: height - 6, class: "tick middle" }, texts.years);
  if (n > estimated)
    svgNode(svg, "text", { x: right - 4, y: bottom - 6, class: "note end" }, texts.after);
  if (band) {
    const society = lines[0].cumulative, back = range(n).reverse();
    svgNode(svg, "polygon", { class: "band", points: points(society.map((v, t) => v + band[t]))
      + " " + back.map((t) => `${x(t)},${y(society[t] - band[t])}`).join(" ") });
  }
  for (const line of [...lines].reverse()) {
    svgNode(svg, "polyline", { points: points(line.cumulative), class: `path ${line.name}` });
    if (line.break_even !== null) svgNode(svg, "circle", { r: 5, class: `dot ${line.name}`,
      cx: x(line.break_even), cy: y(line.cumulative[line.break_even]) });
  }
  const at = lines.map((line) => y(line.cumulative[n - 1]));
  const apart = 30 - Math.abs(at[0] - at[1]);  // two lines of text each
  const shift = apart > 0 ? apart / 2 * (at[0] <= at[1] ? 1 : -1) : 0;
  lines.forEach((line, k) => inLines(line.label, 12).forEach((text, i, all) =>
    svgNode(svg, "text", { x: right + 8, class: `end-label ${line.name}`,
      y: at[k] + (k ? shift : -shift) + 4 + 13 * (i - (all.length - 1) / 2) }, text)));
}
