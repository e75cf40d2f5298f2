// Reading sentences, intact or with units broken. Equal beginnings share one computation, as in Python's prefix tree:
// an edited word costs no more than the words from there on.

const MOST_KEPT = 3000; // words whose states are kept
const kept = new Map();

// What the network does at each word.
//   ids      of the words
//   held     [{unit, value}]: h of these units is that value at every word, the context's included
//   swapped  units whose C is that of the other sentence, at the word where the two first differ
//   donor    {ids, nodes} of the other sentence, read intact
// Returns a node a word: its steps, one a layer, the states before it, and logits of all words as the next one.
function read(model, ids, held = [], swapped = [], donor = null) {
  const at = swapped.length ? firstDifference(ids, donor.ids) : -1;
  let path = `${held.map(({ unit, value }) => `${unit}=${value}`)} `;
  let node = shareComputation(path, () => readContext(model, held));
  return ids.map((id, t) => {
    const before = node.steps;
    const gift = t === at ? { units: swapped, steps: donor.nodes[t].steps } : null;
    path += gift ? `${id}(${swapped} of ${donor.ids.slice(0, t + 1)}) ` : `${id} `;
    node = shareComputation(path, () => readWord(model, id, before, held, gift));
    return node;
  });
}

function firstDifference(ids, others) {
  const at = ids.findIndex((id, t) => id !== others[t]);
  return at < others.length ? at : -1;
}

function readContext(model, held = []) {
  let node = nodeOf(model, zeroState(model.layers));
  for (const word of model.context) node = readWord(model, model.index.get(word), node.steps, held);
  return node;
}

function readWord(model, id, before, held, gift = null) {
  const steps = stepAll(embed(model, id), before, model.layers, (now, k) => {
    const here = (unit) => model.places[unit - 1].layer === k;
    for (const { unit, value } of held) if (here(unit)) now.h[model.places[unit - 1].place] = value;
    for (const unit of gift?.units.filter(here) ?? []) {
      const { place } = model.places[unit - 1];
      now.C[place] = gift.steps[k].C[place];
      now.h[place] = now.o[place] * Math.tanh(now.C[place]); // Eq. 2
    }
  });
  return nodeOf(model, steps, before);
}

// A word that is read: logits of all words as the next one are computed where somebody looks at them.
function nodeOf(model, steps, before = null) {
  let logits = null;
  return { steps, before, get logits() { return logits ??= logitsOf(model, steps[model.last].h); } };
}

function shareComputation(path, compute) {
  if (!kept.has(path)) {
    if (kept.size >= MOST_KEPT) kept.clear();
    kept.set(path, compute());
  }
  return kept.get(path);
}

// The choice between two words as the next one: p of each among all, and the share of the first among both.
function chooseForm(node, [one, other]) {
  const { logits } = node;
  node.logSum ??= logSumExp(logits);
  const margin = logits[one] - logits[other];
  const ids = [one, other];
  return { ids, p: ids.map((id) => Math.exp(logits[id] - node.logSum)), margin, share: sigmoid(margin) };
}
