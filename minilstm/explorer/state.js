// The state of the page, what it is at first, and its one way in and out: the fragment of its address. Whatever stands
// there is checked against what the page can show; what makes no sense is as good as missing.

const PAIRS = [
  ["The boy near the cars", "The boys near the cars"], // a singular across a plural
  ["The boys near the car", "The boy near the car"], // for a unit that is missed in plurals only
];
const FORMS = ["is/are", "greets/greet", "was/were", "has/have"]; // of the verb, the first that the model knows
const VIEWS = ["difference", "first", "second"];

const isKnown = (model, words) => words.every((word) => model.index.has(word));

// What the page opens with: sentences, verb forms and a number unit, of which the tour can speak if they are known.
function topicOf(model) {
  const { roles, context, vocabulary } = model;
  const unit = roles.number[0] ?? roles.order[0];
  const sentences = PAIRS[roles.names[unit] === "P*" ? 1 : 0];
  const forms = FORMS.map((text) => text.split("/")).find((both) => isKnown(model, both));
  if (forms && isKnown(model, sentences.join(" ").split(" "))) {
    return { unit, sentences, forms, hasTour: roles.measured && roles.number.length > 0 };
  }
  const words = context.length ? context : vocabulary;
  return { unit, sentences: [words.slice(0, 8).join(" ")], forms: vocabulary.slice(0, 2), hasTour: false };
}

function firstState(model) {
  const { topic, sentences, forms } = model; // the latter two by whoever made the page
  const isOwn = sentences.length > 0 || forms.length > 0;
  const [first, second = ""] = sentences.length ? sentences : topic.sentences;
  return {
    sentences: [first, second],
    forms: forms.length ? forms : topic.forms,
    unit: topic.unit,
    broken: [],
    word: null, // the last one
    view: "difference",
    tour: topic.hasTour && !isOwn ? 1 : 0,
    controls: true,
    all: false, // whether the list shows every unit: this and the next are in no fragment
    random: null, // the unit that was drawn at random
  };
}

function toFragment(model, state) {
  const write = ({ sentences, forms, unit, broken, word, view, tour, controls }) => Object.entries({
    first: sentences[0],
    second: sentences[1],
    forms: forms.join("/"),
    unit,
    broken: broken.map((one) => `${one.unit}:${one.how}`).join(),
    word: word === null ? "" : word + 1,
    view,
    tour,
    controls: controls ? "shown" : "hidden",
  });
  const first = new Map(write(firstState(model)));
  return new URLSearchParams(write(state).filter(([key, value]) => value !== first.get(key))).toString();
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
  for (const [unit, how] of text("broken").split(",").map((one) => one.split(":"))) {
    const isNew = !state.broken.some((other) => other.unit === Number(unit));
    if (isUnit(unit) && Object.hasOwn(FATES, how) && isNew) state.broken.push({ unit: Number(unit), how });
  }
  if (/^[1-9]\d{0,2}$/.test(text("word"))) state.word = Number(text("word")) - 1;
  if (VIEWS.includes(text("view"))) state.view = text("view");
  if (/^[0-6]$/.test(text("tour"))) state.tour = model.topic.hasTour ? Number(text("tour")) : 0;
  state.controls = text("controls") !== "hidden";
  return state;
}
