// The page: one state, and one function that draws all of it anew whenever the state changes.

const model = openModel(JSON.parse(part("content").textContent));
const steps = tourOf(model);
const groups = groupsOf(model);
const past = []; // what was broken before, for `undo`
const example = { task: "nounPP", first: "SP", second: "PP", k: 0 };
let state = fromFragment(model, location.hash);
let wholeList = false, randomUnit = null, playing = null, keeping = null;

// All that the drawing functions need, computed from the state.
function derive() {
  const looked = state.sentences.map((text) => lookUp(model, text));
  const forms = state.forms.map((form) => model.index.get(form));
  const intact = looked.map(({ ids }) => read(model, ids));
  const sentences = looked.map((sentence, k) => {
    const donor = { ids: looked[1 - k].ids, nodes: intact[1 - k] };
    const now = read(model, sentence.ids, state.broken, donor);
    const choose = (nodes) => nodes.map((node) => chooseForm(node, forms));
    return { ...sentence, ...MARKS[k], intact: intact[k], now, choices: choose(now), was: choose(intact[k]) };
  });
  const [first, second] = sentences.map(({ words }) => words);
  const length = Math.max(first.length, second.length);
  const how = state.broken.find(({ unit }) => unit === state.unit)?.how;
  return {
    ...state,
    sentences,
    groups,
    length,
    word: Math.max(0, Math.min(state.word ?? length - 1, length - 1)),
    view: second.length ? state.view : "first",
    difference: first.findIndex((word, t) => t < second.length && word !== second[t]),
    canSwap: firstDifference(looked[0].ids, looked[1].ids) >= 0,
    changed: state.broken.length > 0,
    silenced: how === "zero" || how === "mean",
    fate: { zero: ", silenced: nobody hears it", mean: ", heard at its mean only", swap: ", its memory swapped" }[how] ?? "",
  };
}

function redraw() {
  const view = { ...derive(), widths: { stage: part("stage").clientWidth, gates: part("gates").clientWidth } }; // before any change
  document.body.classList.toggle("plain", !state.controls);
  drawTour(model, view, steps);
  drawStage(model, view);
  drawAnswer(view);
  drawControls(view);
  drawInside(view);
  drawGates(model, view);
  drawUnits(model, view, wholeList);
  drawContributions(model, view);
  drawAfferents(model, view);
  if (part("details").open) drawTable(model, view);
  keepFragment();
}

function change(changes) {
  if (changes.broken) past.push(state.broken);
  state = { ...state, ...changes };
  const focused = document.activeElement?.dataset ?? {};
  const list = document.activeElement?.closest?.("[id]")?.id;
  redraw();
  refocus(focused, list);
}

// What had the focus before everything was drawn anew has it again.
function refocus({ unit, step, break: broken }, list) {
  const selector = unit ? `[data-unit="${unit}"]` : broken ? `[data-break="${broken}"]` : step ? `[data-step="${step}"]` : null;
  if (selector && list) part(list)?.querySelector(selector)?.focus({ preventScroll: true });
}

function drawAnswer(view) {
  part("verdicts").replaceChildren(...view.sentences.filter((s) => s.now.length).map((s) => {
    const last = s.choices.at(-1), before = s.was.at(-1);
    const [form, share] = last.margin > 0 ? [view.forms[0], last.share] : [view.forms[1], 1 - last.share];
    const flips = last.margin > 0 !== before.margin > 0;
    const was = before.margin > 0 ? view.forms[0] : view.forms[1];
    return html(
      "li",
      { class: flips ? "flipped" : null },
      html("p", { class: "said" }, html("span", { class: s.name, "aria-hidden": "true" }, `${s.sign} `), `${s.words.slice(0, s.now.length).join(" ")} `, html("b", {}, form)),
      html("p", { class: "split", "data-tip": `p(${view.forms[0]}) = ${last.p[0].toFixed(4)}, p(${view.forms[1]}) = ${last.p[1].toFixed(4)} among ${model.vocabulary.length} words` },
        html("span", { class: "share" }, html("span", { class: s.name, style: { width: `${100 * share}%` } })),
        html("span", {}, percent(share))),
      flips && html("p", { class: "flip" }, `flipped: was ${was}, ${percent(before.margin > 0 ? before.share : 1 - before.share)}`),
    );
  }));
  const text = verdictOf(view);
  if (part("verdict").textContent !== text) part("verdict").textContent = text;
}

function verdictOf(view) {
  const read = view.sentences.filter((s) => s.now.length);
  if (!read.length) return "There is no sentence to read yet.";
  if (!view.changed) return `All ${model.places.length} units at work.`;
  const flips = read.filter((s) => s.choices.at(-1).margin > 0 !== s.was.at(-1).margin > 0);
  const drawn = view.broken.length === 1 && view.broken[0].unit === randomUnit ? ", drawn at random" : "";
  const what = `${view.broken.map(({ unit, how }) => ({
    zero: `unit ${unit} silenced`, mean: `unit ${unit} held at its mean`, swap: `the memory of unit ${unit} swapped`,
  })[how]).join(", ")}${drawn}`;
  const told = flips.map((s) => `the ${s.name} verb flips to ${s.choices.at(-1).margin > 0 ? view.forms[0] : view.forms[1]}`);
  return `With ${what}, ${told.join(" and ") || "no verb flips"}.`;
}

function drawControls(view) {
  const broken = state.broken.find(({ unit }) => unit === state.unit);
  part("break").textContent = broken ? `Mend unit ${state.unit}` : `Break unit ${state.unit}`;
  part("break").setAttribute("aria-pressed", String(Boolean(broken)));
  part("undo").disabled = !past.length;
  const how = broken?.how ?? way();
  for (const input of part("ways").querySelectorAll("input")) {
    input.checked = input.value === how;
    input.disabled = input.value === "swap" && !view.canSwap;
  }
  part("word").max = Math.max(1, view.length);
  part("word").value = view.word + 1;
  part("word").setAttribute("aria-valuetext", view.sentences.map(({ words }) => words[view.word]).filter(Boolean).join(", "));
  part("unit").value = state.unit;
  for (const [k, id] of ["first", "second"].entries()) {
    if (part(id).value !== state.sentences[k]) part(id).value = state.sentences[k];
    drawNote(id, view.sentences[k], (word) => edit(k, view.sentences[k], word));
  }
  for (const [k, id] of ["one", "other"].entries()) if (document.activeElement !== part(id)) part(id).value = state.forms[k];
  for (const button of part("views").children) {
    button.setAttribute("aria-pressed", String(button.dataset.view === view.view));
    button.disabled = button.dataset.view !== "first" && !view.sentences[1].words.length;
  }
  part("controls").textContent = state.controls ? "hide controls" : "show controls";
}

function drawNote(id, { words, unknown }, replace) {
  part(id).setAttribute("aria-invalid", String(unknown >= 0));
  const near = unknown < 0 ? [] : nearWords(model, words[unknown]);
  const offers = near.map((word) => html("button", { type: "button", class: "chip", onclick: () => replace(word) }, word));
  const text = unknown < 0 ? "" : `\u201c${words[unknown]}\u201d is not among the ${model.vocabulary.length} words of this page; the network reads up to it. ${near.length ? "Near it: " : ""}`;
  const note = part(`${id}-note`);
  if (note.dataset.text !== text + near) note.replaceChildren(text, ...offers);
  note.dataset.text = text + near;
}

const edit = (k, { words, unknown }, word) => {
  const better = words.map((old, t) => (t === unknown ? word : old)).join(" ");
  change({ sentences: state.sentences.map((old, j) => (j === k ? better : old)), tour: 0 });
};

function drawInside(view) {
  const words = [...new Set(view.sentences.map(({ words }) => words[view.word]).filter(Boolean))];
  part("inside-title").textContent = `Inside unit ${state.unit}${words.length ? `, at \u201c${words.join(" / ")}\u201d` : ""}`;
  part("formulas").replaceChildren(...view.sentences.filter((s) => view.word < s.now.length).map((s) => html(
    "div",
    { class: "formula" },
    html("p", { class: s.name }, `${s.sign} ${s.words[view.word]}`),
    formulas(model, s.now[view.word], state.unit).map(([name, rule, numbers]) => html("p", {}, html("i", {}, name), ` = ${rule} `, html("span", {}, `= ${numbers}`))),
  )));
  part("all-title").textContent = `All ${model.places.length} units`;
  part("told-title").textContent = `What the units say about the verb${words.length ? `, after \u201c${words.join(" / ")}\u201d` : ""}`;
  part("told-note").textContent = `How far each moves the choice towards ${state.forms[0]} (right) or ${state.forms[1]} (left), in nats.`;
  part("heard-title").textContent = `Who writes to unit ${state.unit}`;
}

const way = () => part("ways").querySelector("input:checked")?.value ?? "zero";

function toggle(unit) {
  const without = state.broken.filter((other) => other.unit !== unit);
  const how = way() === "swap" && part("ways").querySelector("[value=swap]").disabled ? "zero" : way();
  change({ broken: without.length < state.broken.length ? without : [...without, { unit, how }] });
}

function go(step) {
  stop();
  const target = steps[step - 1];
  if (!target) return change({ tour: 0, broken: [] });
  change({ ...target.state, tour: step });
  const box = part(target.look).getBoundingClientRect();
  if (target.look !== "look" && (box.top < 0 || box.top > innerHeight * 0.6)) {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    part("tour").scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
  }
}

function takeExample(changes) {
  Object.assign(example, changes);
  const conditions = model.examples[example.task];
  const names = Object.keys(conditions);
  if (!names.includes(example.first)) example.first = names[0];
  if (!names.includes(example.second)) example.second = names.find((name) => name[0] !== example.first[0]) ?? names[0];
  const [first, second] = [conditions[example.first], conditions[example.second]];
  const k = example.k % first.length;
  const [, right, wrong] = first[k];
  change({
    sentences: [first[k][0], second[k][0]],
    forms: example.first[0] === "S" ? [right, wrong] : [wrong, right],
    word: null,
    tour: 0,
  });
  drawExamples();
}

function drawExamples() {
  const options = (id, names, chosen) => part(id).replaceChildren(...names.map((name) => html("option", { value: name, selected: name === chosen }, name)));
  options("task", Object.keys(model.examples), example.task);
  const conditions = Object.keys(model.examples[example.task]);
  options("condition-first", conditions, example.first);
  options("condition-second", conditions, example.second);
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
    if (word + 1 >= length) return stop();
    change({ word: word + 1 });
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

function describeModel() {
  const { about, sizes, vocabulary, words_of_model: all, name } = model;
  const layers = sizes.every((size) => size === sizes[0]) ? `${sizes.length} \u00d7 ${sizes[0]}` : sizes.join(" + ");
  const text = { "a grammar": " of a small grammar of English", text: " of English text" }[about.text] ?? "";
  const read = about.planted ? "whose weights were written by hand"
    : about.tokens ? `that has read ${(about.tokens / 1e6).toFixed(0)} million words${text}` : "that was trained elsewhere";
  part("about").replaceChildren(html("b", {}, name), `, an LSTM language model of ${layers} units ${read}. It is alive in this page.`);
  const precision = { float32: "float32", float16: "float16", int8: "int8 with a scale for each row" }[model.precision];
  part("colophon").textContent = `Weights in ${precision}; everything is computed here, in double precision, by Eqs. 1\u20132 of Lakretz et al. (2019), \u201cThe emergence of number and syntax units in LSTM language models\u201d. `
    + `The network knows ${all > vocabulary.length ? `${all} words, of which ${vocabulary.length} are in this page; probabilities are among these` : `${all} words`}. Each sentence is read after ${model.context.length} words of context. Percentages beside a verb are its share among the two forms. Units are numbered from 1 through all layers, as in the paper. Made with minilstm.`;
}

function start() {
  part("unit").replaceChildren(...groups.map(({ title, units }) => html("optgroup", { label: title }, units.map((unit) => html("option", { value: unit }, nameOf(model, unit))))));
  part("ways").append(...Object.entries(WAYS).map(([key, text]) => html("label", {}, html("input", { type: "radio", name: "way", value: key, checked: key === "zero" }), ` ${text}`)));
  part("views").append(...Object.entries(VIEWS).map(([key, text]) => html("button", { type: "button", class: "choice", "data-view": key }, text)));
  part("examples").hidden = !steps.length;
  if (steps.length) drawExamples();
  describeModel();
  watchTips();
  redraw();
}

const on = (id, event, run) => part(id).addEventListener(event, run);
on("break", "click", () => toggle(state.unit));
on("random", "click", () => {
  const rest = model.places.map((_, k) => k + 1).filter((unit) => unit !== state.unit && !model.roles.number.includes(unit) && unit !== randomUnit);
  randomUnit = rest[Math.floor(Math.random() * rest.length)];
  change({ broken: [{ unit: randomUnit, how: way() === "swap" ? "zero" : way() }] });
});
on("undo", "click", () => {
  const broken = past.pop();
  if (broken) change({ broken });
  past.pop();
  redraw();
});
on("ways", "change", () => state.broken.length ? change({ broken: state.broken.map(({ unit }) => ({ unit, how: way() })) }) : redraw());
on("word", "input", (event) => { stop(); change({ word: Number(event.target.value) - 1 }); });
on("unit", "change", (event) => change({ unit: Number(event.target.value) }));
on("play", "click", play);
on("first", "input", (event) => change({ sentences: [event.target.value, state.sentences[1]], word: null, tour: 0 }));
on("second", "input", (event) => change({ sentences: [state.sentences[0], event.target.value], word: null, tour: 0 }));
on("form", "submit", (event) => event.preventDefault());
for (const [k, id] of ["one", "other"].entries()) {
  on(id, "input", (event) => {
    const word = event.target.value.trim();
    const known = model.index.has(word);
    event.target.setAttribute("aria-invalid", String(!known));
    part("forms-note").textContent = known ? "" : `\u201c${word}\u201d is not among the words of this page. Near it: ${nearWords(model, word).join(", ") || "nothing"}.`;
    if (known) change({ forms: state.forms.map((form, j) => (j === k ? word : form)) });
  });
}
on("task", "change", (event) => takeExample({ task: event.target.value, k: 0 }));
on("condition-first", "change", (event) => takeExample({ first: event.target.value }));
on("condition-second", "change", (event) => takeExample({ second: event.target.value }));
on("another", "click", () => takeExample({ k: example.k + 1 }));
on("all-units", "click", () => { wholeList = true; redraw(); });
on("details", "toggle", () => redraw());
on("controls", "click", () => change({ controls: !state.controls }));
on("tour-back", "click", () => go(state.tour - 1));
on("tour-next", "click", () => go(state.tour + 1));
on("tour-open", "click", () => { go(1); scrollTo(0, 0); });
on("share", "click", async () => {
  try {
    await navigator.clipboard.writeText(`${location.href.split("#")[0]}#${toFragment(model, state)}`);
    part("share").textContent = "link copied";
  } catch {
    part("share").textContent = "the link is in the address bar";
  }
  setTimeout(() => { part("share").textContent = "copy link to this view"; }, 2000);
});
document.addEventListener("click", (event) => {
  const { unit, break: broken, word, step, view } = event.target.closest?.("[data-unit], [data-break], [data-word], [data-step], [data-view]")?.dataset ?? {};
  if (unit) change({ unit: Number(unit) });
  else if (broken) toggle(Number(broken));
  else if (word) { stop(); change({ word: Number(word) }); }
  else if (step) go(Number(step));
  else if (view) change({ view });
});
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.matches("input, select, textarea")) return;
  const row = event.target.closest("#units li");
  const { word, length } = derive();
  if (row && ["ArrowDown", "ArrowUp"].includes(event.key)) {
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
});
addEventListener("hashchange", () => { state = fromFragment(model, location.hash); redraw(); });
addEventListener("resize", () => requestAnimationFrame(redraw));

start();
window.minilstm = { model, read, lookUp, chooseForm, formulas, derive, change, state: () => state }; // for the console
