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
    html("button", { type: "button", class: "unit", "data-unit": unit, tip: "" },
      html("span", { class: "name" }, nameOf(model, unit)), html("span", { class: "strip" })),
    html("button", { type: "button", class: "toggle", "data-break": unit, tip: "" }));
  part("units").replaceChildren(...model.groups.map(({ title, note, units }) => html("div", {},
    html("h3", {}, title, note && html("small", {}, ` ${note}`)),
    html("ul", { class: "rows" }, units.map(row)))));
}

function drawUnits(model, view) {
  const units = model.groups.flatMap((group) => group.units);
  const { words, meaning, valuesOfUnit } = shownOf(model, view);
  const values = units.map(valuesOfUnit);
  const most = Math.max(1e-9, ...values.flat().map(Math.abs));
  part("units").querySelectorAll("li").forEach((row, k) => {
    row.hidden = !view.all && k >= SHOWN && units[k] !== view.unit;
    if (!row.hidden) drawUnit(model, view, row, units[k], values[k], { words, meaning, most });
  });
  for (const group of part("units").children) group.hidden = !group.querySelector("li:not([hidden])");
  part("legend-low").textContent = fix(-most, 1);
  part("legend-high").textContent = `+${fix(most, 1)}`;
  part("all-units").hidden = view.all || units.length <= SHOWN;
  part("all-units").textContent = `show all ${units.length} units`;
  const columns = values[0].length; // as many as words are read
  part("unit-words").replaceChildren(...(columns > MOST_HEADS ? [] : words.slice(0, columns)).map((word, t) => (
    html("span", { class: t === view.word ? "now" : null }, word)
  )));
}

// What the list shows: C of each unit after each word of one sentence, or how far it differs between both.
function shownOf(model, view) {
  const [first, second] = view.sentences;
  const C = (s, unit) => valuesOf(model, s.now, unit, "C");
  if (view.view !== "difference") {
    const s = view.view === "first" ? first : second;
    return { words: s.words, meaning: "C", valuesOfUnit: (unit) => C(s, unit) };
  }
  const both = Math.min(first.now.length, second.now.length);
  return {
    words: first.words.map((word, t) => (word === second.words[t] ? word : `${word}/\u200b${second.words[t]}`)),
    meaning: "C in the first less C in the second",
    valuesOfUnit: (unit) => {
      const other = C(second, unit);
      return C(first, unit).slice(0, both).map((x, t) => x - other[t]);
    },
  };
}

function drawUnit(model, view, row, unit, values, { words, meaning, most }) {
  const [select, toggle] = row.children;
  const broken = view.broken.some((other) => other.unit === unit);
  const name = nameOf(model, unit);
  row.className = broken ? "broken" : "";
  select.tabIndex = toggle.tabIndex = unit === view.unit ? 0 : -1; // of all rows one is in the order of Tab
  select.setAttribute("aria-pressed", unit === view.unit);
  select.setAttribute("aria-label", `unit ${name}: ${values.map((x, t) => `${words[t]} ${fix(x)}`).join(", ")}`);
  select.lastChild.style.background = gradient(values, most);
  select.tip = (x) => {
    const box = select.lastChild.getBoundingClientRect();
    const t = Math.floor(((x - box.left) / box.width) * values.length);
    const value = t in values ? `${words[t]}: ${meaning} = ${signed(values[t])}` : "";
    const lost = model.roles.lost[unit];
    return [`unit ${name}`, value, lost && `points lost when it is broken alone: ${lost}`].filter(Boolean).join("\n");
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
