// The numbers as tables, for the page and for other programs, and the view as a picture.

const PAINT = "fill opacity font text-decoration stroke stroke-width stroke-dasharray stroke-linecap".split(" ");

function drawTable(model, view) {
  const [one, other] = view.forms;
  const head = ["word", "i", "f", "o", "C\u0303", "C", "h", `p(${one})`, `p(${other})`, `${one} of both`];
  part("table").replaceChildren(...view.read.map((s) => html(
    "table",
    {},
    html("caption", {}, `${s.sign} ${s.words.join(" ")}: unit ${view.unit} after each word`),
    html("thead", {}, html("tr", {}, head.map((text) => html("th", { scope: "col" }, text)))),
    html("tbody", {}, s.now.map((node, t) => {
      const numbers = STATES.map((key) => valuesOf(model, [node], view.unit, key)[0]);
      const cells = [...numbers.map((x) => fix(x, 3)), ...s.choices[t].p.map(chance), percent(s.choices[t].share)];
      return html("tr", {}, html("th", { scope: "row" }, s.words[t]), cells.map((cell) => html("td", {}, cell)));
    })),
  )));
}

// Every gate and state of every unit at every word, and p of both forms: a line each.
function numbersAsCsv(model, view) {
  const head = ["sentence", "position", "word", "unit", ...STATES, ...view.forms.map((form) => `p(${form})`)];
  const quote = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = view.read.flatMap((s) => s.now.flatMap((node, t) => model.places.map((_, k) => {
    const numbers = STATES.map((key) => valuesOf(model, [node], k + 1, key)[0]);
    return [s.name, t + 1, quote(s.words[t]), k + 1, ...numbers, ...s.choices[t].p];
  })));
  return [head.map(quote), ...lines].map((line) => line.join()).join("\n") + "\n";
}

// The stage as an SVG file that looks the same elsewhere: what the style sheet says goes into every element.
function stageAsSvg() {
  const stage = part("stage").querySelector("svg");
  const copy = stage.cloneNode(true);
  const originals = [stage, ...stage.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((element, k) => {
    const style = getComputedStyle(originals[k]);
    for (const key of PAINT) element.style.setProperty(key, style.getPropertyValue(key));
    element.removeAttribute("class");
  });
  for (const column of copy.querySelectorAll("[data-word]")) column.remove();
  copy.setAttribute("role", "img");
  const background = getComputedStyle(document.body).backgroundColor;
  const paper = svg("rect", { width: "100%", height: "100%", fill: background });
  copy.prepend(svg("title", {}, stage.getAttribute("aria-label")), paper);
  return new XMLSerializer().serializeToString(copy);
}

function offerFile(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  html("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
