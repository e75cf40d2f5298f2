// Reading sentences, intact or with units broken. Equal beginnings share one computation, as in Python's prefix tree:
// an edited word costs no more than the words from there on.

const WAYS = {
  zero: "silence it: its output h is 0 at every word",
  mean: "hold it at its mean: h says the same at every word",
  swap: "swap its memory: C is that of the other sentence, where the two first differ",
};
const MOST_KEPT = 3000; // words whose states are kept
const kept = new Map();

// What the network does at each word.
//   ids     of the words
//   broken  [{unit, how}], how is a key of WAYS
//   donor   {ids, nodes} of the other sentence, read intact: where `swap` takes C from
// Returns a node a word: its steps, one a layer, the states before it, and logits of all words as the next one.
function read(model, ids, broken = [], donor = null) {
  const held = broken.filter(({ how }) => how !== "swap");
  const swapped = donor ? broken.filter(({ how }) => how === "swap") : [];
  const at = swapped.length ? firstDifference(ids, donor.ids) : -1;
  let path = `${nameOfBroken(held)} `;
  let before = shareComputation(`${path}context`, () => readContext(model, held));
  const nodes = [];
  for (const [t, id] of ids.entries()) {
    const donated = t === at ? donor.nodes[t].steps : null;
    path += `${id}${donated ? ` ${nameOfBroken(swapped)} of ${donor.ids.slice(0, t + 1)}` : ""} `;
    const last = before;
    before = shareComputation(path, () => readWord(model, id, last.steps, held, swapped, donated));
    nodes.push(before);
  }
  return nodes;
}

function firstDifference(ids, others) {
  const at = ids.findIndex((id, t) => id !== others[t]);
  return at < others.length ? at : -1;
}

// log p of two words as the next one, and the share of the first among both.
function chooseForm(node, [one, other]) {
  const { logits } = node;
  node.logSum ??= logSumExp(logits);
  return {
    p: [one, other].map((id) => Math.exp(logits[id] - node.logSum)),
    margin: logits[one] - logits[other],
    share: sigmoid(logits[one] - logits[other]),
  };
}

function readContext(model, held) {
  let node = { steps: zeroState(model.layers) };
  for (const word of model.context) node = readWord(model, model.index.get(word), node.steps, held);
  return node;
}

function readWord(model, id, before, held, swapped = [], donated = null) {
  const steps = stepAll(embed(model, id), before, model.layers, (now, k) => {
    for (const { unit, how } of held) {
      const { layer, place } = model.places[unit - 1];
      if (layer === k) now.h[place] = how === "mean" ? model.mean[unit - 1] : 0;
    }
    for (const { unit } of donated ? swapped : []) {
      const { layer, place } = model.places[unit - 1];
      if (layer !== k) continue;
      now.C[place] = donated[k].C[place];
      now.h[place] = now.o[place] * Math.tanh(now.C[place]); // Eq. 2
    }
  });
  return { steps, before, logits: logitsOf(model, steps[model.last].h) };
}

function shareComputation(path, compute) {
  if (!kept.has(path)) {
    if (kept.size >= MOST_KEPT) kept.clear();
    kept.set(path, compute());
  }
  return kept.get(path);
}

const nameOfBroken = (broken) => broken.map(({ unit, how }) => `${unit}${how}`).join();
