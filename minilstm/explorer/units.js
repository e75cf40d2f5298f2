// All units: what their cells hold, what they say about the verb, who writes to them; and the numbers as a table.

const SHOWN = 40; // units in the list before a person asks for all
const SPEAKERS = 6, WRITERS = 4; // of the largest, how many are shown
const MOST_HEADS = 24;
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
  const note = model.examples.nounPP ? "those first whose cell tells the number best" : "";
  groups.push({ title: taken.size ? "all others" : "all units", note, units: others });
  return groups.filter(({ units }) => units.length);
}

const nameOf = (model, unit) => (model.planted[unit] ? `${unit} ${model.planted[unit]}` : String(unit));

function drawUnits(model, view, all) {
  const value = valueOf(model, view);
  const units = view.groups.flatMap((group) => group.units);
  const most = Math.max(1e-9, ...units.map((unit) => value(unit).reduce((top, x) => Math.max(top, Math.abs(x)), 0)));
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
  part("unit-words").replaceChildren(...headWords(view, value(units[0]).length));
}

// What the list shows of a unit: C after each word, in one sentence, or how far it differs between both.
function valueOf(model, view) {
  const nodes = view.sentences.map(({ now }) => now);
  const length = Math.min(nodes[0].length, nodes[1].length);
  const C = (k, unit, end) => valuesOf(model, nodes[k].slice(0, end), unit, "C");
  if (view.view !== "difference") return (unit) => C(view.view === "first" ? 0 : 1, unit);
  return (unit) => C(0, unit, length).map((x, t) => x - C(1, unit, length)[t]);
}

// The words above the list, as many as its rows have columns; none where they would not fit.
function headWords(view, length) {
  const [first, second] = view.sentences.map(({ words }) => words);
  const words = view.view === "second" ? second : first;
  return (length > MOST_HEADS ? [] : words.slice(0, length)).map((word, t) => {
    const differs = view.view === "difference" && word !== second[t];
    return html("span", { class: t === view.word ? "now" : null }, differs ? `${word}/\u200b${second[t]}` : word);
  });
}

function drawUnit(model, view, unit, values, most) {
  const broken = view.broken.some((other) => other.unit === unit);
  const words = view.sentences[view.view === "second" ? 1 : 0].words;
  const strip = html("span", { class: "strip", style: { background: gradient(values, most) } });
  const told = values.map((value, t) => `${words[t]} ${fix(value)}`).join(", ");
  const reached = { type: "button", tabindex: unit === view.unit ? 0 : -1 }; // of all rows one is in the order of Tab
  const select = html(
    "button",
    {
      ...reached, class: "unit", "data-unit": unit, "data-tip": " ", "aria-pressed": String(unit === view.unit),
      "aria-label": `unit ${nameOf(model, unit)}: ${told}`,
    },
    html("span", { class: "name" }, nameOf(model, unit)),
    strip,
  );
  select.tipAt = (x) => {
    const box = strip.getBoundingClientRect();
    const t = Math.floor(((x - box.left) / box.width) * values.length);
    const meaning = view.view === "difference" ? "C in the first less C in the second" : "C";
    const value = t in values ? `${words[t]}: ${meaning} = ${signed(values[t])}` : "";
    return [`unit ${nameOf(model, unit)}`, value, costOf(model, unit)].filter(Boolean).join("\n");
  };
  const label = `${broken ? "mend" : "break"} unit ${nameOf(model, unit)}`;
  const toggle = html(
    "button",
    { ...reached, class: "toggle", "data-break": unit, "aria-label": label, "data-tip": label },
    broken ? "mend" : "break",
  );
  return html("li", { class: broken ? "broken" : null }, select, toggle);
}

// Colours of one row, side by side.
function gradient(values, most) {
  const stops = values.map((value, t) => {
    const strength = (100 * Math.min(1, Math.abs(value) / most)).toFixed(0);
    const colour = `color-mix(in oklab, var(--${value < 0 ? "minus" : "plus"}) ${strength}%, var(--nil))`;
    return `${colour} ${(100 * t) / values.length}% ${(100 * (t + 1)) / values.length}%`;
  });
  return stops.length ? `linear-gradient(to right, ${stops.join()})` : "none";
}

function costOf(model, unit) {
  const { SP, PS } = model.lost;
  return SP ? `broken alone it costs ${SP[unit - 1]} points in nounPP SP, ${PS[unit - 1]} in PS` : "";
}

// Direct effects: the decoder is linear, so the logit difference of the forms is a sum over units of the last layer.
function drawContributions(model, view) {
  const [one, other] = view.forms.map((form) => model.index.get(form));
  const { weights, bias } = contrast(model, one, other);
  const first = model.places.length - weights.length + 1;
  const read = view.sentences.filter((s) => s.now.length);
  const parts = read.map((s) => {
    const { h } = s.now[Math.min(view.word, s.now.length - 1)].steps[model.last];
    return h.map((x, u) => x * weights[u]);
  });
  const largest = (u) => Math.max(...parts.map((effects) => Math.abs(effects[u])));
  const order = [...weights.keys()].sort((a, b) => largest(b) - largest(a));
  const rest = order.slice(SPEAKERS);
  const sum = (units, start = 0) => parts.map((effects) => units.reduce((total, u) => total + effects[u], start));
  const rows = [
    ...order.slice(0, SPEAKERS).map((u) => ({ unit: first + u, values: sum([u]) })),
    { label: `the other ${rest.length}`, values: sum(rest) },
    { label: "bias", values: parts.map(() => bias) },
    { label: "sum", values: sum(order, bias), total: true },
  ];
  const most = Math.max(1e-9, ...rows.flatMap(({ values }) => values.map(Math.abs)));
  part("contributions").replaceChildren(...(read.length ? rows : []).map(({ unit, label, values, total }) => html(
    "li",
    { class: total ? "total" : null },
    unit ? unitButton(model, view, unit) : html("span", { class: "name" }, label),
    html("span", { class: "bars" }, values.map((value, k) => html("span", {
      class: `bar ${read[k].name}`,
      "data-tip": `${read[k].sign} ${label ? signed(value) : tipOfEffect(unit, weights[unit - first], value)}`,
      style: { left: `${50 + 50 * Math.min(0, value / most)}%`, width: `${50 * Math.abs(value / most)}%` },
    }))),
    html("span", { class: "numbers" }, values.map((value, k) => html("span", { class: read[k].name }, signed(value)))),
  )));
}

function tipOfEffect(unit, weight, value) {
  const numbers = `${fix(weight)} \u00b7 ${inBrackets(value / weight)} = ${signed(value)}`;
  return `unit ${unit}: difference of its two weights \u00b7 h = ${numbers}`;
}

function unitButton(model, view, unit) {
  const label = `look at unit ${nameOf(model, unit)}`;
  const pressed = String(unit === view.unit);
  const attributes = { class: "name link", "data-unit": unit, "aria-pressed": pressed, "aria-label": label };
  return html("button", { type: "button", ...attributes }, `unit ${unit}`);
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

function drawTable(model, view) {
  const [one, other] = view.forms;
  const head = ["word", "C", "i", "f", "o", "C\u0303", "h", `p(${one})`, `p(${other})`, `${one} of both`];
  const keys = ["C", "i", "f", "o", "C_tilde", "h"];
  part("table").replaceChildren(...view.sentences.filter((s) => s.now.length).map((s) => html(
    "table",
    {},
    html("caption", {}, `${s.sign} ${s.words.join(" ")}: unit ${view.unit} after each word`),
    html("thead", {}, html("tr", {}, head.map((text) => html("th", { scope: "col" }, text)))),
    html("tbody", {}, s.now.map((_, t) => html(
      "tr",
      {},
      html("th", { scope: "row" }, s.words[t]),
      keys.map((key) => html("td", {}, fix(valuesOf(model, [s.now[t]], view.unit, key)[0], 3))),
      s.choices[t].p.map((p) => html("td", {}, chance(p))),
      html("td", {}, percent(s.choices[t].share)),
    ))),
  )));
}
