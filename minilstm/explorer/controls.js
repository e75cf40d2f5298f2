// What a person can set: fields, lists and buttons follow the state; examples come from the paper's tasks.

const example = { task: "nounPP", first: "SP", second: "PP", k: 0 };

const way = () => part("ways").querySelector("input:checked")?.value ?? "zero";

function buildControls(model, groups) {
  const optionOf = (unit) => html("option", { value: unit }, nameOf(model, unit));
  const groupOf = ({ title, units }) => html("optgroup", { label: title }, units.map(optionOf));
  part("unit").replaceChildren(...groups.map(groupOf));
  part("ways").replaceChildren(part("ways").firstElementChild, ...Object.entries(WAYS).map(([key, text]) => (
    html("label", {}, html("input", { type: "radio", name: "way", value: key, checked: key === "zero" }), text)
  )));
  part("views").replaceChildren(...Object.entries(VIEWS).map(([key, text]) => (
    html("button", { type: "button", class: "choice", "data-view": key }, text)
  )));
  part("examples").hidden = !model.examples[example.task];
  if (!part("examples").hidden) drawExamples(model);
}

function drawControls(model, view, { canUndo, replace }) {
  const broken = view.broken.find(({ unit }) => unit === view.unit);
  part("break").textContent = broken ? `Mend unit ${view.unit}` : `Break unit ${view.unit}`;
  part("break").setAttribute("aria-pressed", String(Boolean(broken)));
  part("undo").disabled = !canUndo;
  const how = broken?.how ?? way();
  for (const input of part("ways").querySelectorAll("input")) {
    input.checked = input.value === how;
    input.disabled = input.value === "swap" && !view.canSwap;
  }
  const words = view.sentences.map(({ words }) => words[view.word]).filter(Boolean);
  part("word").max = Math.max(1, view.length);
  part("word").value = view.word + 1;
  part("word").setAttribute("aria-valuetext", words.join(", "));
  part("unit").value = view.unit;
  for (const [k, { name, text }] of view.sentences.entries()) {
    if (part(name).value !== text) part(name).value = text;
    drawNote(model, view.sentences[k], (word) => replace(k, word));
  }
  for (const [k, id] of ["one", "other"].entries()) {
    if (document.activeElement !== part(id)) part(id).value = view.forms[k];
  }
  for (const button of part("views").children) {
    button.setAttribute("aria-pressed", String(button.dataset.view === view.view));
    button.disabled = button.dataset.view !== "first" && !view.sentences[1].words.length;
  }
  part("controls").textContent = view.controls ? "hide controls" : "show controls";
}

// What is wrong with a sentence, and words that might have been meant.
function drawNote(model, { name, words, unknown }, replace) {
  part(name).setAttribute("aria-invalid", String(unknown >= 0));
  const near = unknown < 0 ? [] : nearWords(model, words[unknown]);
  const text = unknown < 0 ? "" : `${describeUnknown(model, words[unknown])}; the network reads up to it. `;
  const note = part(`${name}-note`);
  if (note.dataset.told === text + near) return;
  note.dataset.told = text + near;
  const offers = near.map((word) => (
    html("button", { type: "button", class: "chip", onclick: () => replace(word) }, word)
  ));
  note.replaceChildren(text, near.length ? "Near it: " : "", ...offers);
}

function describeUnknown(model, word) {
  return `\u201c${word}\u201d is not among the ${model.vocabulary.length} words of this page`;
}

// The next pair of sentences of a task; what it changes of the state.
function takeExample(model, changes) {
  Object.assign(example, changes);
  const conditions = model.examples[example.task];
  const names = Object.keys(conditions);
  if (!names.includes(example.first)) example.first = names[0];
  if (!names.includes(example.second)) example.second = names.find((name) => name[0] !== example.first[0]) ?? names[0];
  drawExamples(model);
  const [first, second] = [conditions[example.first], conditions[example.second]];
  const k = example.k % first.length;
  const [, right, wrong] = first[k];
  const forms = example.first[0] === "S" ? [right, wrong] : [wrong, right];
  return { sentences: [first[k][0], second[k][0]], forms, word: null, tour: 0 };
}

function drawExamples(model) {
  const fill = (id, names, chosen) => part(id).replaceChildren(...names.map((name) => (
    html("option", { value: name, selected: name === chosen }, name)
  )));
  const conditions = Object.keys(model.examples[example.task]);
  fill("task", Object.keys(model.examples), example.task);
  fill("condition-first", conditions, example.first);
  fill("condition-second", conditions, example.second);
}
