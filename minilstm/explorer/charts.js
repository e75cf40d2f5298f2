// The stage: both sentences as columns of words, the cell C of the unit below them, and which verb form is likelier.
// Under it, what the gates of the unit do. Lines have the colours of the paper's figures, and marks of their own.

const MARKS = [{ name: "first", sign: "\u25cf" }, { name: "second", sign: "\u25a0" }];
const GATES = {
  i: ["input gate i", "how much of the candidate is written", 0, 1],
  f: ["forget gate f", "how much of the old cell is kept", 0, 1],
  o: ["output gate o", "how much of the cell is shown", 0, 1],
  C_tilde: ["candidate C\u0303", "what would be written", -1, 1],
};

function drawStage(model, view) {
  const narrow = view.widths.stage < 560;
  const longest = Math.max(1, ...view.sentences.flatMap(({ words }) => words.map((word) => word.length)));
  const scale = columnScale(view.widths.stage, view.length, longest * (narrow ? 7.6 : 9.2) + 10, narrow);
  const cells = view.sentences.map((s) => valuesOf(model, s.now, view.unit, "C"));
  const intact = view.sentences.map((s) => valuesOf(model, s.intact, view.unit, "C"));
  const ends = [...cells.flat(), ...intact.flat(), 0];
  const cell = panel(scale, 92, narrow ? 150 : 190, Math.min(...ends), Math.max(...ends), 0.12);
  const choice = panel(scale, cell.bottom + 48, narrow ? 78 : 96, 0, 1, 0.06);
  const height = choice.bottom + 12;
  const [one, other] = view.forms;
  const shares = (choices) => choices.map(({ share }) => share);
  const describe = describeStage(view, cells);
  part("stage").replaceChildren(svg(
    "svg",
    { width: scale.width, height, viewBox: `0 0 ${scale.width} ${height}`, role: "img", "aria-label": describe },
    svg("rect", { class: "now", x: scale.x(view.word) - scale.column / 2, width: scale.column, height, rx: 8 }),
    view.sentences.map((s, k) => drawWords(view, s, k, scale, 20 + 24 * k)),
    title(titleOfCell(view, narrow), cell.top - 12),
    ticks(cell, [0, ...outerTicks(cell)], (value) => fix(value, 1)),
    view.changed && intact.map((values, k) => line(values, k, cell, "before")),
    cells.map((values, k) => line(values, k, cell, view.silenced ? "line silenced" : "line")),
    cells.map((values, k) => endLabel(view, values, k, cell, cells)),
    title(`what would come next: ${one} or ${other}?`, choice.top - 14),
    ticks(choice, [0, 0.5, 1], (value) => (value === 0.5 ? "50%" : value ? one : other)),
    view.changed && view.sentences.map((s, k) => line(shares(s.was), k, choice, "before")),
    view.sentences.map((s, k) => line(shares(s.choices), k, choice, "line")),
    Array.from({ length: view.length }, (_, t) => column(scale, t, height, tipOfWord(model, view, t))),
  ));
  if (scale.width > view.widths.stage) part("stage").scrollLeft = scale.x(view.word) - view.widths.stage / 2;
}

function titleOfCell({ unit, how, changed }, narrow) {
  const silenced = narrow ? ", silenced" : ", silenced: nobody hears it";
  const fate = { zero: silenced, mean: ", held at its mean", swap: ", swapped" }[how] ?? "";
  return `${narrow ? "cell" : "memory cell"} C of unit ${unit}${fate}${changed ? " (dotted: intact)" : ""}`;
}

// Where the words stand: as wide as the screen, or wider if the words need it; then the frame scrolls.
function columnScale(screen, length, least, narrow) {
  const left = narrow ? 40 : 46, right = narrow ? 30 : 54;
  const column = Math.max(least, (screen - left - right) / Math.max(1, length));
  const width = Math.max(screen, left + right + column * length);
  return { left, right, column, width, x: (t) => left + (t + 0.5) * column };
}

function panel(scale, top, height, low, high, margin) {
  const room = Math.max(high - low, 1e-6) * margin;
  const [bottomValue, topValue] = [low - room, high + room];
  const y = (value) => top + ((topValue - value) / (topValue - bottomValue)) * height;
  return { top, bottom: top + height, low, high, x: scale.x, left: scale.left, right: scale.width - scale.right, y };
}

function outerTicks({ low, high }) {
  return [low, high].map((end) => Math.round(2 * end) / 2).filter((end) => Math.abs(end) >= 0.5);
}

function title(text, y) {
  return svg("text", { class: "title", x: 0, y }, text);
}

function ticks(panel, values, label) {
  return [...new Set(values)].map((value) => svg(
    "g",
    { class: "tick" },
    svg("path", { class: value ? "" : "zero", d: `M${panel.left} ${panel.y(value)}H${panel.right}` }),
    svg("text", { x: panel.left - 8, y: panel.y(value) + 4, "text-anchor": "end" }, label(value)),
  ));
}

function line(values, k, panel, kind) {
  const points = values.map((value, t) => [panel.x(t).toFixed(1), panel.y(value).toFixed(1)]);
  const path = svg("polyline", { points: points.join(" "), fill: "none" });
  const marks = kind === "before" || points.length > 60 ? [] : points.map(([x, y]) => (
    k ? svg("rect", { x: x - 4, y: y - 4, width: 8, height: 8 }) : svg("circle", { cx: x, cy: y, r: 4.5 })
  ));
  return svg("g", { class: `${kind} ${MARKS[k].name}` }, path, marks);
}

// The word by which the sentences differ, at the end of its line.
function endLabel(view, values, k, panel, all) {
  if (!values.length || view.difference < 0) return null;
  const end = (j) => panel.y(all[j].at(-1) ?? 0);
  const above = end(k) < end(1 - k) || (end(k) === end(1 - k) && k === 0);
  const aside = Math.abs(end(0) - end(1)) < 16 ? (above ? -8 : 8) : 0;
  const place = { x: panel.x(values.length - 1) + 10, y: end(k) + 4 + aside };
  return svg("text", { class: `end ${MARKS[k].name}`, ...place }, view.sentences[k].words[view.difference]);
}

function drawWords(view, { words, unknown }, k, scale, y) {
  const sign = words.length ? svg("text", { class: `sign ${MARKS[k].name}`, x: 4, y }, MARKS[k].sign) : null;
  const other = view.sentences[1 - k].words;
  const kind = (word, t) => {
    if (unknown >= 0 && t >= unknown) return t === unknown ? "unknown" : "unread";
    return other.length > 0 && word !== other[t] ? MARKS[k].name : "same";
  };
  return [sign, words.map((word, t) => (
    svg("text", { class: `word ${kind(word, t)}`, x: scale.x(t), y, "text-anchor": "middle" }, word)
  ))];
}

// A column that knows all about its word: a tip under the pointer; a click stays there.
function column(scale, t, height, tip) {
  const x = scale.x(t) - scale.column / 2;
  return svg("rect", { class: "column", x, width: scale.column, height, "data-word": t, "data-tip": tip });
}

function tipOfWord(model, view, t) {
  const [one, other] = view.forms;
  return view.sentences.filter((s) => t < s.now.length).map((s) => {
    const lines = formulas(model, s.now[t], view.unit).map(([name, rule, numbers]) => `${name} = ${rule} = ${numbers}`);
    const { p, share } = s.choices[t];
    const chances = `p(${one}) = ${chance(p[0])}, p(${other}) = ${chance(p[1])}: ${percent(share)} ${one}`;
    return [`${s.sign} after \u201c${s.words[t]}\u201d, unit ${view.unit}`, ...lines, chances].join("\n");
  }).join("\n\n");
}

function describeStage(view, cells) {
  const [one, other] = view.forms;
  const told = view.sentences.filter((s) => s.now.length).map((s, k) => `${s.sign} ${s.now.map((_, t) => (
    `${s.words[t]} ${fix(cells[k][t])}, ${percent(s.choices[t].share)} ${one}`
  )).join("; ")}`);
  return `Cell C of unit ${view.unit} after each word, and the share of ${one} against ${other}: ${told.join(". ")}`;
}

function valuesOf(model, nodes, unit, key) {
  const { layer, place } = model.places[unit - 1];
  return nodes.map(({ steps }) => steps[layer][key][place]);
}

function drawGates(model, view) {
  const room = view.widths.gates;
  const width = Math.max(120, room > 560 ? (room - 60) / 4 : (room - 12) / 2);
  const height = 108;
  const scale = { ...columnScale(width, view.length, 0, true), right: 8 };
  part("gates").replaceChildren(...Object.entries(GATES).map(([gate, [label, meaning, low, high]]) => {
    const inner = panel(scale, 8, height - 16, low, high, 0.06);
    const [values, before] = ["now", "intact"].map((when) => (
      view.sentences.map((s) => valuesOf(model, s[when], view.unit, gate))
    ));
    const told = view.sentences.map((s, k) => (
      [s.sign, ...values[k].map((x, t) => `${s.words[t]} ${fix(x)}`)].join(" ")
    ));
    const tip = (t) => view.sentences.map((s, k) => (
      t < s.now.length ? `${s.sign} ${s.words[t]}: ${label} = ${fix(values[k][t], 3)}` : ""
    )).filter(Boolean).join("\n");
    const picture = svg(
      "svg",
      { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${label}: ${told}` },
      svg("rect", { class: "now", x: scale.x(view.word) - scale.column / 2, width: scale.column, height, rx: 6 }),
      ticks(inner, low ? [-1, 0, 1] : [0, 1], (value) => fix(value, 0)),
      view.changed && before.map((list, k) => line(list, k, inner, "before")),
      values.map((list, k) => line(list, k, inner, "line small")),
      Array.from({ length: view.length }, (_, t) => column(scale, t, height, tip(t))),
    );
    return html("figure", {}, html("figcaption", {}, html("b", {}, label), ` ${meaning}`), picture);
  }));
}
