// What stands in the text of the page: which network this is, what is behind its numbers, and what is looked at.

function drawTexts(model, view) {
  const { vocabulary, words_of_model: all, precision, context } = model;
  const cut = `, of which ${vocabulary.length} are in this page; probabilities are among these`;
  const words = [...new Set(view.sentences.map(({ words }) => words[view.word]).filter(Boolean))].join(" / ");
  const texts = {
    name: model.name,
    about: model.about.text,
    known: `${all} words${all > vocabulary.length ? cut : ""}`,
    precision: precision === "int8" ? "int8 with a scale for each row" : precision,
    context: context.length,
    unit: view.unit,
    units: model.places.length,
    where: words && `, after \u201c${words}\u201d`,
    one: view.forms[0],
    other: view.forms[1],
  };
  for (const place of document.querySelectorAll("[data-show]")) place.textContent = texts[place.dataset.show];
}
