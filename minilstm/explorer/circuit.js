// The circuit: what the units say about the verb, and who writes to the gates of one of them.

const SPEAKERS = 6, WRITERS = 4; // of the largest, how many are shown

// Direct effects: the decoder is linear, so the logit difference of the forms is a sum over units of the last layer.
function drawContributions(model, view) {
  const { weights, bias } = contrast(model, ...view.forms.map((form) => model.index.get(form)));
  const first = model.places.length - weights.length + 1;
  const h = view.read.map(({ now }) => now[Math.min(view.word, now.length - 1)].steps[model.last].h);
  const sum = (units, start = 0) => h.map((some) => units.reduce((total, u) => total + some[u] * weights[u], start));
  const largest = Float64Array.from(weights, (_, u) => Math.max(...sum([u]).map(Math.abs)));
  const order = [...weights.keys()].sort((a, b) => largest[b] - largest[a]);
  const rest = order.slice(SPEAKERS);
  const told = (u) => h.map((some) => (
    `unit ${first + u}: difference of its two weights \u00b7 h = ${fix(weights[u])} \u00b7 ${inBrackets(some[u])} = `
  ));
  const rows = [
    ...order.slice(0, SPEAKERS).map((u) => ({ unit: first + u, values: sum([u]), tips: told(u) })),
    { label: `the other ${rest.length}`, values: sum(rest) },
    { label: "bias", values: sum([], bias) },
    { label: "sum", values: sum(order, bias), total: true },
  ];
  const most = Math.max(1e-9, ...rows.flatMap(({ values }) => values.map(Math.abs)));
  const name = ({ unit, label }) => (unit ? html(
    "button",
    { type: "button", class: "name link", "data-unit": unit, "aria-pressed": String(unit === view.unit) },
    `unit ${unit}`,
  ) : html("span", { class: "name" }, label));
  part("contributions").replaceChildren(...(h.length ? rows : []).map((row) => html(
    "li",
    { class: row.total ? "total" : null },
    name(row),
    html("span", { class: "bars" }, row.values.map((value, k) => html("span", {
      class: `bar ${view.read[k].name}`,
      tip: `${view.read[k].sign} ${row.tips?.[k] ?? ""}${signed(value)}`,
      style: { left: `${50 + 50 * Math.min(0, value / most)}%`, width: `${50 * Math.abs(value / most)}%` },
    }))),
    html("span", { class: "numbers" }, row.values.map((x, k) => html("span", { class: view.read[k].name }, signed(x)))),
  )));
}

function drawAfferents(model, view) {
  const gates = afferents(model, view.unit);
  part("afferents").replaceChildren(...Object.entries(GATES).flatMap(([gate, [label]]) => [
    html("dt", {}, label),
    html("dd", {}, gates[gate].slice(0, WRITERS).map(({ unit, weight, when }) => {
      const name = nameOf(model, unit);
      const tip = `from unit ${name}, as it is ${when}, into the ${label} of ${view.unit}: weight ${signed(weight, 3)}`;
      return html("button", { type: "button", class: "chip", "data-unit": unit, tip }, `${name} `,
        html("b", { class: weight < 0 ? "minus" : "plus" }, signed(weight, 1)));
    })),
  ]));
}
