// What the pointer or the focus is on: the bubble that says its numbers, and the lists through which arrow keys lead.
// A list is one stop of Tab: of its items, which bear its name as data-list, one is in the order of Tab.

const itemsOf = (list) => [...document.querySelectorAll(`[data-list="${list}"]`)].filter((e) => !e.closest("[hidden]"));

// The focus on an item of a list, at a place or the nearest that there is.
function focusItem(list, place, options) {
  const items = itemsOf(list);
  const chosen = items[Math.max(0, Math.min(place, items.length - 1))];
  for (const item of items) item.setAttribute("tabindex", item === chosen ? 0 : -1);
  chosen?.focus(options);
}

// Beside anything with a `tip`: a text, or what makes one of the pointer's x, which the focus has not.
function showTip(target, x, y) {
  const bubble = part("tip");
  const tip = typeof target?.tip === "function" ? target.tip(x) : target?.tip;
  bubble.hidden = !tip;
  if (!tip) return;
  bubble.textContent = tip;
  const box = target.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = bubble;
  const { clientWidth, clientHeight } = document.documentElement;
  const beside = target.matches(".column"); // of a whole column: it stays in sight
  const from = x ?? box.left + box.width / 2;
  const below = (y ?? (beside ? box.top : box.bottom)) + 18;
  const right = beside ? box.right + 8 : from + 14;
  const left = right + width + 8 <= clientWidth ? right : (beside ? box.left : from) - width - 8;
  bubble.style.left = `${Math.max(8, left)}px`;
  bubble.style.top = `${below + height > clientHeight ? Math.max(8, below - height - 30) : below}px`;
}

function showTipOfFocus() {
  const { activeElement: focused } = document;
  if (focused.matches(":focus-visible")) showTip(focused.closest("[data-tip]"));
}

function watchTips() {
  const follow = ({ target, clientX, clientY }) => showTip(target.closest?.("[data-tip]"), clientX, clientY);
  for (const event of ["pointermove", "pointerdown"]) document.addEventListener(event, follow);
  document.addEventListener("focusin", showTipOfFocus);
  document.addEventListener("pointerleave", () => showTip(null));
  document.addEventListener("scroll", () => {
    showTip(null);
    showTipOfFocus();
  }, { passive: true, capture: true });
  document.addEventListener("keydown", (event) => event.key === "Escape" && showTip(null));
}
