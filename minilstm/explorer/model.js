// The model in this page: words to vectors, vectors through the layers (lstm.js), hidden states to words.

function openModel(content) {
  const array = (name) => decode(content.arrays[name]);
  const layers = content.sizes.map((_, k) => ({ W: array(`W${k}`), U: array(`U${k}`), b: array(`b${k}`) }));
  const places = content.sizes.flatMap((H, layer) => Array.from({ length: H }, (_, place) => ({ layer, place })));
  const model = {
    ...content,
    layers,
    places, // of unit u, numbered from 1 through all layers as in the paper: places[u - 1]
    index: new Map(content.vocabulary.map((word, id) => [word, id])),
    embedding: array("embedding"),
    decoder: { weight: array("decoder_weight"), bias: array("decoder_bias") },
    last: content.sizes.length - 1, // the layer that the decoder reads
  };
  model.topic = topicOf(model);
  return Object.assign(model, { groups: groupsOf(model), steps: tourOf(model) });
}

function embed(model, id) {
  const E = model.embedding.length / model.vocabulary.length;
  return Float64Array.from(model.embedding.subarray(id * E, (id + 1) * E));
}

function logitsOf(model, h) {
  const logits = Float64Array.from(model.decoder.bias);
  addProduct(logits, model.decoder.weight, h);
  return logits;
}

// log of the sum of exp, by which a logit becomes a log-probability.
function logSumExp(logits) {
  let top = -Infinity, sum = 0;
  for (const value of logits) if (value > top) top = value;
  for (const value of logits) sum += Math.exp(value - top);
  return top + Math.log(sum);
}

// What turns h of the last layer into logit(one) - logit(other): the decoder is linear.
function contrast(model, one, other) {
  const H = model.sizes[model.last];
  const { weight, bias } = model.decoder;
  return {
    weights: Float64Array.from({ length: H }, (_, u) => weight[one * H + u] - weight[other * H + u]),
    bias: bias[one] - bias[other],
  };
}

// A gate or state of one unit after each word.
function valuesOf(model, nodes, unit, key) {
  const { layer, place } = model.places[unit - 1];
  return nodes.map(({ steps }) => steps[layer][key][place]);
}

// The weights into each gate of a unit from the units that it listens to: its own layer, one word ago, and the layer
// below, at this word.
function afferents(model, unit) {
  const { layer, place } = model.places[unit - 1];
  const { W, U } = model.layers[layer];
  const H = model.sizes[layer];
  const first = model.sizes.slice(0, layer).reduce((sum, size) => sum + size, 1);
  const below = layer ? model.sizes[layer - 1] : 0; // the lowest layer reads words, not units
  return Object.fromEntries(BLOCKS.map((gate, block) => {
    const row = block * H + place;
    const list = (length, unit, weights, when) => Array.from({ length }, (_, k) => (
      { unit: unit + k, weight: weights[row * length + k], when }
    ));
    const own = list(H, first, U, "one word ago");
    const others = list(below, first - below, W, "at this word");
    return [gate, [...own, ...others].sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight))];
  }));
}

// Little-endian numbers in base64: float32, float16, or int8 with a float32 scale for each row.
function decode(array) {
  if (ArrayBuffer.isView(array)) return array; // from a file
  const { type, data, scale, shape } = array;
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  if (type === "float32") return new Float32Array(bytes.buffer);
  if (type === "float16") return Float32Array.from(new Uint16Array(bytes.buffer), half);
  const scales = decode({ type: "float32", data: scale });
  const columns = shape[1];
  return Float32Array.from(new Int8Array(bytes.buffer), (value, k) => value * scales[Math.floor(k / columns)]);
}

function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  return sign * (exponent ? 2 ** (exponent - 25) * (1024 + fraction) : 2 ** -24 * fraction);
}
