// The stage: both sentences as columns of words, the cell C of the unit below them, and which verb form is likelier.
// Further down, what the gates of the unit do, and the probabilities of both forms. Lines have the colours of the
// paper's figures, and marks of their own.

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
  const cells = (s, when) => valuesOf(model, s[when], view.unit, "C");
  const ends = view.sentences.flatMap((s) => [...cells(s, "now"), ...cells(s, "intact"), 0]);
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const top = panel(scale, 92, narrow ? 150 : 190, low, high, 0.12);
  const bottom = panel(scale, top.bottom + 48, narrow ? 78 : 96, 0, 1, 0.06);
  const rounded = [low, high].map((end) => Math.round(2 * end) / 2).filter((end) => Math.abs(end) >= 0.5);
  const isSilent = ["zero", "mean"].includes(view.how);
  const [one, other] = view.forms;
  const title = (y, text) => svg("text", { class: "title", x: 0, y }, text);
  const label = `cell C of unit ${view.unit}, and ${one} against ${other}, after each word`;
  const tip = (t) => tipOfWord(model, view, t);
  part("stage").replaceChildren(picture(view, scale, bottom.bottom + 12, { list: "words", label, tip }, [
    view.sentences.map((s, k) => drawWords(view, s, k, scale, 20 + 24 * k)),
    title(top.top - 12, `memory cell C of unit ${view.unit}${view.changed ? " (dotted: intact)" : ""}`),
    ticks(top, [0, ...rounded], (value) => fix(value, 1)),
    lines(view, top, cells, isSilent ? "line silenced" : "line"),
    view.sentences.map((s, k) => endLabel(view, k, top, (some) => top.y(cells(some, "now").at(-1)))),
    title(bottom.top - 14, `what would come next: ${one} or ${other}?`),
    ticks(bottom, [0, 0.5, 1], (value) => (value === 0.5 ? "50%" : value ? one : other)),
    lines(view, bottom, (s, when) => s[when === "now" ? "choices" : "was"].map(({ share }) => share), "line"),
  ]));
  if (scale.width > room) part("stage").scrollLeft = scale.x(view.word) - room / 2;
  part("aside").hidden = !isSilent;
}

function drawGates(model, view) {
  const room = view.widths.gates;
  const width = room > 560 ? (room - 60) / 4 : (room - 12) / 2;
  part("gates").replaceChildren(...Object.entries(GATES).map(([gate, [label, meaning, low, high]]) => (
    smallChart(view, width, { list: gate, label, meaning }, low ? [-1, 0, 1] : [0, 1], {
      values: (s, when) => valuesOf(model, s[when], view.unit, gate),
      describe: (s, t) => describeGate(model, s, t, view.unit, gate),
    })
  )));
}

// p of each form as the next word, among all words: both charts to the same scale.
function drawChances(model, view) {
  const width = (view.widths.chances - 12) / 2;
  const most = Math.max(1e-9, ...view.read.flatMap((s) => [...s.choices, ...s.was].flatMap(({ p }) => p)));
  part("chances").replaceChildren(...view.forms.map((form, k) => (
    smallChart(view, width, { list: `p${k}`, label: `p(${form})`, meaning: "as the next word" }, [0, most], {
      values: (s, when) => s[when === "now" ? "choices" : "was"].map(({ p }) => p[k]),
      describe: (s, t) => describeChance(s, t, form, k),
    })
  )));
}

// A chart of one number after each word: `values` are told sentence and when, `describe` sentence and word.
function smallChart(view, width, { list, label, meaning }, marks, { values, describe }) {
  const scale = columnScale(Math.max(120, width), view.length, 0, [40, 8]);
  const inner = panel(scale, 8, 92, marks[0], marks.at(-1), 0.06);
  const tip = (t) => view.sentences.filter((s) => t < s.now.length).map((s) => describe(s, t)).join("\n");
  return html("figure", {}, html("figcaption", {}, html("b", {}, label), ` ${meaning}`),
    picture(view, scale, 108, { list, label: `${label}, after each word`, tip }, [
      ticks(inner, marks, (value) => (Number.isInteger(value) ? fix(value, 0) : value.toPrecision(1))),
      lines(view, inner, values, "line small"),
    ]));
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
  return { ...scale, top, bottom: top + height, y };
}

// A picture over columns of words that know all about them: a tip under the pointer or the focus; a click stays there.
function picture(view, scale, height, { list, label, tip }, parts) {
  const place = (t) => ({ x: scale.x(t) - scale.column / 2, width: scale.column, height, rx: 8 });
  const column = (t) => svg("rect", {
    ...place(t), class: "column", tip: tip(t), role: "button", "aria-label": tip(t) || "a word that is not read",
    "aria-current": t === view.word, "data-word": t, "data-list": list, tabindex: t === view.word ? 0 : -1,
  });
  return svg(
    "svg",
    { width: scale.width, height, viewBox: `0 0 ${scale.width} ${height}`, role: "group", "aria-label": label },
    svg("rect", { ...place(view.word), class: "now" }),
    parts,
    Array.from({ length: view.length }, (_, t) => column(t)),
  );
}

function ticks(panel, values, label) {
  return [...new Set(values)].map((value) => svg(
    "g",
    { class: "tick" },
    svg("path", { class: value ? "" : "zero", d: `M${panel.left} ${panel.y(value)}H${panel.right}` }),
    svg("text", { x: panel.left - 8, y: panel.y(value) + 4, "text-anchor": "end" }, label(value)),
  ));
}

// A line a sentence, and where something is broken a dotted one of how it was; `values` is told sentence and when.
function lines(view, panel, values, kind) {
  const both = (when, kind) => view.sentences.map((s, k) => line(values(s, when), k, panel, kind));
  return [view.changed && both("intact", "before"), both("now", kind)];
}

function line(values, k, panel, kind) {
  const points = values.map((value, t) => [panel.x(t).toFixed(1), panel.y(value).toFixed(1)]);
  const marks = kind === "before" || points.length > 60 ? [] : points.map(([x, y]) => (
    k ? svg("rect", { x: x - 4, y: y - 4, width: 8, height: 8 }) : svg("circle", { cx: x, cy: y, r: 4.5 })
  ));
  const path = svg("polyline", { points: points.join(" "), fill: "none" });
  return svg("g", { class: `${kind} ${MARKS[k].name}` }, path, marks);
}

// The word by which the sentences differ, at the end of its line; aside where the other line ends near it.
function endLabel(view, k, panel, endOf) {
  const { words, now } = view.sentences[k];
  if (!now.length || view.difference < 0) return null;
  const ends = view.sentences.map(endOf);
  const below = Math.abs(ends[0] - ends[1]) < 16 ? 8 * Math.sign(ends[k] - ends[1 - k] || k - 0.5) : 0;
  const place = { x: panel.x(now.length - 1) + 10, y: ends[k] + 4 + below };
  return svg("text", { class: `end ${MARKS[k].name}`, ...place }, words[view.difference]);
}

function drawWords(view, { words, unknown, sign, name }, k, scale, y) {
  const other = view.sentences[1 - k].words;
  const kind = (word, t) => {
    if (unknown >= 0 && t >= unknown) return t === unknown ? "unknown" : "unread";
    return other.length > 0 && word !== other[t] ? name : "same";
  };
  return [words.length > 0 && svg("text", { class: `sign ${name}`, x: 4, y }, sign), words.map((word, t) => (
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
