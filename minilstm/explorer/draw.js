// Elements and text nodes, never markup: nothing that is typed or linked can become part of the page.

const SVG = "http://www.w3.org/2000/svg";

const html = (tag, attributes, ...children) => build(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) => build(document.createElementNS(SVG, tag), attributes, children);
const part = (id) => document.getElementById(id);

function build(element, attributes = {}, children = []) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "style") Object.assign(element.style, value);
    else if (key === "tip") [element.tip, element.dataset.tip] = [value, ""]; // see watchTips
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child ?? false));
  return element;
}

// Text of our own with *emphasis*, as nodes.
function rich(text) {
  return text.split(/\*([^*]+)\*/).map((piece, k) => (k % 2 ? html("em", {}, piece) : piece));
}

// A number as it is printed: a true minus sign, no negative zero.
function fix(value, digits = 2) {
  const text = Math.abs(value).toFixed(digits);
  return (value < 0 && Number(text) !== 0 ? "\u2212" : "") + text;
}

const signed = (value, digits = 2) => (value > 0 && Number(fix(value, digits)) !== 0 ? "+" : "") + fix(value, digits);
const inBrackets = (value) => (value < 0 && fix(value) !== "0.00" ? `(${fix(value)})` : fix(value));
const chance = (p) => (p < 0.001 ? p.toExponential(1) : p.toFixed(4));

function percent(share) {
  const text = share > 0.995 && share < 1 ? ">99" : share < 0.005 && share > 0 ? "<1" : String(Math.round(100 * share));
  return `${text}\u2009%`;
}
