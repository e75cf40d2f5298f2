// The state of the page, what it is at first, and its one way in and out: the fragment of its address. Whatever stands
// there is checked against what the page can show; what makes no sense is as good as missing.

const PAIRS = { // by the numbers of both nouns; where only the subjects differ, cells part for no other reason
  "SP against PP": ["The boy near the cars", "The boys near the cars"],
  "PS against SS": ["The boys near the car", "The boy near the car"], // for a unit that is missed in plurals only
  "SP against PS": ["The boy near the cars", "The boys near the car"],
};
const FORMS = ["is/are", "greets/greet", "was/were", "has/have"]; // of the verb, the first that the model knows
const CHOICES = { // between what a person chooses in other parts of the state, the first of each at first
  view: ["difference", "first", "second"], // of the list of units
  list: ["short", "all"],
  way: ["zero", "mean", "swap"], // of breaking what is broken next
  table: ["closed", "open"],
  controls: ["shown", "hidden"],
};

const isKnown = (model, words) => words.every((word) => model.index.has(word));

// What the page opens with: sentences, verb forms and a number unit, of which the tour can speak if they are known.
function topicOf(model) {
  const { roles, context, vocabulary } = model;
  const unit = roles.number[0] ?? roles.order[0];
  const sentences = PAIRS[roles.names[unit] === "P*" ? "PS against SS" : "SP against PP"];
  const forms = FORMS.map((text) => text.split("/")).find((both) => isKnown(model, both));
  if (forms && isKnown(model, sentences.join(" ").split(" "))) {
    return { unit, sentences, forms, hasTour: roles.measured && roles.number.length > 0 };
  }
  const words = context.length ? context : vocabulary;
  return { unit, sentences: [words.slice(0, 8).join(" ")], forms: vocabulary.slice(0, 2), hasTour: false };
}

// At a step of the tour it is what the step sets up.
function firstState(model, tour = null) {
  const { topic, steps, sentences, forms } = model; // the latter two by whoever made the page
  const isOwn = sentences.length > 0 || forms.length > 0;
  const [first, second = ""] = sentences.length ? sentences : topic.sentences;
  return {
    sentences: [first, second],
    forms: forms.length ? forms : topic.forms,
    unit: topic.unit,
    broken: [],
    word: null, // the last one
    random: null, // the unit that was drawn at random
    ...Object.fromEntries(Object.entries(CHOICES).map(([key, [first]]) => [key, first])),
    tour: tour ?? (topic.hasTour && !isOwn ? 1 : 0),
    ...steps[tour - 1]?.state,
  };
}

function toFragment(model, state) {
  const write = ({ sentences, forms, broken, word, ...others }) => Object.entries({
    ...others,
    first: sentences[0],
    second: sentences[1],
    forms: forms.join("/"),
    broken: broken.map((one) => `${one.unit}:${one.how}`).join(),
    word: word === null ? "" : word + 1,
  });
  const first = new Map(write({ ...firstState(model, state.tour), tour: firstState(model).tour }));
  return new URLSearchParams(write(state).filter(([key, value]) => value !== first.get(key))).toString();
}

function fromFragment(model, fragment) {
  const all = new URLSearchParams(fragment.replace(/^#/, "").slice(0, 4 * MOST_LETTERS));
  const text = (key) => all.get(key)?.slice(0, MOST_LETTERS) ?? "";
  const hasStep = /^[0-6]$/.test(text("tour")) && model.topic.hasTour;
  const state = firstState(model, hasStep ? Number(text("tour")) : null);
  const isUnit = (text) => /^[1-9]\d{0,5}$/.test(text) && Number(text) <= model.places.length;
  state.sentences = ["first", "second"].map((key, k) => (all.has(key) ? text(key) : state.sentences[k]));
  const forms = text("forms").split("/");
  if (forms.length === 2 && isKnown(model, forms)) state.forms = forms;
  for (const key of ["unit", "random"]) if (isUnit(text(key))) state[key] = Number(text(key));
  if (all.has("broken")) state.broken = [];
  for (const [unit, how] of text("broken").split(",").map((one) => one.split(":"))) {
    const isNew = !state.broken.some((other) => other.unit === Number(unit));
    if (isUnit(unit) && Object.hasOwn(FATES, how) && isNew) state.broken.push({ unit: Number(unit), how });
  }
  if (all.has("word")) state.word = /^[1-9]\d{0,2}$/.test(text("word")) ? Number(text("word")) - 1 : null;
  for (const [key, choices] of Object.entries(CHOICES)) if (choices.includes(text(key))) state[key] = text(key);
  return state;
}
