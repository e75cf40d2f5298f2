// The page: one state, and one function that draws all of it anew whenever the state changes.

let model, steps, groups, state;
let past = []; // what was broken before, for `undo`
let wholeList = false, randomUnit = null, playing = null, keeping = null;

// A model takes the stage: the one in this page, or one from a file.
function take(content, fragment = "") {
  kept.clear();
  model = openModel(content);
  steps = tourOf(model);
  groups = groupsOf(model);
  state = fromFragment(model, fragment);
  [past, wholeList, randomUnit] = [[], false, null];
  buildControls(model, groups);
  describeModel(model);
  part("tour-open").hidden = !steps.length;
}

// All that the drawing functions need, computed from the state.
function derive() {
  const looked = state.sentences.map((text) => lookUp(model, text));
  const forms = state.forms.map((form) => model.index.get(form));
  const choose = (nodes) => nodes.map((node) => chooseForm(node, forms));
  const intact = looked.map(({ ids }) => read(model, ids));
  const sentences = looked.map((sentence, k) => {
    const donor = { ids: looked[1 - k].ids, nodes: intact[1 - k] };
    const now = read(model, sentence.ids, state.broken, donor);
    const text = state.sentences[k];
    return { ...sentence, ...MARKS[k], text, intact: intact[k], now, choices: choose(now), was: choose(intact[k]) };
  });
  const [first, second] = sentences.map(({ words }) => words);
  const length = Math.max(first.length, second.length);
  const how = state.broken.find(({ unit }) => unit === state.unit)?.how;
  return {
    ...state,
    sentences,
    groups,
    length,
    randomUnit,
    how,
    word: Math.max(0, Math.min(state.word ?? length - 1, length - 1)),
    view: second.length ? state.view : "first",
    difference: first.findIndex((word, t) => t < second.length && word !== second[t]),
    canSwap: firstDifference(looked[0].ids, looked[1].ids) >= 0,
    changed: state.broken.length > 0,
    silenced: how === "zero" || how === "mean",
  };
}

function redraw() {
  const widths = { stage: part("stage").clientWidth, gates: part("gates").clientWidth }; // before anything changes
  const view = { ...derive(), widths };
  document.body.classList.toggle("plain", !state.controls);
  drawTour(model, view, steps);
  drawStage(model, view);
  drawAnswer(model, view);
  drawControls(model, view, { canUndo: past.length > 0, replace });
  drawInside(model, view);
  drawGates(model, view);
  drawUnits(model, view, wholeList);
  drawContributions(model, view);
  drawAfferents(model, view);
  if (part("details").open) drawTable(model, view);
  keepFragment();
}

function change(changes) {
  state = { ...state, ...changes };
  const focused = document.activeElement;
  const key = ["unit", "break", "step"].find((name) => focused?.dataset[name]);
  const list = key && focused.closest("[id]").id;
  redraw();
  if (!key) return;
  const same = `[data-${key}="${focused.dataset[key]}"]`; // what had the focus, drawn anew, has it again
  part(list).querySelector(same)?.focus({ preventScroll: true });
}

function breakUnits(broken) {
  past.push(state.broken);
  change({ broken });
}

function toggle(unit) {
  const others = state.broken.filter((other) => other.unit !== unit);
  const how = way() === "swap" && !derive().canSwap ? "zero" : way();
  breakUnits(others.length < state.broken.length ? others : [...others, { unit, how }]);
}

function breakAtRandom() {
  const spared = new Set([state.unit, randomUnit, ...model.roles.number]);
  const units = model.places.map((_, k) => k + 1).filter((unit) => !spared.has(unit));
  if (!units.length) return;
  randomUnit = units[Math.floor(Math.random() * units.length)];
  breakUnits([{ unit: randomUnit, how: way() === "swap" ? "zero" : way() }]);
}

// A near word in the place of the one that is not known.
function replace(k, word) {
  const { words, unknown } = lookUp(model, state.sentences[k]);
  const better = words.map((old, t) => (t === unknown ? word : old)).join(" ");
  change({ sentences: state.sentences.map((old, j) => (j === k ? better : old)), tour: 0 });
}

function takeForm(k, input) {
  const word = input.value.trim();
  const known = model.index.has(word);
  input.setAttribute("aria-invalid", String(!known));
  const near = nearWords(model, word).join(", ");
  part("forms-note").textContent = known ? "" : `${describeUnknown(model, word)}. ${near && `Near it: ${near}.`}`;
  if (known) change({ forms: state.forms.map((form, j) => (j === k ? word : form)) });
}

function go(step) {
  stop();
  const target = steps[step - 1];
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
    const content = await readModelFile(file.name, new Uint8Array(await file.arrayBuffer()));
    take(content);
    model.mean = meanOver(model);
    note.textContent = `${file.name} is open. It has not left this device.`;
    redraw();
    scrollTo(0, 0);
  } catch (error) {
    note.textContent = `${file.name} cannot be opened: ${error.message}.`;
  }
}

function stop() {
  clearInterval(playing);
  playing = null;
  part("play").setAttribute("aria-pressed", "false");
}

function play() {
  if (playing) return stop();
  part("play").setAttribute("aria-pressed", "true");
  change({ word: 0 });
  playing = setInterval(() => {
    const { word, length } = derive();
    if (word + 1 >= length) stop();
    else change({ word: word + 1 });
  }, 800);
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

async function copyLink() {
  const [page] = location.href.split("#");
  try {
    await navigator.clipboard.writeText(`${page}#${toFragment(model, state)}`);
    part("share").textContent = "link copied";
  } catch {
    part("share").textContent = "the link is in the address bar";
  }
  setTimeout(() => { part("share").textContent = "copy link to this view"; }, 2000);
}

function pressKey(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.matches("input, select, textarea")) return;
  const { word, length } = derive();
  if (event.target.closest("#units li") && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    const buttons = [...part("units").querySelectorAll(event.target.dataset.break ? ".toggle" : ".unit")];
    const next = buttons[buttons.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)];
    next?.focus();
    if (next?.dataset.unit) change({ unit: Number(next.dataset.unit) });
    event.preventDefault();
  } else if (["ArrowLeft", "ArrowRight"].includes(event.key)) {
    stop();
    change({ word: Math.max(0, Math.min(length - 1, word + (event.key === "ArrowRight" ? 1 : -1))) });
    event.preventDefault();
  }
}

// Everything that is drawn anew says by its data what a click on it means.
function press(event) {
  const target = event.target.closest?.("[data-unit], [data-break], [data-word], [data-step], [data-view]");
  const { unit, break: broken, word, step, view } = target?.dataset ?? {};
  if (unit) change({ unit: Number(unit) });
  else if (broken) toggle(Number(broken));
  else if (step) go(Number(step));
  else if (view) change({ view });
  else if (word) {
    stop();
    change({ word: Number(word) });
  }
}

function listen() {
  const on = (id, event, run) => part(id).addEventListener(event, run);
  on("break", "click", () => toggle(state.unit));
  on("random", "click", breakAtRandom);
  on("undo", "click", () => change({ broken: past.pop() ?? [] }));
  on("ways", "change", () => breakUnits(state.broken.map(({ unit }) => ({ unit, how: way() }))));
  on("word", "input", (event) => { stop(); change({ word: Number(event.target.value) - 1 }); });
  on("unit", "change", (event) => change({ unit: Number(event.target.value) }));
  on("play", "click", play);
  for (const [k, { name }] of MARKS.entries()) {
    on(name, "input", (event) => {
      const sentences = state.sentences.map((text, j) => (j === k ? event.target.value : text));
      change({ sentences, word: null, tour: 0 });
    });
  }
  on("one", "input", (event) => takeForm(0, event.target));
  on("other", "input", (event) => takeForm(1, event.target));
  on("form", "submit", (event) => event.preventDefault());
  on("task", "change", (event) => change(takeExample(model, { task: event.target.value, k: 0 })));
  on("condition-first", "change", (event) => change(takeExample(model, { first: event.target.value })));
  on("condition-second", "change", (event) => change(takeExample(model, { second: event.target.value })));
  on("another", "click", () => change(takeExample(model, { k: example.k + 1 })));
  on("all-units", "click", () => { wholeList = true; redraw(); });
  on("details", "toggle", redraw);
  on("controls", "click", () => change({ controls: !state.controls }));
  on("tour-back", "click", () => go(state.tour - 1));
  on("tour-next", "click", () => go(state.tour + 1));
  on("tour-open", "click", () => { go(1); scrollTo(0, 0); });
  on("share", "click", copyLink);
  on("svg", "click", () => offerFile("explorer.svg", "image/svg+xml", stageAsSvg()));
  on("csv", "click", () => offerFile("explorer.csv", "text/csv", numbersAsCsv(model, derive())));
  on("open", "click", () => part("file").click());
  on("file", "change", (event) => openFile(event.target.files[0]));
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
