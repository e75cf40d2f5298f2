// What a person can set: fields, lists and buttons follow the state.

function buildControls(model) {
  part("unit").replaceChildren(...model.groups.map(({ title, units }) => (
    html("optgroup", { label: title }, units.map((unit) => html("option", { value: unit }, nameOf(model, unit))))
  )));
  const known = Object.entries(PAIRS).filter(([, pair]) => isKnown(model, pair.join(" ").split(" ")));
  part("pairs").replaceChildren(...known.map(([name]) => (
    html("button", { type: "button", class: "choice", "data-pair": name }, name)
  )));
  const example = (task, [kind, [text]]) => (
    html("option", { value: `${task}/${kind}`, "data-text": text }, `${task} ${kind}`)
  );
  for (const { name } of MARKS) {
    const list = part(`${name}-example`);
    list.replaceChildren(html("option", { value: "" }, "or an example"), ...Object.entries(model.examples).map(
      ([task, some]) => html("optgroup", { label: task }, Object.entries(some).map((one) => example(task, one))),
    ));
    list.hidden = list.options.length === 1;
  }
}

function drawControls(model, view, canUndo) {
  part("break").textContent = `${view.how ? "Mend" : "Break"} unit ${view.unit}`;
  part("break").setAttribute("aria-pressed", Boolean(view.how));
  part("undo").disabled = !canUndo;
  const how = view.how ?? view.way;
  for (const input of part("ways").querySelectorAll("input")) {
    input.checked = input.value === (how === "swap" && !view.canSwap ? "zero" : how);
    input.disabled = input.value === "swap" && !view.canSwap;
  }
  part("word").max = Math.max(1, view.length);
  part("word").value = view.word + 1;
  part("word").setAttribute("aria-valuetext", view.sentences.map(({ words }) => words[view.word] ?? "").join(", "));
  part("unit").value = view.unit;
  view.sentences.forEach((s, k) => {
    const [field, example] = [part(s.name), part(`${s.name}-example`)];
    if (field.value !== s.text) field.value = s.text;
    example.value = [...example.options].find(({ dataset }) => dataset.text === s.text)?.value ?? "";
    drawNote(model, s, k);
  });
  if (document.activeElement !== part("forms")) part("forms").value = view.forms.join("/");
  const both = String(view.sentences.map(({ text }) => text));
  for (const button of part("pairs").children) {
    button.setAttribute("aria-pressed", String(PAIRS[button.dataset.pair]) === both);
  }
  for (const button of part("views").children) {
    button.setAttribute("aria-pressed", button.dataset.view === view.view);
    button.disabled = button.dataset.view !== "first" && !view.sentences[1].words.length;
  }
  part("details").open = view.table === "open";
  part("controls").textContent = view.controls === "shown" ? "hide controls" : "show controls";
}

// What is wrong with a sentence, and words that might stand there.
function drawNote(model, { name, words, unknown, intact }, k) {
  const note = part(`${name}-note`);
  part(name).setAttribute("aria-invalid", unknown >= 0);
  if (unknown < 0) return note.replaceChildren();
  const offered = offerWords(model, words[unknown], intact.at(-1) ?? readContext(model));
  const offer = (word) => html("button", { type: "button", class: "chip", "data-offer": word, value: k }, word);
  const told = html("span", {}, `${describeUnknown(model, words[unknown])}; the network reads up to it. Perhaps `,
    offered.map(offer));
  if (note.textContent !== told.textContent) note.replaceChildren(told); // a screen reader reads what changes
}

const describeUnknown = (model, word) => (
  `\u201c${word}\u201d is not among the ${model.vocabulary.length} words of this page`
);
