// The tour: six steps that follow the paper. Each sets the page up and says what to look at; where this network does
// something else than the paper's, it says so, from the numbers that are on the page.

// [{title, look, state, text}]: what is to be seen, the state that shows it, and what is said of a view of it.
function tourOf(model) {
  if (!model.topic.hasTour) return [];
  const { number, short_range: shortRange, syntax } = model.roles;
  const { sentences, forms, unit } = model.topic;
  const [[, noun, , , attractor], [, otherNoun]] = sentences.map((sentence) => sentence.split(" "));
  const verb = forms[noun.endsWith("s") ? 1 : 0];
  const start = { sentences, forms, unit, broken: [], word: null, view: "difference" };
  const step = (title, changes, text, look = "look") => ({ title, look, state: { ...start, ...changes }, text });
  const silenced = (units) => units.map((silent) => ({ unit: silent, how: "zero" }));
  return [
    step("A verb that agrees across a distance", {}, (view) => [
      `*${sentences[0]} ${verb}*: the verb agrees with *${noun}*, though *${attractor}* is nearer.`,
      `One unit of this network, unit ${unit}, takes note: its memory goes one way for *${noun}*, another for`,
      `*${otherNoun}*${staysApart(model, view, unit) ? ", and the two stay apart to the end" : ""}.`,
      "*Now break that unit, and watch the verbs.*",
    ]),
    step("Where the number is kept", { word: 1 }, (view) => [
      model.about.planted ? "The weights of this network were written by hand, so that it works as the paper says."
        : "Nobody told this network about grammar: it learned to guess the next word.",
      `The sentences differ in one word, and there, at *${noun}* and *${otherNoun}*, the upper lines part:`,
      staysApart(model, view, unit) ? "they do not meet again, though all words that follow are the same."
        : "later they come closer again, so this unit is not alone.",
      `In the list of all units below, unit ${unit} has the first row; the arrow keys step through the words.`,
    ]),
    step("Gates decide what is written and what is kept", { word: 1 }, (view) => [
      "The cell is what the forget gate *f* keeps of it, plus what the input gate *i* lets in (Eq. 1, with its",
      "numbers below). In the paper *i* shuts and *f* stays open after the subject, so that a second noun cannot",
      `overwrite the first. ${describeGates(model, view, unit)}`,
    ], "inside"),
    step("What is lost without it", { broken: silenced([unit]) }, (view) => [
      `Unit ${unit} is silenced: its output is 0 at every word.`,
      describeLoss(view, sentences),
      "Break a random unit for comparison; or give this one *the other sentence\u2019s memory*, and see whose number",
      "the verbs take.",
    ]),
    step("What the others know", {
      sentences: withEitherAttractor(model, sentences[0]), unit: shortRange[0] ?? unit, broken: silenced(number),
    }, (view) => [
      `Without ${["", `unit ${unit}`, "both number units"][number.length] ?? `all ${number.length} number units`},`,
      "here are two sentences that differ in their last noun only.",
      describeAttraction(view),
      "The paper calls units that know no more than this *short-range units*;",
      shortRange.length ? `unit ${shortRange[0]}, shown here, is one by its rule.`
        : "by its rule this network has none.",
    ]),
    step("Is the verb still to come?", {
      ...withVerb(model, start), unit: syntax[0] ?? unit, view: "first",
    }, (view) => (
      syntax.length ? [
        "Now the sentences go on to their verb, and we compare *will*, which can follow a subject, with *the*, which",
        "cannot. In the paper a *syntax unit* has one value from the subject to the verb and another from the verb on,",
        "and so tells the number units how long to remember.",
        `By the paper\u2019s rule unit ${syntax[0]} is the one here,`,
        waits(model, view, syntax[0]) ? "and its cell does just that." : "but its cell takes no such step at the verb.",
      ] : [
        "In the paper one more unit is on from the subject to its verb, whatever lies in between, and tells the",
        "number units how long to remember. By the paper\u2019s rule this network has no such unit.",
      ])),
  ];
}

function buildTour({ steps }) {
  part("tour-open").hidden = !steps.length;
  part("tour-steps").replaceChildren(...steps.map(({ title }, k) => html("li", {}, html(
    "button",
    { type: "button", "data-step": k + 1, "aria-label": `step ${k + 1}: ${title}`, tip: title },
    String(k + 1),
  ))));
}

function drawTour({ steps }, view) {
  const step = steps[view.tour - 1];
  part("tour").hidden = !step;
  document.querySelectorAll(".spot").forEach((spot) => spot.classList.remove("spot"));
  document.body.classList.toggle("elsewhere", Boolean(step) && step.look !== "look");
  if (!step) return;
  part("tour-title").textContent = step.title;
  part("tour-text").replaceChildren(...rich(step.text(view).join(" ")));
  for (const button of part("tour-steps").querySelectorAll("button")) {
    button.ariaCurrent = Number(button.dataset.step) === view.tour ? "step" : null;
  }
  const [back, next] = [part("tour-back"), part("tour-next")];
  [back.dataset.step, next.dataset.step] = [view.tour - 1, view.tour + 1];
  back.disabled = view.tour === 1;
  next.textContent = view.tour < steps.length ? "Next" : "Done";
  if (step.look !== "look") part(step.look).classList.add("spot");
}

const meanOf = (values) => values.reduce((sum, x) => sum + x, 0) / values.length;

// Whether the two cells stay apart from where the sentences differ: by a third of their first distance at least.
function staysApart(model, view, unit) {
  const [first, second] = view.sentences.map((s) => valuesOf(model, s.intact, unit, "C"));
  const apart = first.map((x, t) => x - second[t]).slice(Math.max(0, view.difference));
  return apart.every((x) => x * apart[0] > 0 && Math.abs(x) > Math.abs(apart[0]) / 3);
}

// Whether the unit's gates do after the subject what the paper's do.
function describeGates(model, view, unit) {
  const [i, f] = ["i", "f"].map((gate) => meanOf(view.sentences.flatMap((s) => (
    valuesOf(model, s.intact.slice(view.difference + 1), unit, gate)
  ))));
  const numbers = `on average *i* = ${fix(i)} and *f* = ${fix(f)} there`;
  if (i < 0.2 && f > 0.8) return `So it is here: ${numbers}.`;
  const yet = staysApart(model, view, unit) ? ", and yet the two sentences stay apart" : "";
  return `Here it is otherwise: ${numbers}${yet}.`;
}

function describeLoss(view, [first, second]) {
  const [one, other] = view.sentences.map((s) => verdictOfChoice(view, s.choices.at(-1)).form);
  const [oneFlips, otherFlips] = view.sentences.map(isFlipped);
  if (!oneFlips && !otherFlips) return "Neither verb flips: other units know the number, too.";
  if (!oneFlips) return `*${second}* now wants *${other}*; the first verb stays.`;
  return otherFlips ? `*${first}* now wants *${one}*, and *${second}* wants *${other}*.`
    : `*${first}* now wants *${one}*; *${second}* keeps *${other}*, which the rest of the network says either way.`;
}

function describeAttraction({ forms, sentences }) {
  const [one, other] = sentences.map(({ choices }) => choices.at(-1).share);
  const [near, far] = sentences.map(({ words }) => words.at(-1));
  const numbers = `*${forms[0]}* has ${percent(one)} after *${near}* and ${percent(other)} after *${far}*`;
  if (one > 0.5 && other < 0.5) return `Now the verb follows that noun: ${numbers}.`;
  const moves = one - other > 0.05 ? "moves the verb, but does not decide it" : "hardly moves the verb";
  return `That noun ${moves}: ${numbers}.`;
}

// Whether a cell has one value from the subject to the last word before the verb, and another at the verb.
function waits(model, view, unit) {
  const cells = view.sentences.map((s) => valuesOf(model, s.intact, unit, "C").slice(1));
  const [before, verb] = [cells.flatMap((some) => some.slice(0, -1)), cells.map((some) => some.at(-1))];
  const middle = (meanOf(before) + meanOf(verb)) / 2;
  const side = Math.sign(meanOf(verb) - middle);
  return before.every((x) => (x - middle) * side < 0) && verb.every((x) => (x - middle) * side > 0);
}

// The sentence with either number of its last noun; alone where the network does not know both.
function withEitherAttractor(model, sentence) {
  const sentences = ["car", "cars"].map((last) => sentence.replace(/cars?$/, last));
  return isKnown(model, ["car", "cars"]) ? sentences : [sentence, ""];
}

// The sentences with their verbs, and a choice that shows whether a verb is still to come.
function withVerb(model, { sentences, forms }) {
  const verbs = isKnown(model, ["greets", "greet"]) ? ["greets", "greet"] : forms;
  return {
    sentences: sentences.map((sentence) => `${sentence} ${verbs[sentence.split(" ")[1].endsWith("s") ? 1 : 0]}`),
    forms: isKnown(model, ["will", "the"]) ? ["will", "the"] : forms,
  };
}
