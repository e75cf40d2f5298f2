// The state of the page, and its one way in and out: the fragment of its address. Whatever stands there is checked
// against what the page can show; what makes no sense is as good as missing.

const VIEWS = { difference: "difference", first: "first sentence", second: "second sentence" };

function firstState(model) {
  const { sentences, forms, unit } = model.start;
  const state = { sentences: [...sentences], forms: [...forms], unit, broken: [], word: null, view: "difference" };
  const isTour = JSON.stringify(model.start) === JSON.stringify(model.tour); // it begins as the tour does
  return { ...state, tour: isTour ? 1 : 0, controls: true };
}

function toFragment(model, state) {
  const first = firstState(model);
  const all = new URLSearchParams();
  const put = (key, value, usual) => value !== usual && all.set(key, value);
  put("first", state.sentences[0], first.sentences[0]);
  put("second", state.sentences[1], first.sentences[1]);
  put("forms", state.forms.join("/"), first.forms.join("/"));
  put("unit", String(state.unit), String(first.unit));
  put("broken", state.broken.map(({ unit, how }) => `${unit}:${how}`).join(), "");
  put("word", state.word === null ? "" : String(state.word + 1), "");
  put("view", state.view, first.view);
  put("tour", String(state.tour), String(first.tour));
  put("controls", state.controls ? "shown" : "hidden", "shown");
  return all.toString();
}

function fromFragment(model, fragment) {
  const state = firstState(model);
  const all = new URLSearchParams(fragment.replace(/^#/, "").slice(0, 4 * MOST_LETTERS));
  const text = (key) => all.get(key)?.slice(0, MOST_LETTERS);
  state.sentences = [text("first") ?? state.sentences[0], text("second") ?? state.sentences[1]];
  const forms = text("forms")?.split("/") ?? [];
  if (forms.length === 2 && forms.every((form) => model.index.has(form))) state.forms = forms;
  if (isUnit(model, text("unit"))) state.unit = Number(text("unit"));
  for (const part of text("broken")?.split(",") ?? []) {
    const [unit, how] = part.split(":");
    const fresh = !state.broken.some((other) => other.unit === Number(unit));
    if (isUnit(model, unit) && Object.hasOwn(WAYS, how ?? "") && fresh) state.broken.push({ unit: Number(unit), how });
  }
  if (/^[1-9]\d{0,2}$/.test(text("word") ?? "")) state.word = Number(text("word")) - 1;
  if (Object.hasOwn(VIEWS, text("view") ?? "")) state.view = text("view");
  if (/^[0-6]$/.test(text("tour") ?? "")) state.tour = model.tour ? Number(text("tour")) : 0;
  state.controls = text("controls") !== "hidden";
  return state;
}

const isUnit = (model, text) => /^[1-9]\d{0,5}$/.test(text ?? "") && Number(text) <= model.places.length;
