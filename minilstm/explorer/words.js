// Words as they are typed: split, looked up, and the nearest ones offered where a word is not known.

const MOST_WORDS = 300;
const MOST_LETTERS = 4000;

function splitWords(text) {
  return text.slice(0, MOST_LETTERS).split(/\s+/u).filter(Boolean).slice(0, MOST_WORDS);
}

// A sentence, and how much of it can be read: the words before the first that is not known.
function lookUp(model, text) {
  const words = splitWords(text);
  const ids = words.map((word) => model.index.get(word) ?? -1);
  const unknown = ids.indexOf(-1);
  return { words, ids: unknown < 0 ? ids : ids.slice(0, unknown), unknown };
}

function nearWords(model, word, most = 4) {
  const lower = word.toLowerCase();
  const far = Math.max(1, Math.ceil(word.length / 2));
  return model.vocabulary
    .map((known) => ({ known, distance: editDistance(lower, known.toLowerCase(), far) + (known === word ? 0 : 0.1) }))
    .filter(({ distance }) => distance <= far + 0.1)
    .sort((a, b) => a.distance - b.distance || a.known.length - b.known.length)
    .slice(0, most)
    .map(({ known }) => known);
}

// The fewest letters to insert, delete or replace; anything above `far` is far.
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
  return row[b.length];
}
