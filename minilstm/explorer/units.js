// All units as a heat map, in the order of their roles: what their cells hold at every word.

const SHOWN = 40; // units in the list before a person asks for all
const MOST_HEADS = 24;
const ROLES = {
  number: ["long-range number units", "hold the number of the subject; S* is missed most in singulars, P* in plurals"],
  syntax: ["the syntax unit Y*", "tells how deep in the sentence a word stands, and writes to the number units"],
  short_range: ["short-range number units", "tell the number of a noun, and do not keep it"],
};

// Units by role: [{title, note, units}], each unit once.
function groupsOf({ roles }) {
  const taken = new Set();
  const group = (title, note, units) => {
    const own = units.filter((unit) => !taken.has(unit));
    own.forEach((unit) => taken.add(unit));
    return { title, note, units: own };
  };
  const groups = Object.entries(ROLES).map(([key, [title, note]]) => group(title, note, roles[key]));
  groups.push(group("planted, with other tasks", "", Object.keys(roles.names).map(Number)));
  const note = Object.keys(roles.lost).length ? "those first that cost most when they are broken alone" : "";
  groups.push(group(taken.size ? "all others" : "all units", note, roles.order));
  return groups.filter(({ units }) => units.length);
}

const nameOf = ({ roles }, unit) => [unit, roles.names[unit]].filter(Boolean).join(" ");

// The list once for a model; what depends on the sentences is drawn into its rows, which are much more to make.
function buildUnits(model) {
  const row = (unit) => html("li", {},
    html("button", { type: "button", class: "unit", "data-unit": unit, "data-list": "units", tip: "" },
      html("span", { class: "name" }, nameOf(model, unit)), html("span", { class: "strip" })),
    html("button", { type: "button", class: "toggle", "data-break": unit, "data-list": "toggles", tip: "" }));
  part("units").replaceChildren(...model.groups.map(({ title, note, units }) => html("div", {},
    html("h3", {}, title, note && html("small", {}, ` ${note}`)),
    html("ul", { class: "rows" }, units.map(row)))));
}

function drawUnits(model, view) {
  const units = model.groups.flatMap((group) => group.units);
  const { shown, words, columns } = shownOf(view);
  const cells = (unit) => shown.map((s) => valuesOf(model, s.now.slice(0, columns), unit, "C"));
  const values = units.map((unit) => cells(unit).reduce((C, others) => C.map((x, t) => x - others[t])));
  const most = Math.max(1e-9, ...values.map((some) => Math.max(...some.map(Math.abs))));
  part("units").querySelectorAll("li").forEach((row, k) => {
    row.hidden = view.list !== "all" && k >= SHOWN && units[k] !== view.unit;
    if (!row.hidden) drawUnit(model, view, row, units[k], values[k], { shown, words, most });
  });
  for (const group of part("units").children) group.hidden = !group.querySelector("li:not([hidden])");
  part("legend-low").textContent = fix(-most, 1);
  part("legend-high").textContent = `+${fix(most, 1)}`;
  part("all-units").hidden = view.list === "all" || units.length <= SHOWN;
  part("all-units").textContent = `show all ${units.length} units`;
  part("unit-words").replaceChildren(...(columns > MOST_HEADS ? [] : words).map((word, t) => (
    html("span", { class: t === view.word ? "now" : null }, word)
  )));
}

// What the list shows, as far as it is read: C after each word of one sentence, or how far it differs between both.
function shownOf({ view, sentences }) {
  const shown = view === "difference" ? sentences : sentences.filter(({ name }) => name === view);
  const columns = Math.min(...shown.map(({ now }) => now.length));
  const [words, others] = shown.map((s) => s.words.slice(0, columns));
  const both = (word, t) => (others && word !== others[t] ? `${word}/\u200b${others[t]}` : word);
  return { shown, columns, words: words.map(both) };
}

function drawUnit(model, view, row, unit, values, { shown, words, most }) {
  const [select, toggle] = row.children;
  const broken = view.broken.some((other) => other.unit === unit);
  const name = nameOf(model, unit);
  row.className = broken ? "broken" : "";
  select.tabIndex = toggle.tabIndex = unit === view.unit ? 0 : -1; // of all rows one is in the order of Tab
  select.setAttribute("aria-pressed", unit === view.unit);
  select.setAttribute("aria-label", `unit ${name}: ${values.map((x, t) => `${words[t]} ${fix(x)}`).join(", ")}`);
  select.lastChild.style.background = gradient(values, most);
  select.tip = (x) => {
    const { left, width } = select.lastChild.getBoundingClientRect();
    const t = x === undefined ? view.word : Math.floor(((x - left) / width) * values.length);
    const equations = t in values ? shown.map((s) => describeCell(model, s, t, unit)) : [];
    const difference = t in values && shown.length > 1 && `difference: ${signed(values[t])}`;
    const lost = model.roles.lost[unit];
    const cost = lost && `points lost when it is broken alone: ${lost}`;
    return [`unit ${name}`, ...equations, difference, cost].filter(Boolean).join("\n");
  };
  toggle.textContent = broken ? "mend" : "break";
  toggle.tip = `${toggle.textContent} unit ${name}`;
  toggle.setAttribute("aria-label", toggle.tip);
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
