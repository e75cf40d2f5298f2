// The page: one state, and one function that draws all of it anew whenever the state changes.

let model, state, view; // the view is what is computed from the state
let past = []; // what was broken before, for `undo`
let keeping = null;

// A model takes the stage: the one in this page, or one from a file.
function take(content, fragment = "") {
  kept.clear();
  model = openModel(content);
  state = fromFragment(model, fragment);
  past = [];
  document.title = `${model.name}, ${model.about.text}`;
  buildControls(model);
  buildUnits(model);
  buildTour(model);
}

// All that the drawing functions need, computed from the state.
function derive() {
  const looked = state.sentences.map((text) => lookUp(model, text));
  const forms = state.forms.map((form) => model.index.get(form));
  const choose = (nodes) => nodes.map((node) => chooseForm(node, forms));
  const intact = looked.map(({ ids }) => read(model, ids));
  const mean = (unit) => meanOf(valuesOf(model, intact.flat(), unit, "h")) || 0;
  const held = state.broken.filter(({ how }) => how !== "swap")
    .map(({ unit, how }) => ({ unit, value: how === "mean" ? mean(unit) : 0 }));
  const swapped = state.broken.filter(({ how }) => how === "swap").map(({ unit }) => unit);
  const sentences = looked.map((sentence, k) => {
    const now = read(model, sentence.ids, held, swapped, { ids: looked[1 - k].ids, nodes: intact[1 - k] });
    const [text, choices, was] = [state.sentences[k], choose(now), choose(intact[k])];
    return { ...sentence, ...MARKS[k], text, intact: intact[k], now, choices, was };
  });
  const [first, second] = sentences.map(({ words }) => words);
  const length = Math.max(first.length, second.length);
  return {
    ...state,
    sentences,
    read: sentences.filter(({ now }) => now.length), // as far as that: those with anything to show
    length,
    how: state.broken.find(({ unit }) => unit === state.unit)?.how,
    word: Math.max(0, Math.min(state.word ?? length - 1, length - 1)),
    view: second.length ? state.view : "first",
    difference: first.findIndex((word, t) => t < second.length && word !== second[t]),
    canSwap: firstDifference(looked[0].ids, looked[1].ids) >= 0,
    changed: state.broken.length > 0,
  };
}

function redraw() {
  const widths = {}; // before anything changes
  for (const id of ["stage", "gates", "chances"]) widths[id] = part(id).clientWidth;
  view = { ...derive(), widths };
  document.body.classList.toggle("plain", state.controls === "hidden");
  drawTour(model, view);
  drawStage(model, view);
  drawAnswer(model, view);
  drawControls(model, view, past.length > 0);
  drawTexts(model, view);
  drawFormulas(model, view);
  drawGates(model, view);
  drawUnits(model, view);
  drawChances(model, view);
  drawContributions(model, view);
  drawAfferents(model, view);
  if (view.table === "open") drawTable(model, view);
  keepFragment();
}

function change(changes) {
  state = { ...state, ...changes };
  const { activeElement: focused } = document;
  const { list, word } = focused.dataset;
  const place = list && itemsOf(list).indexOf(focused);
  redraw();
  if (!list) return; // else what had the focus is drawn anew, and has it again; in a chart it follows the word
  focusItem(list, word ? view.word : place, { preventScroll: true });
  showTipOfFocus();
}

// A sentence is another one; the tour speaks of its own.
function write(k, text, more = {}) {
  change({ sentences: state.sentences.map((old, j) => (j === k ? text : old)), tour: 0, ...more });
}

// A word that is offered in the place of the one that is not known.
function replaceUnknown(k, word) {
  const { words, unknown } = lookUp(model, state.sentences[k]);
  write(k, words.map((old, t) => (t === unknown ? word : old)).join(" "));
}

function takeExample(k, name) {
  const [task, condition] = name.split("/");
  const [text, ...forms] = model.examples[task]?.[condition] ?? [""];
  write(k, text, { word: null, ...(forms.length ? { forms } : {}) });
}

function takeForms(input) {
  const forms = input.value.split("/").map((form) => form.trim());
  const unknown = forms.find((form) => !model.index.has(form));
  const wrong = forms.length !== 2 ? "Two forms of a verb, such as is/are."
    : unknown !== undefined ? `${describeUnknown(model, unknown)}.` : "";
  input.setAttribute("aria-invalid", Boolean(wrong));
  part("forms-note").textContent = wrong;
  if (!wrong) change({ forms });
}

function breakUnits(broken, more = {}) {
  past.push(state.broken);
  change({ broken, ...more });
}

function toggle(unit) {
  const others = state.broken.filter((other) => other.unit !== unit);
  breakUnits(others.length < state.broken.length ? others : [...others, { unit, how: state.way }]);
}

function breakAtRandom() {
  const others = [state.unit, state.random, ...model.roles.number];
  const units = model.roles.order.filter((unit) => !others.includes(unit));
  const random = units[Math.floor(Math.random() * units.length)];
  if (random) breakUnits([{ unit: random, how: state.way }], { random });
}

function go(step) {
  const target = model.steps[step - 1];
  if (!target) return change({ tour: 0, broken: [] });
  change({ ...target.state, tour: step });
  if (target.look === "look" && part("tour").getBoundingClientRect().top >= 0) return; // in view already
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const sticky = getComputedStyle(part("tour")).position === "sticky"; // else the text would scroll out of view
  part(sticky ? target.look : "tour").scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
}

async function openFile(file) {
  if (!file) return;
  const note = part("file-note");
  try {
    take(await readModelFile(file.name, new Uint8Array(await file.arrayBuffer())));
    note.textContent = `${file.name} is open. It has not left this device.`;
    redraw();
    scrollTo(0, 0);
  } catch (error) {
    const reason = error.name === "Error" ? error.message : "it is damaged"; // no sentence of ours, but the browser's
    note.textContent = `${file.name} cannot be opened: ${reason}.`;
  }
}

// The address follows a moment later: browsers take their time over it, and refuse more than a few a second.
function keepFragment() {
  clearTimeout(keeping);
  keeping = setTimeout(() => {
    const fragment = toFragment(model, state);
    try {
      history.replaceState(null, "", fragment ? `#${fragment}` : location.pathname + location.search);
    } catch { /* a page inside a notebook has no address of its own */ }
  }, 200);
}

function pressKey(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.matches("input, select, textarea")) return;
  const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
  const vertical = ["ArrowUp", "ArrowDown"].includes(event.key);
  const { list, word } = event.target.dataset;
  if (!step || (vertical && (!list || word))) return;
  event.preventDefault();
  if (!vertical) return change({ word: Math.max(0, Math.min(view.length - 1, view.word + step)) });
  focusItem(list, itemsOf(list).indexOf(event.target) + step);
  if (list === "units") change({ unit: Number(document.activeElement.dataset.unit) });
}

// Everything that is drawn anew says by its data what a click on it means.
function press(event) {
  const kinds = ["unit", "break", "word", "step", "view", "offer", "pair"];
  const target = event.target.closest(kinds.map((kind) => `[data-${kind}]`).join());
  const { unit, break: broken, word, step, view, offer, pair } = target?.dataset ?? {};
  if (unit) change({ unit: Number(unit) });
  else if (broken) toggle(Number(broken));
  else if (step) go(Number(step));
  else if (view) change({ view });
  else if (word) change({ word: Number(word) });
  else if (offer) replaceUnknown(Number(target.value), offer);
  else if (pair) change({ sentences: PAIRS[pair], forms: model.topic.forms, word: null, tour: 0 });
}

function listen() {
  const on = (event, runs) => Object.entries(runs).forEach(([id, run]) => part(id).addEventListener(event, run));
  on("click", {
    break: () => toggle(state.unit),
    random: breakAtRandom,
    undo: () => change({ broken: past.pop() ?? [] }),
    "all-units": () => change({ list: "all" }),
    controls: () => change({ controls: state.controls === "shown" ? "hidden" : "shown" }),
    svg: () => offerFile("explorer.svg", "image/svg+xml", stageAsSvg()),
    csv: () => offerFile("explorer.csv", "text/csv", numbersAsCsv(model, view)),
    open: () => part("file").click(),
  });
  on("input", {
    word: ({ target }) => change({ word: Number(target.value) - 1 }),
    first: ({ target }) => write(0, target.value, { word: null }),
    second: ({ target }) => write(1, target.value, { word: null }),
    forms: ({ target }) => takeForms(target),
  });
  on("change", {
    unit: ({ target }) => change({ unit: Number(target.value) }),
    ways: ({ target: { value: way } }) => breakUnits(state.broken.map(({ unit }) => ({ unit, how: way })), { way }),
    "first-example": ({ target }) => takeExample(0, target.value),
    "second-example": ({ target }) => takeExample(1, target.value),
    file: ({ target }) => openFile(target.files[0]),
  });
  on("toggle", { details: ({ target }) => change({ table: target.open ? "open" : "closed" }) });
  on("submit", { form: (event) => event.preventDefault() });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    openFile(event.dataTransfer.files[0]);
  });
  document.addEventListener("click", press);
  document.addEventListener("keydown", pressKey);
  addEventListener("hashchange", () => { state = fromFragment(model, location.hash); redraw(); });
  addEventListener("resize", () => requestAnimationFrame(redraw));
}

take(JSON.parse(part("content").textContent), location.hash);
watchTips();
listen();
redraw();
// for the console
window.minilstm = { get model() { return model; }, read, lookUp, chooseForm, derive, change, state: () => state };
