// The tour: six steps that follow the paper. Each sets the page up and says what to look at; where this network does
// something else than the paper's, it says so, from the numbers that are on the page.

function tourOf(model) {
  if (!model.tour) return [];
  const { number, short_range: shortRange, syntax } = model.roles;
  const { sentences, forms, unit } = model.tour;
  const pair = { sentences, forms, unit, broken: [], word: null, view: "difference" };
  const silenced = (units) => units.map((silent) => ({ unit: silent, how: "zero" }));
  return [
    {
      title: "A verb that agrees across a distance",
      look: "look",
      state: pair,
      text: (view) => [
        `*The boy near the cars ${forms[0]}*: the verb agrees with *boy*, although *cars* is nearer. How?`,
        `Unit ${unit} of this network takes note: its memory cell goes one way for *boy*, another for *boys*`,
        staysApart(model, view, unit) ? ", and the two stay apart to the end." : ".",
        "*Now break that unit.*",
      ],
    },
    {
      title: "Where the number is kept",
      look: "look",
      state: { ...pair, word: 1 },
      text: (view) => [
        model.about.planted ? "Its weights were written by hand, so that it works as the paper says."
          : "Nobody told it about grammar: it learned to guess the next word.",
        "Follow the upper lines from the second word on: they part at the subject",
        staysApart(model, view, unit) ? "and do not meet again, though both sentences go on with the same words."
          : "and come closer again later: in this network the unit is not alone.",
        "In the list of all units below, it is the row that stays lit",
        number.length > 1 ? `, beside ${number.slice(1).join(" and ")}.` : ".",
      ],
    },
    {
      title: "Gates decide what is written and what is kept",
      look: "inside",
      state: { ...pair, word: 1 },
      text: (view) => [
        "The cell is what the forget gate *f* keeps of it, plus what the input gate *i* lets in (Eq. 1, with its",
        "numbers below). In the paper *i* shuts and *f* stays open after the subject, so that a second noun cannot",
        `overwrite the first. ${describeGates(model, view, unit)}`,
      ],
    },
    {
      title: "What is lost without it",
      look: "look",
      state: { ...pair, broken: silenced([unit]) },
      text: (view) => [
        `Unit ${unit} is silenced: its output is 0 at every word.`,
        describeLoss(view, forms),
        "Try a random unit as a control; then *swap its memory* with that of the other sentence, and see whose number",
        "the verbs take.",
      ],
    },
    {
      title: "Others know only the last noun",
      look: "look",
      state: { ...pair, ...otherAttractor(model, sentences), unit: shortRange[0] ?? unit, broken: silenced(number) },
      text: (view) => [
        `${number.length > 1 ? "The number units are" : `Unit ${unit} is`} silenced, and the two sentences differ in`,
        "their last noun only.",
        followsLast(view) ? "Now the verb follows it: what is left knows the last noun and no other."
          : "That noun moves the verb, though not all the way.",
        "The paper calls units that know no more than this *short-range units*.",
        shortRange.length ? `Unit ${shortRange[0]}, shown here, is one of them.`
          : "In this network no single unit is one; that knowledge is spread over many.",
      ],
    },
    {
      title: "Is the verb still to come?",
      look: "look",
      state: { ...pair, ...withVerb(model, pair), unit: syntax[0] ?? unit, view: "first" },
      text: () => (syntax.length ? [
        "The sentences go on to their verb, and instead of two verbs we compare *will*, which any subject can take,",
        `with *the*, which cannot follow a subject. The cell of unit ${syntax[0]} has one value until the verb and`,
        "another from the verb on, and does not care about number: a *syntax unit*.",
        model.about.planted ? "It opens and shuts the gates of the number units: see at the bottom who writes to them."
          : `In the paper such a unit tells the number units how long to remember. ${writes(model, syntax[0], unit)}`,
      ] : [
        "In the paper one more unit is on from the subject to its verb, whatever lies in between, and tells the",
        "number units how long to remember. In this network no unit does that alone.",
      ]),
    },
  ];
}

function drawTour(model, view, steps) {
  const step = steps[view.tour - 1];
  part("tour").hidden = !step;
  document.querySelectorAll(".spot").forEach((spot) => spot.classList.remove("spot"));
  document.body.classList.toggle("elsewhere", Boolean(step) && step.look !== "look");
  if (!step) return;
  part("tour-title").textContent = step.title;
  part("tour-text").replaceChildren(...rich(step.text(view).join(" ").replaceAll(/ (?=[.,])/g, "")));
  part("tour-steps").replaceChildren(...steps.map(({ title }, k) => {
    const current = k + 1 === view.tour ? "step" : null;
    const attributes = { "data-step": k + 1, "aria-label": `step ${k + 1}: ${title}`, "aria-current": current };
    return html("li", {}, html("button", { type: "button", "data-tip": title, ...attributes }, String(k + 1)));
  }));
  part("tour-back").disabled = view.tour === 1;
  part("tour-next").textContent = view.tour < steps.length ? "Next" : "End of tour";
  if (step.look !== "look") part(step.look).classList.add("spot");
}

// Whether the two cells stay apart from where the sentences differ: by a third of their first distance at least.
function staysApart(model, view, unit) {
  const [first, second] = view.sentences.map((s) => valuesOf(model, s.intact, unit, "C"));
  const apart = first.map((x, t) => x - second[t]).slice(Math.max(0, view.difference));
  return apart.every((x) => x * apart[0] > 0 && Math.abs(x) > Math.abs(apart[0]) / 3);
}

// Whether the unit's gates do after the subject what the paper's do.
function describeGates(model, view, unit) {
  const mean = (gate) => {
    const values = view.sentences.flatMap((s) => valuesOf(model, s.intact.slice(view.difference + 1), unit, gate));
    return values.reduce((sum, x) => sum + x, 0) / values.length;
  };
  const [i, f] = [mean("i"), mean("f")];
  const numbers = `on average *i* = ${fix(i)} and *f* = ${fix(f)} there.`;
  if (i < 0.2 && f > 0.8) return `So it is here: ${numbers}`;
  const kept = "The unit keeps what it has and adds to it, much the same in both sentences, so that they stay apart.";
  return `Here it is otherwise: ${numbers} ${f > 0.8 ? kept : ""}`;
}

function followsLast(view) {
  const [first, second] = view.sentences.map(({ choices }) => choices.at(-1)?.margin);
  return first > 0 && second < 0;
}

function describeLoss({ sentences: [first, second] }, forms) {
  const rest = `*The boys near the cars* does not change: *${forms[1]}* is what the rest of the network says anyway.`;
  if (isFlipped(first)) {
    return `*The boy near the cars* now wants *${forms[1]}*. ${isFlipped(second) ? "So does the second." : rest}`;
  }
  return isFlipped(second) ? "The second verb flips." : "Neither verb flips: other units know the number, too.";
}

// Whether one unit is among those that write most to a gate of another.
function writes(model, from, unit) {
  const ranks = Object.entries(afferents(model, unit)).map(([gate, list]) => ({
    gate, rank: list.findIndex((other) => other.unit === from) + 1, of: list.length,
  }));
  const [{ gate, rank, of }] = ranks.sort((a, b) => a.rank - b.rank);
  if (!rank) return `Here it cannot write to unit ${unit}, which lies below it.`;
  const place = `of the ${of} weights into the ${GATES[gate][0]} of unit ${unit}, its weight is number ${rank}`;
  return rank <= 3 ? `So it may be here: ${place}.` : `Here it hardly does: at best, ${place}.`;
}

// The first sentence with either number of its last noun.
function otherAttractor(model, sentences) {
  const near = sentences[0].replace(/cars$/, "car");
  return { sentences: lookUp(model, near).unknown < 0 ? [near, sentences[0]] : sentences };
}

// The sentences with their verbs, and a choice that shows whether a verb is still to come.
function withVerb(model, { sentences, forms }) {
  const verbs = model.index.has("greets") && model.index.has("greet") ? ["greets", "greet"] : forms;
  return {
    sentences: sentences.map((sentence, k) => `${sentence} ${verbs[k]}`),
    forms: model.index.has("will") && model.index.has("the") ? ["will", "the"] : forms,
  };
}
