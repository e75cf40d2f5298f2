// What the network says: the verb after each sentence, what breaking has changed, and the equations of one unit.

const FATES = {
  zero: (unit) => `unit ${unit} silenced`,
  mean: (unit) => `unit ${unit} held at its mean`,
  swap: (unit) => `the other sentence\u2019s memory in unit ${unit}`,
};

const isFlipped = ({ choices, was }) => choices.at(-1)?.margin > 0 !== was.at(-1)?.margin > 0;

// A choice in words: the likelier form and its share first.
function verdictOfChoice({ forms: [one, other] }, { margin, share }) {
  return margin > 0 ? { form: one, other, share } : { form: other, other: one, share: 1 - share };
}

function drawAnswer(model, view) {
  part("verdicts").replaceChildren(...view.read.map((s) => {
    const [now, was] = [s.choices, s.was].map((choices) => verdictOfChoice(view, choices.at(-1)));
    const chances = view.forms.map((form, k) => `p(${form}) = ${chance(s.choices.at(-1).p[k])}`).join(", ");
    return html(
      "li",
      { class: isFlipped(s) ? "flipped" : null },
      html("p", { class: "said" }, html("span", { class: s.name, "aria-hidden": "true" }, s.sign),
        ` ${s.words.slice(0, s.now.length).join(" ")} `, html("b", {}, now.form)),
      html("p", { class: "split", tip: `${chances} among ${model.vocabulary.length} words` },
        html("span", { class: "share" }, html("span", { class: s.name, style: { width: `${100 * now.share}%` } })),
        html("span", {}, `${now.form} ${percent(now.share)} \u00b7 ${now.other} ${percent(1 - now.share)}`)),
      isFlipped(s) && html("p", { class: "flip" }, `flipped: it was \u201c${was.form}\u201d, ${percent(was.share)}`),
    );
  }));
  const text = describeAnswer(model, view);
  if (part("verdict").textContent !== text) part("verdict").textContent = text; // a screen reader reads what changes
}

function describeAnswer(model, view) {
  if (!view.read.length) return "There is no sentence to read yet.";
  if (!view.changed) return `All ${model.places.length} units at work.`;
  const atRandom = view.broken.length === 1 && view.broken[0].unit === view.random ? ", drawn at random" : "";
  const what = view.broken.map(({ unit, how }) => FATES[how](unit)).join(", ");
  const flips = view.read.filter(isFlipped)
    .map((s) => `the ${s.name} verb flips to ${verdictOfChoice(view, s.choices.at(-1)).form}`);
  return `With ${what}${atRandom}, ${flips.join(" and ") || "no verb flips"}.`;
}

function drawFormulas(model, view) {
  part("formulas").replaceChildren(...view.read.filter((s) => view.word < s.now.length).map((s) => html(
    "div",
    { class: "formula" },
    html("p", { class: s.name }, `${s.sign} ${s.words[view.word]}`),
    formulas(model, s.now[view.word], view.unit).map(([name, rule, numbers]) => (
      html("p", {}, html("i", {}, name), ` = ${rule} `, html("span", {}, `= ${numbers}`))
    )),
  )));
}

// A gate of one unit at one word, or its candidate: what its weights make of the word, or of the layer below, and of
// what its layer gave out one word ago.
function describeGate(model, { sign, words, ids, now }, t, unit, gate) {
  const { layer, place } = model.places[unit - 1];
  const { steps, before } = now[t];
  const { W, U, b } = model.layers[layer];
  const row = BLOCKS.indexOf(gate) * model.sizes[layer] + place;
  const product = (M, x) => x.reduce((sum, value, k) => sum + M[row * x.length + k] * value, 0);
  const terms = [product(W, layer ? steps[layer - 1].h : embed(model, ids[t])), product(U, before[layer].h), b[row]];
  const [name, squash] = gate === "C_tilde" ? ["C\u0303", "tanh"] : [gate, "\u03c3"];
  const numbers = `${squash}(${terms.map(inBrackets).join(" + ")}) = ${fix(steps[layer][gate][place], 3)}`;
  return `${sign} ${words[t]}: ${name} = ${squash}(W x + U h before + b) = ${numbers}`;
}

// p of a form as the next word: the softmax of its logit.
function describeChance({ sign, words, now, choices }, t, form, k) {
  const { logits, logSum } = now[t];
  const { ids, p } = choices[t];
  const numbers = `exp(${fix(logits[ids[k]])} \u2212 ${inBrackets(logSum)})`;
  const rule = `p(${form}) = exp(logit \u2212 log \u03a3 exp of all logits)`;
  return `${sign} ${words[t]}: ${rule} = ${numbers} = ${chance(p[k])}`;
}

const describeCell = (model, { sign, words, now }, t, unit) => (
  `${sign} ${words[t]}: ${formulas(model, now[t], unit)[0].join(" = ")}`
);

// Eq. 1 and Eq. 2 of one unit at one word, with the numbers in them.
function formulas(model, node, unit) {
  const [i, f, o, C_tilde, C, h] = STATES.map((key) => valuesOf(model, [node], unit, key)[0]);
  const { layer, place } = model.places[unit - 1];
  const before = node.before[layer].C[place];
  const [stored, exposed] = [f * before + i * C_tilde, o * Math.tanh(C)];
  const differs = (x, y, text) => (Math.abs(x - y) > 1e-12 ? `${text} ${fix(y)}` : ""); // where the unit is broken
  const sum = `${fix(f)} \u00b7 ${inBrackets(before)} + ${fix(i)} \u00b7 ${inBrackets(C_tilde)} = ${fix(stored)}`;
  const output = `${fix(o)} \u00b7 tanh(${fix(C)}) = ${fix(exposed)}`;
  return [
    ["C", "f \u00b7 C before + i \u00b7 C\u0303", sum + differs(stored, C, ", swapped for")],
    ["h", "o \u00b7 tanh(C)", output + differs(exposed, h, ", held at")],
  ];
}
