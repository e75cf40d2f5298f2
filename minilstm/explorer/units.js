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
function buildUnits(model, groups) {
  const row = (unit) => html("li", {},
    html("button", { type: "button", class: "unit", "data-unit": unit, tip: "" },
      html("span", { class: "name" }, nameOf(model, unit)), html("span", { class: "strip" })),
    html("button", { type: "button", class: "toggle", "data-break": unit, tip: "" }));
  part("units").replaceChildren(...groups.map(({ title, note, units }) => html("div", {},
    html("h3", {}, title, note && html("small", {}, ` ${note}`)),
    html("ul", { class: "rows" }, units.map(row)))));
}

function drawUnits(model, view, all) {
  const units = view.groups.flatMap((group) => group.units);
  const values = units.map(valueOf(model, view));
  const most = Math.max(1e-9, ...values.flat().map(Math.abs));
  const rows = part("units").querySelectorAll("li");
  rows.forEach((row, k) => {
    row.hidden = !all && k >= SHOWN && units[k] !== view.unit;
    if (!row.hidden) drawUnit(model, view, row, units[k], values[k], most);
  });
  for (const group of part("units").children) group.hidden = !group.querySelector("li:not([hidden])");
  part("legend-low").textContent = fix(-most, 1);
  part("legend-high").textContent = `+${fix(most, 1)}`;
  part("all-units").hidden = all || units.length <= SHOWN;
  part("all-units").textContent = `show all ${units.length} units`;
  part("unit-words").replaceChildren(...headWords(view, values[0].length));
}

// What the list shows of a unit: C after each word, in one sentence, or how far it differs between both.
function valueOf(model, view) {
  const C = (k, unit) => valuesOf(model, view.sentences[k].now, unit, "C");
  if (view.view !== "difference") return (unit) => C(view.view === "first" ? 0 : 1, unit);
  return (unit) => {
    const second = C(1, unit);
    return C(0, unit).slice(0, second.length).map((x, t) => x - second[t]);
  };
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

function drawUnit(model, view, row, unit, values, most) {
  const [select, toggle] = row.children;
  const broken = view.broken.some((other) => other.unit === unit);
  const words = view.sentences[view.view === "second" ? 1 : 0].words;
  const name = nameOf(model, unit);
  row.className = broken ? "broken" : "";
  select.tabIndex = toggle.tabIndex = unit === view.unit ? 0 : -1; // of all rows one is in the order of Tab
  select.setAttribute("aria-pressed", unit === view.unit);
  select.setAttribute("aria-label", `unit ${name}: ${values.map((x, t) => `${words[t]} ${fix(x)}`).join(", ")}`);
  select.lastChild.style.background = gradient(values, most);
  select.tip = (x) => {
    const box = select.lastChild.getBoundingClientRect();
    const t = Math.floor(((x - box.left) / box.width) * values.length);
    const meaning = view.view === "difference" ? "C in the first less C in the second" : "C";
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
