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
  const frame = part("stage");
  const longest = Math.max(1, ...view.sentences.flatMap(({ words }) => words.map((word) => word.length)));
  const narrow = view.widths.stage < 560;
  const scale = columnScale(view.widths.stage, view.length, longest * (narrow ? 7.6 : 9.2) + 10, narrow);
  const cells = view.sentences.map((s) => valuesOf(model, s.now, view.unit, "C"));
  const intact = view.sentences.map((s) => valuesOf(model, s.intact, view.unit, "C"));
  const ends = [...cells.flat(), ...intact.flat(), 0];
  const cell = panel(scale, 92, narrow ? 150 : 190, Math.min(...ends), Math.max(...ends), 0.12);
  const choice = panel(scale, cell.bottom + 48, narrow ? 78 : 96, 0, 1, 0.06);
  const height = choice.bottom + 12;
  const [one, other] = view.forms;
  const picture = svg(
    "svg",
    { width: scale.width, height, viewBox: `0 0 ${scale.width} ${height}`, role: "img", "aria-label": describeStage(view, cells) },
    svg("rect", { class: "now", x: scale.x(view.word) - scale.column / 2, y: 0, width: scale.column, height, rx: 8 }),
    view.sentences.map((s, k) => drawWords(view, s, k, scale, 20 + 24 * k)),
    title(`memory cell C of unit ${view.unit}${view.fate}${view.changed ? " (dotted: intact)" : ""}`, cell.top - 12),
    ticks(cell, [0, ...outerTicks(cell)], (value) => fix(value, 1)),
    view.changed && intact.map((values, k) => line(values, k, cell, "before")),
    cells.map((values, k) => line(values, k, cell, view.silenced ? "line silenced" : "line")),
    cells.map((values, k) => endLabel(view, values, k, cell, cells)),
    title(`which verb would come next: ${one} or ${other}?`, choice.top - 14),
    ticks(choice, [0, 0.5, 1], (value) => (value === 0.5 ? "50%" : value ? one : other)),
    view.changed && view.sentences.map((s, k) => line(s.was.map(({ share }) => share), k, choice, "before")),
    view.sentences.map((s, k) => line(s.choices.map(({ share }) => share), k, choice, "line")),
    Array.from({ length: view.length }, (_, t) => column(model, view, t, scale, height)),
  );
  frame.replaceChildren(picture);
}

// Where the words stand: as wide as the screen, or wider if the words need it; then the frame scrolls.
function columnScale(width, length, least, narrow) {
  const left = narrow ? 34 : 46, right = narrow ? 30 : 54;
  const column = Math.max(least, (width - left - right) / Math.max(1, length));
  return { left, column, width: Math.max(width, left + right + column * length), x: (t) => left + (t + 0.5) * column, right };
}

function panel(scale, top, height, low, high, margin) {
  const room = Math.max(high - low, 1e-6) * margin;
  const [bottomValue, topValue] = [low - room, high + room];
  const y = (value) => top + ((topValue - value) / (topValue - bottomValue)) * height;
  return { top, bottom: top + height, low, high, x: scale.x, left: scale.left, right: scale.width - scale.right, y };
}

const outerTicks = ({ low, high }) => [low, high].map((end) => Math.round(2 * end) / 2).filter((end) => Math.abs(end) >= 0.5);

function title(text, y) {
  return svg("text", { class: "title", x: 0, y }, text);
}

function ticks(panel, values, label) {
  return [...new Set(values)].map((value) => svg(
    "g",
    { class: "tick" },
    svg("line", { x1: panel.left, x2: panel.right, y1: panel.y(value), y2: panel.y(value), class: value ? "" : "zero" }),
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
  const text = view.sentences[k].words[view.difference];
  const end = (j) => panel.y(all[j].at(-1) ?? 0);
  const crowded = Math.abs(end(0) - end(1)) < 16 ? (end(k) <= end(1 - k) ? -8 : 8) * (k ? 1.01 : 1) : 0;
  const x = panel.x(values.length - 1) + 10;
  return svg("text", { class: `end ${MARKS[k].name}`, x, y: end(k) + 4 + crowded }, text);
}

function drawWords(view, { words, unknown }, k, scale, y) {
  const sign = words.length ? svg("text", { class: `sign ${MARKS[k].name}`, x: 4, y }, MARKS[k].sign) : null;
  const other = view.sentences[1 - k].words;
  return [sign, ...words.map((word, t) => {
    const differs = other.length > 0 && word !== other[t];
    const kind = unknown >= 0 && t >= unknown ? (t === unknown ? "unknown" : "unread") : differs ? MARKS[k].name : "same";
    return svg("text", { class: `word ${kind}`, x: scale.x(t), y, "text-anchor": "middle" }, word);
  })];
}

// A column of the stage: all that is known of a word, under the pointer; a click stays there.
function column(model, view, t, scale, height) {
  const texts = view.sentences.filter((s) => t < s.now.length).map((s) => {
    const [C, h] = formulas(model, s.now[t], view.unit, view.broken);
    const { p, share } = s.choices[t];
    const [one, other] = view.forms;
    const chances = `p(${one}) = ${p[0].toFixed(4)}, p(${other}) = ${p[1].toFixed(4)}: ${percent(share)} ${one}`;
    return `${s.sign} after \u201c${s.words[t]}\u201d, unit ${view.unit}\nC = ${C[1]} = ${C[2]}\nh = ${h[1]} = ${h[2]}\n${chances}`;
  });
  return svg("rect", {
    class: "column", x: scale.x(t) - scale.column / 2, y: 0, width: scale.column, height, "data-word": t, "data-tip": texts.join("\n\n"),
  });
}

function describeStage(view, cells) {
  const parts = view.sentences.map((s, k) => s.now.length && `${s.sign} ${s.now.map((_, t) => (
    `${s.words[t]} ${fix(cells[k][t])}, ${percent(s.choices[t].share)} ${view.forms[0]}`
  )).join("; ")}`);
  return `Cell C of unit ${view.unit} after each word, and the share of ${view.forms.join(" against ")}: ${parts.filter(Boolean).join(". ")}`;
}

function valuesOf(model, nodes, unit, key) {
  const { layer, place } = model.places[unit - 1];
  return nodes.map(({ steps }) => steps[layer][key][place]);
}

function drawGates(model, view) {
  part("gates").replaceChildren(...Object.entries(GATES).map(([key, [label, meaning, low, high]]) => {
    const width = Math.max(120, view.widths.gates > 560 ? (view.widths.gates - 60) / 4 : (view.widths.gates - 12) / 2);
    const scale = columnScale(width, view.length, 0, true);
    const inner = panel({ ...scale, right: 8 }, 8, 92, low, high, 0.06);
    const values = view.sentences.map((s) => valuesOf(model, s.now, view.unit, key));
    const before = view.sentences.map((s) => valuesOf(model, s.intact, view.unit, key));
    const told = view.sentences.map((s, k) => s.now.length && `${s.sign} ${s.now.map((_, t) => `${s.words[t]} ${fix(values[k][t])}`).join(", ")}`);
    const alternative = `${label}: ${told.filter(Boolean).join(". ")}`;
    const columns = Array.from({ length: view.length }, (_, t) => svg("rect", {
      class: "column", x: scale.x(t) - scale.column / 2, y: 0, width: scale.column, height: 108, "data-word": t,
      "data-tip": view.sentences.filter((s) => t < s.now.length).map((s, k) => `${s.sign} ${s.words[t]}: ${label} = ${fix(valuesOf(model, s.now, view.unit, key)[t], 3)}`).join("\n"),
    }));
    const picture = svg(
      "svg",
      { width, height: 108, viewBox: `0 0 ${width} 108`, role: "img", "aria-label": alternative },
      svg("rect", { class: "now", x: scale.x(view.word) - scale.column / 2, y: 0, width: scale.column, height: 108, rx: 6 }),
      ticks(inner, low ? [-1, 0, 1] : [0, 1], (value) => fix(value, 0)),
      view.changed && before.map((list, k) => line(list, k, inner, "before")),
      values.map((list, k) => line(list, k, inner, "line small")),
      columns,
    );
    return html("figure", {}, html("figcaption", {}, html("b", {}, label), ` ${meaning}`), picture);
  }));
}
