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
  const room = view.widths.stage;
  const narrow = room < 560;
  const longest = Math.max(1, ...view.sentences.flatMap(({ words }) => words.map((word) => word.length)));
  const scale = columnScale(room, view.length, longest * (narrow ? 7.6 : 9.2) + 10, narrow ? [40, 30] : [46, 54]);
  const cells = chartOf(view, (s, when) => valuesOf(model, s[when], view.unit, "C"));
  const shares = chartOf(view, (s, when) => s[when === "now" ? "choices" : "was"].map(({ share }) => share));
  const ends = [...cells.now, ...cells.intact].flat();
  const top = panel(scale, 92, narrow ? 150 : 190, Math.min(0, ...ends), Math.max(0, ...ends), 0.12);
  const bottom = panel(scale, top.bottom + 48, narrow ? 78 : 96, 0, 1, 0.06);
  const height = bottom.bottom + 12;
  const [one, other] = view.forms;
  const dotted = view.changed ? " (dotted: intact)" : "";
  const rounded = [top.low, top.high].map((end) => Math.round(2 * end) / 2).filter((end) => Math.abs(end) >= 0.5);
  part("stage").replaceChildren(svg(
    "svg",
    { width: scale.width, height, viewBox: `0 0 ${scale.width} ${height}`, role: "img", "aria-label":
      `cell C of unit ${view.unit}, and ${one} against ${other}, after each word: the numbers are in the table below` },
    band(scale, view.word, height),
    view.sentences.map((s, k) => drawWords(view, s, k, scale, 20 + 24 * k)),
    svg("text", { class: "title", x: 0, y: top.top - 12 }, `memory cell C of unit ${view.unit}${dotted}`),
    ticks(top, [0, ...rounded], (value) => fix(value, 1)),
    lines(view, top, cells, view.held ? "line silenced" : "line"),
    cells.now.map((values, k) => endLabel(view, values, k, top, cells.now)),
    svg("text", { class: "title", x: 0, y: bottom.top - 14 }, `what would come next: ${one} or ${other}?`),
    ticks(bottom, [0, 0.5, 1], (value) => (value === 0.5 ? "50%" : value ? one : other)),
    lines(view, bottom, shares, "line"),
    columns(scale, view.length, height, (t) => tipOfWord(model, view, t)),
  ));
  if (scale.width > room) part("stage").scrollLeft = scale.x(view.word) - room / 2;
  part("aside").textContent = explainBreak(view);
}

// Why the lines of the unit are what they are, where it is broken.
function explainBreak({ unit, how, held, sentences, difference }) {
  if (how === "swap") {
    const [first, second] = sentences.map(({ words }) => words[difference]);
    return `At \u201c${first}\u201d and \u201c${second}\u201d the cells of unit ${unit} change places, then run on.`;
  }
  if (!how) return "";
  const says = how === "zero" ? "is silent: its output h is 0" : `is held: its output h is ${fix(held.value)}`;
  return `Unit ${unit} ${says} at every word. Its cell still runs on what the unit hears; but nobody hears the unit `
    + "any more, itself included; so what it hears is not what it was, and the cell may leave the dotted line.";
}

function drawGates(model, view) {
  const room = view.widths.gates;
  const width = Math.max(120, room > 560 ? (room - 60) / 4 : (room - 12) / 2);
  const height = 108;
  const scale = columnScale(width, view.length, 0, [40, 8]);
  part("gates").replaceChildren(...Object.entries(GATES).map(([gate, [label, meaning, low, high]]) => {
    const inner = panel(scale, 8, height - 16, low, high, 0.06);
    const values = chartOf(view, (s, when) => valuesOf(model, s[when], view.unit, gate));
    const tip = (t) => view.sentences.filter((s) => t < s.now.length).map((s) => (
      `${s.sign} ${s.words[t]}: ${label} = ${fix(valuesOf(model, [s.now[t]], view.unit, gate)[0], 3)}`
    )).join("\n");
    return html("figure", {}, html("figcaption", {}, html("b", {}, label), ` ${meaning}`), svg(
      "svg",
      { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${label}, after each word` },
      band(scale, view.word, height),
      ticks(inner, low ? [-1, 0, 1] : [0, 1], (value) => fix(value, 0)),
      lines(view, inner, values, "line small"),
      columns(scale, view.length, height, tip),
    ));
  }));
}

// What a chart shows of both sentences: as they are read now, and intact.
function chartOf(view, valuesOfSentence) {
  const [now, intact] = ["now", "intact"].map((when) => view.sentences.map((s) => valuesOfSentence(s, when)));
  return { now, intact };
}

// Where the words stand: as wide as the screen, or wider if the words need it; then the frame scrolls.
function columnScale(screen, length, least, [left, right]) {
  const column = Math.max(least, (screen - left - right) / Math.max(1, length));
  const width = Math.max(screen, left + right + column * length);
  return { left, right: width - right, column, width, x: (t) => left + (t + 0.5) * column };
}

function panel(scale, top, height, low, high, margin) {
  const room = Math.max(high - low, 1e-6) * margin;
  const y = (value) => top + ((high + room - value) / (high - low + 2 * room)) * height;
  return { ...scale, top, bottom: top + height, low, high, y };
}

const band = (scale, t, height) => (
  svg("rect", { class: "now", x: scale.x(t) - scale.column / 2, width: scale.column, height, rx: 8 })
);

// Columns that know all about their words: a tip under the pointer; a click stays there.
const columns = (scale, length, height, tip) => Array.from({ length }, (_, t) => svg("rect", {
  class: "column", x: scale.x(t) - scale.column / 2, width: scale.column, height, "data-word": t, "data-tip": tip(t),
}));

function ticks(panel, values, label) {
  return [...new Set(values)].map((value) => svg(
    "g",
    { class: "tick" },
    svg("path", { class: value ? "" : "zero", d: `M${panel.left} ${panel.y(value)}H${panel.right}` }),
    svg("text", { x: panel.left - 8, y: panel.y(value) + 4, "text-anchor": "end" }, label(value)),
  ));
}

function lines(view, panel, { now, intact }, kind) {
  const dotted = view.changed && intact.map((values, k) => line(values, k, panel, "before"));
  return [dotted, now.map((values, k) => line(values, k, panel, kind))];
}

function line(values, k, panel, kind) {
  const points = values.map((value, t) => [panel.x(t).toFixed(1), panel.y(value).toFixed(1)]);
  const marks = kind === "before" || points.length > 60 ? [] : points.map(([x, y]) => (
    k ? svg("rect", { x: x - 4, y: y - 4, width: 8, height: 8 }) : svg("circle", { cx: x, cy: y, r: 4.5 })
  ));
  const path = svg("polyline", { points: points.join(" "), fill: "none" });
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

function tipOfWord(model, view, t) {
  const [one, other] = view.forms;
  return view.sentences.filter((s) => t < s.now.length).map((s) => {
    const equations = formulas(model, s.now[t], view.unit).map((three) => three.join(" = "));
    const { p, share } = s.choices[t];
    const chances = `p(${one}) = ${chance(p[0])}, p(${other}) = ${chance(p[1])}: ${percent(share)} ${one}`;
    return [`${s.sign} after \u201c${s.words[t]}\u201d, unit ${view.unit}`, ...equations, chances].join("\n");
  }).join("\n\n");
}
