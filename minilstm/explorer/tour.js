// The tour: six steps that follow the paper. Each sets the page up and says what to look at; where this network does
// something else than the paper's, it says so, from the numbers that are on the page.


function tourOf(model) {
  if (!model.examples.nounPP) return [];
  const { number, short_range: shortRange, syntax } = model.roles;
  const unit = number[0] ?? model.start.unit;
  const pair = { sentences: model.start.sentences, forms: model.start.forms, unit, broken: [], word: null, view: "difference" };
  const [one, other] = pair.forms;
  const made = model.about.planted ? "Its weights were written by hand, so that it works as the paper says" : `Nobody told it about grammar: it learned to guess the next word`;
  return [
    {
      title: "A verb that agrees across a distance",
      state: pair,
      look: "look",
      text: () => `*The boy near the cars ${one}*: the verb agrees with *boy*, although *cars* is nearer. How? Unit ${unit} of this network takes note: its memory cell goes one way for *boy*, another for *boys*, and the two stay apart to the end. *Now break that unit.*`,
    },
    {
      title: "One unit keeps the number",
      state: { ...pair, word: 1 },
      look: "look",
      text: (view) => `${made}. Follow the upper lines from the second word on: ${holds(model, view, unit) ? "they part at the subject and do not meet again, though both sentences go on with the same words" : "they part at the subject, and come closer again later: in this network the unit is not alone"}. In the list of all units below, it is the row that stays lit${number.length > 1 ? `; ${number.slice(1).join(" and ")} ${number.length > 2 ? "do" : "does"} a similar work` : ""}.`,
    },
    {
      title: "Gates decide what is written and what is kept",
      state: { ...pair, word: 1 },
      look: "inside",
      text: (view) => `The cell is what the forget gate *f* keeps of it, plus what the input gate *i* lets in (Eq. 1, with its numbers below). In the paper *i* shuts and *f* stays open after the subject, so that a second noun cannot overwrite the first. ${latch(model, view, unit)}`,
    },
    {
      title: "Without it, the verb is wrong",
      state: { ...pair, broken: [{ unit, how: "zero" }] },
      look: "look",
      text: (view) => `Unit ${unit} is silenced: its output is 0 at every word. ${flipped(view, 0) ? `*The boy near the cars* now wants *${other}*` : `The verb does not flip, but is less sure: other units know the number, too`}. ${flipped(view, 1) ? "The other sentence flips, too." : `*The boys near the cars* does not change: *${other}* is what the rest of the network says anyway.`} Try a random unit as a control; then *swap its memory* and see the first sentence take the number of the second.`,
    },
    {
      title: "Others know only the last noun",
      state: { ...pair, sentences: shortPair(model, pair), unit: shortRange[0] ?? unit, broken: number.map((u) => ({ unit: u, how: "zero" })) },
      look: "look",
      text: (view) => `With ${number.length > 1 ? "the number units" : `unit ${unit}`} silenced, the same subject is followed by *car* and by *cars*. ${view.sentences[0].choices.at(-1)?.margin > 0 && view.sentences[1].choices.at(-1)?.margin < 0 ? "The verb follows the last noun now" : "The verb leans towards the last noun"}: the paper's short-range units. ${shortRange.length ? `Unit ${shortRange[0]}, shown here, is one of them.` : "In this network no single unit is one: that knowledge is spread over many."}`,
    },
    {
      title: "And one unit knows that the verb is still to come",
      state: { ...pair, sentences: withVerb(model, pair), unit: syntax[0] ?? unit, view: "first" },
      look: "look",
      text: () => (syntax.length
        ? `The sentences go on to their verbs. The cell of unit ${syntax[0]} has one value from the subject to the verb and another from the verb on, and does not care about number: a *syntax unit*. ${model.about.planted ? "It opens and shuts the gates of the number units: see below who writes to them." : "In the paper such a unit tells the number units how long to remember; whether it does here, the weights at the bottom of the page say."}`
        : "In the paper one more unit is on from the subject to its verb, whatever lies in between, and tells the number units how long to remember. In this network no unit does that alone."),
    },
  ];
}

const flipped = (view, k) => view.sentences[k].choices.at(-1)?.margin > 0 !== view.sentences[k].was.at(-1)?.margin > 0;

// Whether the two cells stay apart from where the sentences differ: by a third of their first distance at least.
function holds(model, view, unit) {
  const [first, second] = view.sentences.map((s) => valuesOf(model, s.intact, unit, "C"));
  const apart = first.map((x, t) => x - second[t]).slice(Math.max(0, view.difference));
  return apart.every((x) => x * apart[0] > 0 && Math.abs(x) > Math.abs(apart[0]) / 3);
}

function latch(model, view, unit) {
  const after = view.difference + 1;
  const mean = (key) => {
    const values = view.sentences.flatMap((s) => valuesOf(model, s.intact.slice(after), unit, key));
    return values.reduce((sum, x) => sum + x, 0) / values.length;
  };
  const [i, f] = [mean("i"), mean("f")];
  const numbers = `on average *i* = ${fix(i)} and *f* = ${fix(f)} there`;
  if (i < 0.2 && f > 0.8) return `So it is here: ${numbers}.`;
  if (f > 0.8) return `Here it is otherwise: ${numbers}. The unit keeps what it has and adds to it, much the same in both sentences, so that the distance between them stays.`;
  return `Here it is otherwise: ${numbers}.`;
}

function shortPair(model, { sentences }) {
  const near = sentences[0].replace(/cars$/, "car");
  return lookUp(model, near).unknown < 0 ? [near, sentences[0]] : sentences;
}

function withVerb(model, { sentences, forms }) {
  const objects = ["greets the girl .", "greet the girl ."];
  const longer = sentences.map((sentence, k) => `${sentence} ${objects[k]}`);
  if (longer.every((sentence) => lookUp(model, sentence).unknown < 0)) return longer;
  return sentences.map((sentence, k) => `${sentence} ${forms[k]} in the house .`);
}

function drawTour(model, view, steps) {
  const panel = part("tour");
  const step = steps[view.tour - 1];
  panel.hidden = !step;
  document.querySelectorAll(".spot").forEach((spot) => spot.classList.remove("spot"));
  if (!step) return;
  part("tour-title").textContent = step.title;
  part("tour-text").replaceChildren(...rich(step.text(view)));
  part("tour-steps").replaceChildren(...steps.map(({ title }, k) => html("li", {}, html("button", {
    type: "button", "data-step": k + 1, "aria-label": `step ${k + 1}: ${title}`, "aria-current": k + 1 === view.tour ? "step" : null, "data-tip": title,
  }, String(k + 1)))));
  part("tour-back").disabled = view.tour === 1;
  part("tour-next").textContent = view.tour < steps.length ? "Next" : "End of tour";
  if (step.look !== "look") part(step.look).classList.add("spot");
}
