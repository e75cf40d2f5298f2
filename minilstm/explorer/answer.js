// What the network says: the verb after each sentence, what breaking has changed, and the formulas of one unit.

const FATES = {
  zero: (unit) => `unit ${unit} silenced`,
  mean: (unit) => `unit ${unit} held at its mean`,
  swap: (unit) => `the memory of unit ${unit} swapped`,
};

const isFlipped = ({ choices, was }) => choices.at(-1)?.margin > 0 !== was.at(-1)?.margin > 0;

// A choice in words: the likelier form and its share first.
function verdictOfChoice(view, { margin, share }) {
  const [one, other] = view.forms;
  return margin > 0 ? { form: one, other, share } : { form: other, other: one, share: 1 - share };
}

function drawAnswer(model, view) {
  part("verdicts").replaceChildren(...view.sentences.filter((s) => s.now.length).map((s) => {
    const [now, was] = [s.choices, s.was].map((choices) => verdictOfChoice(view, choices.at(-1)));
    const { p } = s.choices.at(-1);
    const chances = view.forms.map((form, k) => `p(${form}) = ${chance(p[k])}`).join(", ");
    const words = s.words.slice(0, s.now.length).join(" ");
    return html(
      "li",
      { class: isFlipped(s) ? "flipped" : null },
      html("p", { class: "said" },
        html("span", { class: s.name, "aria-hidden": "true" }, s.sign), ` ${words} `, html("b", {}, now.form)),
      html("p", { class: "split", "data-tip": `${chances} among ${model.vocabulary.length} words` },
        html("span", { class: "share" }, html("span", { class: s.name, style: { width: `${100 * now.share}%` } })),
        html("span", {}, `${now.form} ${percent(now.share)} \u00b7 ${now.other} ${percent(1 - now.share)}`)),
      isFlipped(s) && html("p", { class: "flip" }, `flipped: it was \u201c${was.form}\u201d, ${percent(was.share)}`),
    );
  }));
  const text = describeAnswer(model, view);
  if (part("verdict").textContent !== text) part("verdict").textContent = text; // a screen reader reads what changes
}

function describeAnswer(model, view) {
  const read = view.sentences.filter((s) => s.now.length);
  if (!read.length) return "There is no sentence to read yet.";
  if (!view.changed) return `All ${model.places.length} units at work.`;
  const atRandom = view.broken.length === 1 && view.broken[0].unit === view.randomUnit ? ", drawn at random" : "";
  const what = view.broken.map(({ unit, how }) => FATES[how](unit)).join(", ");
  const flips = read.filter(isFlipped).map((s) => (
    `the ${s.name} verb flips to ${verdictOfChoice(view, s.choices.at(-1)).form}`
  ));
  return `With ${what}${atRandom}, ${flips.join(" and ") || "no verb flips"}.`;
}

function drawInside(model, view) {
  const words = [...new Set(view.sentences.map(({ words }) => words[view.word]).filter(Boolean))].join(" / ");
  const [one, other] = view.forms;
  part("inside-title").textContent = `Inside unit ${view.unit}${words && `, at \u201c${words}\u201d`}`;
  part("all-title").textContent = `All ${model.places.length} units`;
  part("told-title").textContent = `What the units say about the verb${words && `, after \u201c${words}\u201d`}`;
  part("told-note").textContent = `How far each moves the choice towards ${one} (right) or ${other} (left), in nats.`;
  part("heard-title").textContent = `Who writes to unit ${view.unit}`;
  const read = view.sentences.filter((s) => view.word < s.now.length);
  part("formulas").replaceChildren(...read.map((s) => html(
    "div",
    { class: "formula" },
    html("p", { class: s.name }, `${s.sign} ${s.words[view.word]}`),
    formulas(model, s.now[view.word], view.unit).map(([name, rule, numbers]) => (
      html("p", {}, html("i", {}, name), ` = ${rule} `, html("span", {}, `= ${numbers}`))
    )),
  )));
}

// Which network this is, and what is behind its numbers.
function describeModel(model) {
  const { about, sizes, vocabulary, words_of_model: all, name } = model;
  const equal = sizes.every((size) => size === sizes[0]);
  const layers = equal ? `${sizes.length} \u00d7 ${sizes[0]}` : sizes.join(" + ");
  const text = { "a grammar": " of a small grammar of English", text: " of English text" }[about.text] ?? "";
  const millions = about.tokens && (about.tokens / 1e6).toFixed(0);
  const trained = millions ? `that has read ${millions} million words${text}` : "that was trained elsewhere";
  const made = about.planted ? "whose weights were written by hand" : trained;
  const claim = `, an LSTM language model of ${layers} units ${made}. It is alive in this page.`;
  part("about").replaceChildren(html("b", {}, name), claim);
  const known = all > vocabulary.length
    ? `${all} words, of which ${vocabulary.length} are in this page; probabilities are among these`
    : `${all} words`;
  const precision = model.precision === "int8" ? "int8 with a scale for each row" : model.precision;
  part("colophon").textContent = [
    `Weights in ${precision}; all is computed here, in double precision, by Eqs. 1\u20132 of Lakretz et al. (2019),`,
    "\u201cThe emergence of number and syntax units in LSTM language models\u201d.",
    `The network knows ${known}. Each sentence is read after ${model.context.length} words of context.`,
    "Percentages beside a verb are its share among the two forms. Units are numbered from 1 through all layers, as in",
    "the paper. Made with minilstm.",
  ].join(" ");
}
