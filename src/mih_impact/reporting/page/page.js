// The page: reads the sliders, reckons the account, shows it, and keeps the setting in the address.
"use strict";

const account = JSON.parse(document.getElementById("account").textContent);
const texts = account.texts;
const form = document.getElementById("settings");
const one = (id) => document.getElementById(id);
const inputs = account.sliders.map((slider) => [slider, one(`slider-${slider.name}`)]);
const kind = one("persistence");
const PAPER = 430;  // the width of a chart on paper, in its own units
const NBSP = "\u00a0", MINUS = "\u2212";

// Numbers as display/numbers.py writes them: a no-break space between thousands, the minus sign.
function number(x, decimals) {
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  const text = new Intl.NumberFormat(texts.locale, digits).format(Math.abs(x));
  const spaced = text.replace(/[\s\u202f]/g, NBSP);
  return x < 0 && /[1-9]/.test(text) ? MINUS + spaced : spaced;
}
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const rounded = (x) => number(Math.round(Math.abs(x) / 100) * 100 * Math.sign(x), 0);
const hundreds = (x) => fill(texts.kroner, { n: rounded(x) });
const inMillions = (x) => number(x / 1e6, 1);
const millions = (x) => fill(texts.millions, { n: inMillions(x) });
const percent = (x, decimals) => fill(texts.percent, { n: number(100 * x, decimals) });
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const until = (low, high) => fill(texts.interval, { low, high });

function setting() {
  const at = { persistence: kind ? kind.value : "none", years_more: 0, half_life: 1 };
  for (const [slider, input] of inputs) at[slider.name] = slider.positions[input.value];
  return at;
}

const breakEven = (year, horizon) => year === null ? texts.never[horizon] : texts.break_even[year];

// Never rounded to a certainty.
function probability({ probability: p, certain }, words) {
  if (p === null) return texts.not_available;
  if (certain) return percent(p, 0);
  if (p > 0.999) return fill(words.above, { p: percent(0.999, 1) });
  return p < 0.001 ? fill(words.below, { p: percent(0.001, 1) }) : percent(p, 1);
}

// A number in the page stands in a <data> element, whose value is the number itself.
function show(id, value, text) {
  const node = one(id);
  node.value = value ?? "";
  node.textContent = text;
}

// The unit stands once, where the language has it: before the lower end, or after the upper one.
function showInterval(id, group, scale, write, unit) {
  const known = group.low !== null;
  one(`${id}-interval`).hidden = !known;
  if (!known) return;
  for (const end of ["low", "high"])
    show(`${id}-${end}`, scale * group[end], fill(unit[end], { n: write(scale * group[end]) }));
}

function showHeadline(result, at) {
  const { society, public: budgets } = result.groups;
  show("npv", society.value, hundreds(society.value));
  showInterval("npv", society, 1, rounded, texts.kroner_ends);
  show("cohort", at.starters * society.value, millions(at.starters * society.value));
  showInterval("cohort", society, at.starters, inMillions, texts.millions_ends);
  one("cohort-size").textContent = number(at.starters, 0);
  show("probability", result.probability, probability(result, texts.in_signs));
  show("break-even", society.break_even, breakEven(society.break_even, result.horizon));
  show("public", budgets.value, hundreds(budgets.value));
  show("npv-base", base.value, hundreds(base.value));
}

// Whole sentences, for the eye and for a screen reader, which hears them when the sliders rest.
function sentences(result, at) {
  const { society, public: budgets } = result.groups;
  const amount = (group) => hundreds(Math.abs(group.value));
  const said = [
    fill(society.value >= 0 ? texts.society_gains : texts.society_loses, {
      amount: amount(society), years: result.horizon }),
  ];
  if (society.low !== null) said.push(fill(texts.said_interval, {
    low: hundreds(society.low), high: hundreds(society.high),
    p: probability(result, texts.in_words) }));
  said.push(
    fill(texts.said_cohort, { n: number(at.starters, 0), amount: millions(at.starters * society.value) }),
    fill(society.break_even === null ? texts.said_never : texts.said_break_even, {
      when: breakEven(society.break_even, result.horizon), years: result.horizon }),
    fill(budgets.value >= 0 ? texts.public_gains : texts.public_loses, { amount: amount(budgets) }),
    selectionSaid(at, society));
  return said.join(" ");
}

// Society's value is affine in the share that is selection: where is it zero?
function selectionSaid(at, society) {
  const whole = evaluate(account, { ...at, selection: 0 }).groups.society.value;
  const none = evaluate(account, { ...at, selection: 1 }).groups.society.value;
  const share = whole / (whole - none);
  return whole > 0 && share >= 0 && share <= 1
    ? fill(texts.said_selection, { share: percent(share, 0) }) : texts.said_no_selection;
}

// The actors something reaches; the employer apart, at zero by assumption; then the two sums.
function rowsOf(result) {
  const row = ({ name, label }) => {
    const group = result.groups[name];
    const shown = group.value < -0.5 ? texts.losing[name] ?? label : label;
    return { name, label: capital(shown), ...group,
      text: hundreds(group.value), sum: ["public", "society"].includes(name) };
  };
  const every = account.groups.map(row);
  const reached = every.filter(({ value }) => Math.abs(value) > 0.5);
  const employer = every.find(({ name }) => name === "employer");
  const assumed = Math.abs(employer.value) > 0.5 ? [] : [{ ...employer, note: texts.by_assumption, remark: texts.no_finding }];
  return [...reached.filter(({ sum }) => !sum), ...assumed, ...every.filter(({ sum }) => sum)];
}

function cell(row, tag, text, value) {
  const node = row.appendChild(document.createElement(tag));
  if (tag === "th") node.scope = "row";
  if (value === undefined) node.textContent = text;
  else {
    const data = node.appendChild(document.createElement("data"));
    data.value = value ?? "";
    data.textContent = text;
  }
  return node;
}

function showActors(result, rows) {
  const body = one("actors");
  body.replaceChildren();
  for (const { name, label, value, low, high, remark, sum, break_even } of rows) {
    const row = body.insertRow();
    row.dataset.name = name;
    row.className = sum ? "sum" : "";
    cell(row, "th", label);
    cell(row, "td", rounded(value), value);
    if (remark) { cell(row, "td", remark).colSpan = 2; continue; }
    const bounds = cell(row, "td", low === null ? texts.not_available : "");
    if (low !== null) {
      const [before, between] = texts.interval.split(/\{\w+\}/);
      for (const [lead, end] of [[before, low], [between, high]]) {
        const data = document.createElement("data");
        data.value = end;
        data.textContent = rounded(end);
        bounds.append(lead, data);
      }
    }
    cell(row, "td", breakEven(break_even, result.horizon), break_even);
  }
}

// Cash of one cohort in the estimated years: three blocks, a row per budget, never a sum of blocks.
function showCash(result, at) {
  const years = account.estimated, body = one("cash");
  const amounts = result.cash.map((row) => row.slice(0, years).map((x) => at.starters * x));
  const largest = Math.max(...amounts.flat().map(Math.abs));
  const [unit, decimals, word] = largest >= 2e6 ? [1e6, 1, texts.in_millions] : [1e3, 0, texts.in_thousands];
  one("cash-unit").textContent = word;
  one("cash-size").textContent = number(at.starters, 0);
  body.replaceChildren();
  for (const block of account.cash.blocks) {
    const places = account.cash.rows.flatMap((row, k) =>
      row.block === block.name && amounts[k].some((x) => Math.abs(x) > 0.5) ? [k] : []);
    if (!places.length) continue;
    const head = body.insertRow();
    head.className = "block";
    const name = cell(head, "th", capital(block.label));
    name.colSpan = years + 1;
    name.scope = "rowgroup";
    for (const k of places) {
      const row = body.insertRow();
      const { actor } = account.cash.rows[k];
      row.dataset.name = `${block.name} ${actor}`;
      cell(row, "th", capital(account.groups.find((group) => group.name === actor).label));
      for (const x of amounts[k]) cell(row, "td", number(x / unit, decimals), x);
    }
  }
  account.cash.rows.forEach(({ block, actor }, k) => {
    const node = one(`uncompensated-${actor}`);
    if (block !== "grants" || !node) return;
    const outlays = -total(amounts[k].filter((x) => x < 0));
    node.hidden = outlays < 0.5;
    node.textContent = fill(texts.uncompensated[actor], { amount: millions(outlays) });
  });
}

function showSliders() {
  for (const [slider, input] of inputs) {
    const text = slider.texts[input.value];
    one(`value-${slider.name}`).textContent = text;
    input.setAttribute("aria-valuetext", text);
    mark(input, slider.positions[input.value] !== slider.value);
  }
  if (!kind) return;
  one("value-persistence").textContent = kind.selectedOptions[0].textContent;
  mark(kind, kind.value !== account.persistence);
  for (const [name, needed] of [["years_more", kind.value !== "none"], ["half_life", kind.value === "half_life"]]) {
    const input = one(`slider-${name}`);
    input.disabled = !needed;
    input.closest(".control").classList.toggle("off", !needed);
  }
}

const mark = (input, moved) => input.closest(".control").classList.toggle("moved", moved);

// The charts are drawn to the width they get, on paper a fixed one.
function draw(result, paper) {
  const rows = rowsOf(result), widthOf = (id) => paper ?? Math.max(one(id).parentElement.clientWidth, 280);
  const { society, public: budgets } = result.groups;
  const named = (name) => account.groups.find((group) => group.name === name).label;
  drawBars(one("bars"), rows, widthOf("bars"), { axis: texts.axis, dense: Boolean(paper),
    bars_alt: `${texts.bars_title}. ` + rows.map(({ label, text, note }) =>
      `${label}: ${note ?? text}`).join(". ") + "." });
  drawPaths(one("paths"), [{ name: "society", label: named("society"), ...society },
    { name: "public", label: named("public"), ...budgets }],
    widthOf("paths"), account.estimated, { ...texts, paths_alt: fill(texts.paths_alt, {
      low: hundreds(Math.min(...society.cumulative)), last: hundreds(society.value),
      when: breakEven(society.break_even, result.horizon), public: hundreds(budgets.value) }) });
  return rows;
}

const own = Object.fromEntries(account.sliders.map(({ name, value }) => [name, value]));
const base = evaluate(account, { years_more: 0, ...own, persistence: account.persistence }).groups.society;
let result, resting, waiting;

function update() {
  const at = setting();
  result = evaluate(account, at);
  showSliders();
  showHeadline(result, at);
  showActors(result, draw(result));
  showCash(result, at);
  clearTimeout(resting);
  resting = setTimeout(() => rest(at), 300);
}

// However many inputs move before the next frame, it is drawn once.
function moved() {
  waiting ??= requestAnimationFrame(() => { waiting = undefined; update(); });
}

// When the sliders rest: the sentences, and the address, which a browser lets change only so often.
function rest(at) {
  one("summary").textContent = sentences(result, at);
  const asked = new URLSearchParams();
  for (const [slider] of inputs)
    if (at[slider.name] !== slider.value) asked.set(slider.name, at[slider.name]);
  if (kind && kind.value !== account.persistence) asked.set("persistence", kind.value);
  const here = location.href.split("#")[0];
  try {
    history.replaceState(null, "", `${asked}` ? `${here}#${asked}` : here);
  } catch { /* a viewer that shows the page in a frame: the setting is not kept */ }
}

// A setting from the address; a value that the page has not is not used, and said.
function read() {
  const asked = new URLSearchParams(location.hash.slice(1)), unknown = [];
  reset();
  for (const [name, text] of asked) {
    const found = inputs.find(([slider]) => slider.name === name);
    const place = found ? found[0].positions.findIndex((x) => Math.abs(x - Number(text)) < 1e-9) : -1;
    if (found && text.trim() && place >= 0) found[1].value = place;
    else if (kind && name === "persistence" && [...kind.options].some((each) => each.value === text))
      kind.value = text;
    else unknown.push(`${name}=${text}`);
  }
  one("unknown").hidden = !unknown.length;
  one("unknown").textContent = unknown.length ? fill(texts.unknown, { names: unknown.join(", ") }) : "";
  update();
}

function reset() {
  for (const [slider, input] of inputs) input.value = slider.positions.indexOf(slider.value);
  if (kind) kind.value = account.persistence;
}

form.addEventListener("input", moved);
form.addEventListener("submit", (event) => event.preventDefault());
one("reset").addEventListener("click", () => { reset(); one("unknown").hidden = true; update(); });
one("print").addEventListener("click", () => window.print());
addEventListener("hashchange", read);
addEventListener("resize", () => draw(result));
addEventListener("beforeprint", () => { clearTimeout(resting); rest(setting()); draw(result, PAPER); });
addEventListener("afterprint", () => draw(result));
one("answers").hidden = false;
read();
