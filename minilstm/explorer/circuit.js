// The circuit: what the units say about the verb, and who writes to the gates of one of them.

const SPEAKERS = 6, WRITERS = 4; // of the largest, how many are shown

// Direct effects: the decoder is linear, so the logit difference of the forms is a sum over units of the last layer.
function drawContributions(model, view) {
  const [one, other] = view.forms;
  const { weights, bias } = contrast(model, ...view.forms.map((form) => model.index.get(form)));
  const first = model.places.length - weights.length + 1;
  const h = view.read.map(({ now }) => now[Math.min(view.word, now.length - 1)].steps[model.last].h);
  const sum = (units, start = 0) => h.map((some) => units.reduce((total, u) => total + some[u] * weights[u], start));
  const largest = Float64Array.from(weights, (_, u) => Math.max(...sum([u]).map(Math.abs)));
  const order = [...weights.keys()].sort((a, b) => largest[b] - largest[a]);
  const rest = order.slice(SPEAKERS);
  const rows = [
    ...order.slice(0, SPEAKERS).map((u) => ({
      unit: first + u,
      label: `unit ${first + u}`,
      rule: `h \u00b7 (weight onto ${one} \u2212 weight onto ${other})`,
      numbers: h.map((some) => `${fix(some[u])} \u00b7 ${inBrackets(weights[u])} = `),
      values: sum([u]),
    })),
    { label: `the other ${rest.length}`, rule: "the same of each, summed", values: sum(rest) },
    { label: "bias", rule: `bias of ${one} \u2212 bias of ${other}`, values: sum([], bias) },
    { label: "sum", rule: `logit of ${one} \u2212 logit of ${other}`, values: sum(order, bias) },
  ];
  const most = Math.max(1e-9, ...rows.flatMap(({ values }) => values.map(Math.abs)));
  part("contributions").replaceChildren(...(h.length ? rows : []).map((row, k) => {
    const { unit, label, rule, numbers = [], values } = row;
    const lines = values.map((value, j) => `${view.read[j].sign} ${numbers[j] ?? ""}${signed(value)}`);
    const tip = [`${label}: ${rule}`, ...lines].join("\n");
    const item = { class: "name", "aria-label": tip, "data-list": "told", tabindex: k ? -1 : 0 };
    return html(
      "li",
      { class: row === rows.at(-1) ? "total" : null, tip },
      unit ? html("button", {
        ...item, type: "button", class: "name link", "data-unit": unit, "aria-pressed": String(unit === view.unit),
      }, label) : html("span", { ...item, role: "note" }, label),
      html("span", { class: "bars" }, values.map((value, j) => html("span", {
        class: `bar ${view.read[j].name}`,
        style: { left: `${50 + 50 * Math.min(0, value / most)}%`, width: `${50 * Math.abs(value / most)}%` },
      }))),
      html("span", { class: "numbers" }, values.map((x, j) => html("span", { class: view.read[j].name }, signed(x)))),
    );
  }));
}

function drawAfferents(model, view) {
  const gates = afferents(model, view.unit);
  const read = view.read.filter(({ now }) => view.word < now.length);
  const shown = Object.entries(GATES).map(([gate, [label]]) => [label, gates[gate].slice(0, WRITERS)]);
  part("afferents").replaceChildren(...shown.flatMap(([label, writers], row) => [
    html("dt", {}, label),
    html("dd", {}, writers.map(({ unit, weight, when }, k) => {
      const name = nameOf(model, unit);
      const { layer, place } = model.places[unit - 1];
      const lines = read.map(({ sign, now }) => {
        const h = now[view.word][when === "at this word" ? "steps" : "before"][layer].h[place];
        return `${sign} ${fix(weight)} \u00b7 ${inBrackets(h)} = ${signed(weight * h)}`;
      });
      const tip = [`unit ${name} into the ${label} of ${view.unit}: weight \u00b7 its h ${when}`, ...lines].join("\n");
      return html("button", {
        type: "button", class: "chip", tip, "aria-label": tip, "data-unit": unit, "data-list": "heard",
        tabindex: row || k ? -1 : 0,
      }, `${name} `, html("b", { class: weight < 0 ? "minus" : "plus" }, signed(weight, 1)));
    })),
  ]));
}
