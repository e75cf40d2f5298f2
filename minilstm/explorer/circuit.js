// The circuit: what the units say about the verb, and who writes to the gates of one of them.

const SPEAKERS = 6, WRITERS = 4; // of the largest, how many are shown

// Direct effects: the decoder is linear, so the logit difference of the forms is a sum over units of the last layer.
function drawContributions(model, view) {
  const [one, other] = view.forms.map((form) => model.index.get(form));
  const { weights, bias } = contrast(model, one, other);
  const first = model.places.length - weights.length + 1;
  const read = view.sentences.filter((s) => s.now.length);
  const h = ({ now }) => now[Math.min(view.word, now.length - 1)].steps[model.last].h;
  const effects = read.map((s) => h(s).map((x, u) => x * weights[u]));
  const largest = (u) => Math.max(...effects.map((some) => Math.abs(some[u])));
  const order = [...weights.keys()].sort((a, b) => largest(b) - largest(a));
  const rest = order.slice(SPEAKERS);
  const sum = (units, start = 0) => effects.map((some) => units.reduce((total, u) => total + some[u], start));
  const rows = [
    ...order.slice(0, SPEAKERS).map((u) => ({ unit: first + u, values: sum([u]) })),
    { label: `the other ${rest.length}`, values: sum(rest) },
    { label: "bias", values: effects.map(() => bias) },
    { label: "sum", values: sum(order, bias), total: true },
  ];
  const most = Math.max(1e-9, ...rows.flatMap(({ values }) => values.map(Math.abs)));
  const tipOf = (unit, value) => {
    const weight = weights[unit - first];
    const numbers = `${fix(weight)} \u00b7 ${inBrackets(value / weight)}`;
    return `unit ${unit}: difference of its two weights \u00b7 h = ${numbers} = `;
  };
  part("contributions").replaceChildren(...(read.length ? rows : []).map(({ unit, label, values, total }) => html(
    "li",
    { class: total ? "total" : null },
    html(...(unit ? ["button", { type: "button", class: "name link", "data-unit": unit,
      "aria-pressed": String(unit === view.unit) }, `unit ${unit}`] : ["span", { class: "name" }, label])),
    html("span", { class: "bars" }, values.map((value, k) => html("span", {
      class: `bar ${read[k].name}`,
      "data-tip": `${read[k].sign} ${unit ? tipOf(unit, value) : ""}${signed(value)}`,
      style: { left: `${50 + 50 * Math.min(0, value / most)}%`, width: `${50 * Math.abs(value / most)}%` },
    }))),
    html("span", { class: "numbers" }, values.map((value, k) => html("span", { class: read[k].name }, signed(value)))),
  )));
}

function drawAfferents(model, view) {
  const gates = afferents(model, view.unit);
  const tip = ({ unit, weight, when }, label) => (
    `from unit ${nameOf(model, unit)}, as it is ${when}, into the ${label} of ${view.unit}: weight ${signed(weight, 3)}`
  );
  part("afferents").replaceChildren(...Object.entries(GATES).flatMap(([gate, [label]]) => [
    html("dt", {}, label),
    html("dd", {}, gates[gate].slice(0, WRITERS).map((source) => html(
      "button",
      { type: "button", class: "chip", "data-unit": source.unit, "data-tip": tip(source, label) },
      `${nameOf(model, source.unit)} `,
      html("b", { class: source.weight < 0 ? "minus" : "plus" }, signed(source.weight, 1)),
    ))),
  ]));
}
