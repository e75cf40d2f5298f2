// All units: what their cells hold, what they say about the verb, who writes to them; and the numbers as a table.

const SHOWN = 40; // units in the list before a person asks for all
const ROLES = {
  number: ["hold the number of the subject", "their cell tells it, and without them the verb fails"],
  syntax: ["know whether the verb is still to come", "their cell changes at the verb, whatever the number"],
  short_range: ["hold the number of the last noun", "whichever noun that is"],
};

// Units in the order of their roles: [{title, note, units}].
function groupsOf(model) {
  const taken = new Set();
  const groups = Object.entries(ROLES).map(([key, [title, note]]) => {
    const units = model.roles[key].filter((unit) => !taken.has(unit));
    units.forEach((unit) => taken.add(unit));
    return { title, note, units };
  });
  const named = Object.keys(model.planted).map(Number).filter((unit) => !taken.has(unit));
  named.forEach((unit) => taken.add(unit));
  groups.push({ title: "planted, with other tasks", note: "", units: named });
  const others = model.places.map((_, k) => k + 1).filter((unit) => !taken.has(unit));
  others.sort((a, b) => model.tells[b - 1] - model.tells[a - 1] || a - b);
  groups.push({ title: taken.size ? "all others" : "all units", note: model.examples.nounPP ? "those first whose cell tells the number best" : "", units: others });
  return groups.filter(({ units }) => units.length);
}

const nameOf = (model, unit) => (model.planted[unit] ? `${unit} ${model.planted[unit]}` : String(unit));

function drawUnits(model, view, all) {
  const value = valueOf(model, view);
  const units = view.groups.flatMap((group) => group.units);
  const most = units.reduce((top, unit) => value(unit).reduce((high, x) => Math.max(high, Math.abs(x ?? 0)), top), 1e-9);
  let left = all ? Infinity : SHOWN;
  const lists = view.groups.map(({ title, note, units }) => {
    const some = units.slice(0, left);
    left -= some.length;
    return some.length && [
      html("h3", {}, title, note && html("small", {}, ` ${note}`)),
      html("ul", { class: "rows" }, some.map((unit) => drawUnit(model, view, unit, value(unit), most))),
    ];
  });
  part("units").replaceChildren(...lists.filter(Boolean).flat());
  part("legend-low").textContent = fix(-most, 1);
  part("legend-high").textContent = `+${fix(most, 1)}`;
  part("all-units").hidden = all || units.length <= SHOWN;
  part("all-units").textContent = `show all ${units.length} units`;
  part("unit-words").replaceChildren(...headWords(view));
}

// What the list shows of a unit: a number for each word, or null where it has none.
function valueOf(model, view) {
  const [first, second] = view.sentences;
  const length = view.view === "first" ? first.now.length : view.view === "second" ? second.now.length : Math.min(first.now.length, second.now.length);
  return (unit) => {
    const C = [first, second].map((s) => valuesOf(model, s.now.slice(0, length), unit, "C"));
    return view.view === "first" ? C[0] : view.view === "second" ? C[1] : C[0].map((x, t) => x - C[1][t]);
  };
}

function headWords(view) {
  const [first, second] = view.sentences.map(({ words }) => words);
  const words = view.view === "second" ? second : first;
  const length = view.view === "difference" ? Math.min(first.length, second.length) : words.length;
  const head = words.slice(0, length).map((word, t) => {
    const differs = view.view === "difference" && word !== second[t];
    return html("span", { class: t === view.word ? "now" : null }, differs ? `${word}/${second[t]}` : word);
  });
  return head.length > 24 ? [] : head;
}

function drawUnit(model, view, unit, values, most) {
  const how = view.broken.find((other) => other.unit === unit)?.how;
  const stops = values.map((value, t) => {
    const strength = (100 * Math.min(1, Math.abs(value) / most)).toFixed(0);
    const colour = `color-mix(in oklab, var(--${value < 0 ? "minus" : "plus"}) ${strength}%, var(--nil))`;
    return `${colour} ${(100 * t) / values.length}% ${(100 * (t + 1)) / values.length}%`;
  });
  const words = view.sentences[view.view === "second" ? 1 : 0].words;
  const meaning = view.view === "difference" ? "C in the first less C in the second" : "C";
  const strip = html("span", { class: "strip", style: { background: stops.length ? `linear-gradient(to right, ${stops.join()})` : "none" } });
  const select = html(
    "button",
    { type: "button", class: "unit", "data-unit": unit, "data-tip": " ", "aria-pressed": String(unit === view.unit), tabindex: unit === view.unit ? 0 : -1 },
    html("span", { class: "name" }, nameOf(model, unit)),
    strip,
    html("span", { class: "unseen" }, ` ${values.map((value, t) => `${words[t]} ${fix(value)}`).join(", ")}`),
  );
  select.tipAt = (at) => {
    const box = strip.getBoundingClientRect(), whole = select.getBoundingClientRect();
    const t = Math.floor(((whole.left + at * whole.width - box.left) / box.width) * values.length);
    const lost = model.lost.SP && `\nbroken alone it costs ${model.lost.SP[unit - 1]} points in SP, ${model.lost.PS[unit - 1]} in PS`;
    return `unit ${nameOf(model, unit)}${t >= 0 && t < values.length ? `\n${words[t]}: ${meaning} = ${signed(values[t])}` : ""}${lost ?? ""}`;
  };
  const label = `${how ? "mend" : "break"} unit ${nameOf(model, unit)}`;
  const toggle = html(
    "button",
    { type: "button", class: "toggle", "data-break": unit, "aria-label": label, "data-tip": label, tabindex: unit === view.unit ? 0 : -1 },
    how ? "mend" : "break",
  );
  return html("li", { class: how ? "broken" : null }, select, toggle);
}

// Direct effects: the decoder is linear, so the logit difference of the forms is a sum over the units of the last layer.
function drawContributions(model, view) {
  const [one, other] = view.forms.map((form) => model.index.get(form));
  const { weights, bias } = contrast(model, one, other);
  const first = model.places.length - weights.length + 1;
  const read = view.sentences.filter((s) => s.now.length);
  const parts = read.map((s) => s.now[Math.min(view.word, s.now.length - 1)].steps[model.last].h.map((h, u) => h * weights[u]));
  const order = [...weights.keys()].sort((a, b) => Math.max(...parts.map((p) => Math.abs(p[b]))) - Math.max(...parts.map((p) => Math.abs(p[a]))));
  const shown = order.slice(0, 6), rest = order.slice(6);
  const rows = shown.map((u) => ({ unit: first + u, values: parts.map((p) => p[u]), weight: weights[u] }));
  rows.push({ label: `the other ${rest.length}`, values: parts.map((p) => rest.reduce((sum, u) => sum + p[u], 0)) });
  rows.push({ label: "bias", values: parts.map(() => bias) });
  rows.push({ label: "sum", values: parts.map((p) => p.reduce((sum, x) => sum + x, bias)), total: true });
  const most = Math.max(1e-9, ...rows.flatMap(({ values }) => values.map(Math.abs)));
  part("contributions").replaceChildren(...(read.length ? rows : []).map(({ unit, label, values, weight, total }) => html(
    "li",
    { class: total ? "total" : null },
    unit ? unitButton(model, view, unit) : html("span", { class: "name" }, label),
    html("span", { class: "bars" }, values.map((value, k) => html("span", {
      class: `bar ${read[k].name}`,
      "data-tip": unit ? `${read[k].sign} unit ${unit}: weight difference \u00b7 h = ${fix(weight)} \u00b7 ${inBrackets(value / weight)} = ${signed(value)}` : `${read[k].sign} ${label}: ${signed(value)}`,
      style: { left: `${50 + 50 * Math.min(0, value / most)}%`, width: `${50 * Math.abs(value / most)}%` },
    }))),
    html("span", { class: "numbers" }, values.map((value, k) => html("span", { class: read[k].name }, signed(value)))),
  )));
}

function unitButton(model, view, unit) {
  return html("button", { type: "button", class: "name link", "data-unit": unit, "aria-pressed": String(unit === view.unit), "aria-label": `look at unit ${nameOf(model, unit)}` }, `unit ${unit}`);
}

function drawAfferents(model, view) {
  const gates = afferents(model, view.unit);
  part("afferents").replaceChildren(...Object.entries(GATES).flatMap(([gate, [label]]) => [
    html("dt", {}, label),
    html("dd", {}, gates[gate].slice(0, 4).map(({ unit, weight, when }) => html(
      "button",
      { type: "button", class: "chip", "data-unit": unit, "data-tip": `weight from unit ${nameOf(model, unit)}, as it is ${when}, into the ${label} of unit ${view.unit}: ${signed(weight, 3)}` },
      `${nameOf(model, unit)} `,
      html("b", { class: weight < 0 ? "minus" : "plus" }, signed(weight, 1)),
    ))),
  ]));
}

function drawTable(model, view) {
  const [one, other] = view.forms;
  const head = ["word", "C", "i", "f", "o", "C\u0303", "h", `p(${one})`, `p(${other})`, `${one} of both`];
  const keys = ["C", "i", "f", "o", "C_tilde", "h"];
  part("table").replaceChildren(...view.sentences.filter((s) => s.now.length).map((s) => html(
    "table",
    {},
    html("caption", {}, `${s.sign} ${s.words.join(" ")}: unit ${view.unit}${view.fate} after each word`),
    html("thead", {}, html("tr", {}, head.map((text) => html("th", { scope: "col" }, text)))),
    html("tbody", {}, s.now.map((_, t) => html(
      "tr",
      {},
      html("th", { scope: "row" }, s.words[t]),
      keys.map((key) => html("td", {}, fix(valuesOf(model, [s.now[t]], view.unit, key)[0], 3))),
      s.choices[t].p.map((p) => html("td", {}, p.toFixed(4))),
      html("td", {}, percent(s.choices[t].share)),
    ))),
  )));
}
