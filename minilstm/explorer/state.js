// The state of the page, what it is at first, and its one way in and out: the fragment of its address. Whatever stands
// there is checked against what the page can show; what makes no sense is as good as missing.

const WAYS = {
  zero: "silence it: its output h is 0 at every word",
  mean: "hold it: h is the same at every word, its mean over both sentences",
  swap: "give it the other sentence\u2019s memory: its cell C, at the word where the two first differ",
};
const VIEWS = { difference: "difference", first: "first sentence", second: "second sentence" };
const PAIRS = [
  ["The boy near the cars", "The boys near the cars"], // a singular across a plural
  ["The boys near the car", "The boy near the car"], // for a unit that is missed in plurals only
];
const FORMS = ["is/are", "greets/greet", "was/were", "has/have"]; // of the verb, the first that the model knows

// What the tour is about: sentences, verb forms and a number unit; null where the model does not know the words.
function topicOf(model) {
  const unit = model.roles.number[0] ?? model.roles.order[0];
  const sentences = PAIRS[model.roles.names[unit] === "P*" ? 1 : 0];
  const forms = FORMS.find((text) => isKnown(model, text.split("/")))?.split("/");
  return forms && isKnown(model, sentences.join(" ").split(" ")) ? { sentences, forms, unit } : null;
}

const isKnown = (model, words) => words.every((word) => model.index.has(word));

function firstState(model) {
  const asked = { sentences: model.sentences, forms: model.forms }; // by whoever made the page
  const isOwn = asked.sentences.length > 0 || asked.forms.length > 0;
  const { sentences, forms, unit } = model.topic ?? {
    sentences: [(model.context.length ? model.context : model.vocabulary).slice(0, 8).join(" ")],
    forms: model.vocabulary.slice(0, 2),
    unit: model.roles.number[0] ?? model.roles.order[0],
  };
  const [first, second = ""] = asked.sentences.length ? asked.sentences : sentences;
  return {
    sentences: [first, second],
    forms: asked.forms.length ? asked.forms : forms,
    unit,
    broken: [],
    word: null, // the last one
    view: "difference",
    tour: model.hasTour && !isOwn ? 1 : 0,
    controls: true,
  };
}

function toFragment(model, state) {
  const [first, now] = [firstState(model), state].map((one) => ({
    first: one.sentences[0],
    second: one.sentences[1],
    forms: one.forms.join("/"),
    unit: String(one.unit),
    broken: one.broken.map(({ unit, how }) => `${unit}:${how}`).join(),
    word: one.word === null ? "" : String(one.word + 1),
    view: one.view,
    tour: String(one.tour),
    controls: one.controls ? "shown" : "hidden",
  }));
  return new URLSearchParams(Object.entries(now).filter(([key, value]) => value !== first[key])).toString();
}

function fromFragment(model, fragment) {
  const state = firstState(model);
  const all = new URLSearchParams(fragment.replace(/^#/, "").slice(0, 4 * MOST_LETTERS));
  const text = (key) => all.get(key)?.slice(0, MOST_LETTERS) ?? "";
  const isUnit = (text) => /^[1-9]\d{0,5}$/.test(text) && Number(text) <= model.places.length;
  state.sentences = ["first", "second"].map((key, k) => (all.has(key) ? text(key) : state.sentences[k]));
  const forms = text("forms").split("/");
  if (forms.length === 2 && isKnown(model, forms)) state.forms = forms;
  if (isUnit(text("unit"))) state.unit = Number(text("unit"));
  for (const part of text("broken").split(",")) {
    const [unit, how = ""] = part.split(":");
    const isNew = !state.broken.some((other) => other.unit === Number(unit));
    if (isUnit(unit) && Object.hasOwn(WAYS, how) && isNew) state.broken.push({ unit: Number(unit), how });
  }
  if (/^[1-9]\d{0,2}$/.test(text("word"))) state.word = Number(text("word")) - 1;
  if (Object.hasOwn(VIEWS, text("view"))) state.view = text("view");
  if (/^[0-6]$/.test(text("tour"))) state.tour = model.hasTour ? Number(text("tour")) : 0;
  state.controls = text("controls") !== "hidden";
  return state;
}
