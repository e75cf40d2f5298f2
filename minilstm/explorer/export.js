// The view as a picture, and the numbers as a table for other programs.

const PAINT = "fill opacity font text-decoration stroke stroke-width stroke-dasharray stroke-linecap".split(" ");

// The stage as an SVG file that looks the same elsewhere: what the style sheet says goes into every element.
function stageAsSvg() {
  const stage = part("stage").querySelector("svg");
  const copy = stage.cloneNode(true);
  const originals = [stage, ...stage.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((element, k) => {
    const style = getComputedStyle(originals[k]);
    for (const key of PAINT) element.style.setProperty(key, style.getPropertyValue(key));
    for (const name of ["class", "data-tip", "data-word"]) element.removeAttribute(name);
  });
  const background = getComputedStyle(document.body).backgroundColor;
  const paper = svg("rect", { width: "100%", height: "100%", fill: background });
  copy.prepend(svg("title", {}, stage.getAttribute("aria-label")), paper);
  return new XMLSerializer().serializeToString(copy);
}

// Every gate and state of every unit at every word, and p of both forms: a line each.
function numbersAsCsv(model, view) {
  const gates = ["i", "f", "o", "C_tilde", "C", "h"];
  const head = ["sentence", "position", "word", "unit", ...gates, ...view.forms.map((form) => `p(${form})`)];
  const quote = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = view.sentences.flatMap((s) => s.now.flatMap(({ steps }, t) => (
    model.places.map(({ layer, place }, k) => {
      const numbers = gates.map((gate) => steps[layer][gate][place]);
      return [s.name, t + 1, quote(s.words[t]), k + 1, ...numbers, ...s.choices[t].p];
    })
  )));
  return [head.map(quote), ...lines].map((line) => line.join()).join("\n") + "\n";
}

function offerFile(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  html("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
