// What a person can set: fields, lists and buttons follow the state.

const way = () => part("ways").querySelector("input:checked")?.value ?? "zero";

function buildControls(model, groups) {
  const option = (value, text) => html("option", { value }, text);
  part("unit").replaceChildren(...groups.map(({ title, units }) => (
    html("optgroup", { label: title }, units.map((unit) => option(unit, nameOf(model, unit))))
  )));
  part("ways").replaceChildren(part("ways").firstElementChild, ...Object.entries(WAYS).map(([key, text]) => (
    html("label", {}, html("input", { type: "radio", name: "way", value: key }), text)
  )));
  part("views").replaceChildren(...Object.entries(VIEWS).map(([key, text]) => (
    html("button", { type: "button", class: "choice", "data-view": key }, text)
  )));
  const examples = Object.entries(model.examples);
  for (const { name } of MARKS) {
    part(`${name}-example`).replaceChildren(option("", "or an example"), ...examples.map(([task, some]) => (
      html("optgroup", { label: task }, Object.keys(some).map((kind) => option(`${task}/${kind}`, `${task} ${kind}`)))
    )));
    part(`${name}-example`).hidden = !examples.length;
  }
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
  part("word").max = Math.max(1, view.length);
  part("word").value = view.word + 1;
  part("word").setAttribute("aria-valuetext", view.sentences.map(({ words }) => words[view.word] ?? "").join(", "));
  part("unit").value = view.unit;
  for (const [k, s] of view.sentences.entries()) {
    if (part(s.name).value !== s.text) part(s.name).value = s.text;
    part(`${s.name}-example`).value = exampleOf(model, s.text);
    drawNote(model, s, (word) => replace(k, word));
  }
  if (document.activeElement !== part("forms")) part("forms").value = view.forms.join("/");
  for (const button of part("views").children) {
    button.setAttribute("aria-pressed", String(button.dataset.view === view.view));
    button.disabled = button.dataset.view !== "first" && !view.sentences[1].words.length;
  }
  part("controls").textContent = view.controls ? "hide controls" : "show controls";
}

// Which task and condition a sentence is of: "nounPP/SP", or nothing.
function exampleOf(model, text) {
  for (const [task, conditions] of Object.entries(model.examples)) {
    for (const [kind, [sentence]] of Object.entries(conditions)) if (sentence === text) return `${task}/${kind}`;
  }
  return "";
}

// What is wrong with a sentence, and words that might stand there.
function drawNote(model, { name, words, unknown, intact }, replace) {
  part(name).setAttribute("aria-invalid", String(unknown >= 0));
  const note = part(`${name}-note`);
  if (unknown < 0) return note.replaceChildren();
  const [near, expected] = offerWords(model, words[unknown], intact.at(-1) ?? readContext(model));
  const offer = (word) => html("button", { type: "button", class: "chip", onclick: () => replace(word) }, word);
  const text = `${describeUnknown(model, words[unknown])}; the network reads up to it.`;
  const told = [text, ...near, ...expected].join();
  if (note.dataset.told === told && note.firstChild) return; // a screen reader reads what changes
  note.dataset.told = told;
  note.replaceChildren(text, ...[[" Spelt like it: ", near], [" It expects: ", expected]].map(([title, list]) => (
    list.length ? html("span", {}, title, list.map(offer)) : ""
  )));
}

function describeUnknown(model, word) {
  return `\u201c${word}\u201d is not among the ${model.vocabulary.length} words of this page`;
}
