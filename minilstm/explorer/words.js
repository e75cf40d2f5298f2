// Words as they are typed: split, looked up, and others offered where a word is not known.

const MOST_WORDS = 300;
const MOST_LETTERS = 4000;
const OFFERED = 6;

// A sentence, and how much of it can be read: the words before the first that is not known.
function lookUp(model, text) {
  const words = text.slice(0, MOST_LETTERS).split(/\s+/u).filter(Boolean).slice(0, MOST_WORDS);
  const ids = words.map((word) => model.index.get(word) ?? -1);
  const unknown = ids.indexOf(-1);
  return { words, ids: unknown < 0 ? ids : ids.slice(0, unknown), unknown };
}

// Known words in the place of one that is not: those spelt almost like it, then those that the network expects there.
//   node  after the words before it
function offerWords(model, word, node) {
  const far = Math.max(1, Math.floor(word.length / 3));
  const distance = (text) => editDistance(word.toLowerCase(), text.toLowerCase(), far);
  return model.vocabulary
    .map((text, id) => ({ text, logit: node.logits[id], distance: distance(text) }))
    .filter(({ text }) => /^\p{L}/u.test(text)) // no sign, and nothing like <unk>
    .sort((a, b) => (a.distance === b.distance ? b.logit - a.logit : a.distance - b.distance))
    .slice(0, OFFERED)
    .map(({ text }) => text);
}

// The fewest letters to insert, delete or replace; more than `far` of them are as good as any number.
function editDistance(a, b, far) {
  if (Math.abs(a.length - b.length) > far) return Infinity;
  let row = Array.from({ length: b.length + 1 }, (_, k) => k);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length] <= far ? row[b.length] : Infinity;
}
