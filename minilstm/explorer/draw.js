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

// The bubble under the pointer or beside what has the focus: of anything with a `tip`, a text or what makes one of x.
function watchTips() {
  const bubble = part("tip");
  const hide = () => { bubble.hidden = true; };
  const show = (event) => {
    const target = event.target.closest?.("[data-tip]");
    if (!target) return hide();
    const box = target.getBoundingClientRect();
    const { clientX: x = box.left + box.width / 2, clientY: y = box.bottom } = event;
    bubble.textContent = typeof target.tip === "function" ? target.tip(x) : target.tip;
    bubble.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = bubble;
    const { clientWidth, clientHeight } = document.documentElement;
    const beside = target.matches(".column"); // of a whole column: it stays in sight
    const right = beside ? box.right + 8 : x + 14;
    const left = right + width + 8 <= clientWidth ? right : (beside ? box.left : x) - width - 8;
    bubble.style.left = `${Math.max(8, left)}px`;
    bubble.style.top = `${y + 18 + height > clientHeight ? Math.max(8, y - height - 12) : y + 18}px`;
  };
  for (const event of ["pointermove", "pointerdown"]) document.addEventListener(event, show);
  document.addEventListener("focusin", (event) => (event.target.matches(":focus-visible") ? show(event) : hide()));
  document.addEventListener("pointerleave", hide);
  document.addEventListener("scroll", hide, { passive: true, capture: true });
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
}
