// A model file that is dropped on the page: an .npz or .safetensors as minilstm saves it. Nothing in it is believed:
// sizes are compared with the header before a number is taken for a weight. What cannot be read is an Error with a
// sentence for its user.

const MOST_BYTES = 2 ** 29;

// The content that openModel takes, from the bytes of a file.
async function readModelFile(name, bytes) {
  const { header, arrayOf } = name.endsWith(".safetensors") ? readSafetensors(bytes) : await readNpz(bytes);
  const sizes = header.sizes?.layers;
  const { vocabulary, context = [], provenance = {} } = header;
  if (!sizes?.length || !Array.isArray(vocabulary)) throw new Error("its header names no sizes or no words");
  if ([...vocabulary, ...context].some((word) => typeof word !== "string")) throw new Error("its words are no words");
  const read = (key, shape) => {
    const { numbers, shape: found } = arrayOf(key) ?? {};
    if (!found) throw new Error(`the file lacks ${key}`);
    if (String(found) !== String(shape)) throw new Error(`${key} should be of shape ${shape}, and is ${found}`);
    if (!numbers.every(Number.isFinite)) throw new Error(`${key} holds what is no finite number`);
    return numbers;
  };
  const arrays = {};
  for (const [key, shape] of Object.entries(shapesOf(header))) {
    const numbers = read(key, shape);
    arrays[key] = /^[WUb]\d/.test(key) ? reorder(numbers, header.gate_order) : numbers;
    if (!arrayOf(`${key}_scale`)) continue;
    const scales = read(`${key}_scale`, [shape[0]]); // of rows in int8
    arrays[key] = numbers.map((value, k) => value * scales[Math.floor(k / shape[1])]);
  }
  const units = sizes.reduce((sum, size) => sum + size, 0);
  const order = Array.from({ length: units }, (_, k) => k + 1);
  const planted = Object.entries(provenance.planted_units ?? {}).map(([label, unit]) => [unit, String(label)]);
  return {
    name: name.replace(/\.\w+$/, ""),
    about: { planted: planted.length > 0, text: `an LSTM language model of ${sizes.join(" + ")} units, from a file` },
    vocabulary,
    words_of_model: vocabulary.length,
    context: context.filter((word) => vocabulary.includes(word)),
    sizes,
    precision: "the precision of the file",
    arrays,
    roles: { // those that a file names
      number: [provenance.number_units].flat().filter((unit) => order.includes(unit)),
      syntax: [], short_range: [], names: Object.fromEntries(planted), lost: {}, order, measured: false,
    },
    examples: {},
    sentences: [],
    forms: [],
  };
}

function shapesOf({ sizes: { vocabulary, embedding, layers } }) {
  const shapes = { embedding: [vocabulary, embedding], decoder_bias: [vocabulary] };
  shapes.decoder_weight = [vocabulary, layers.at(-1)];
  layers.forEach((H, k) => {
    const D = k ? layers[k - 1] : embedding;
    Object.assign(shapes, { [`W${k}`]: [4 * H, D], [`U${k}`]: [4 * H, H], [`b${k}`]: [4 * H] });
  });
  return shapes;
}

// Blocks of rows in the order i f g o, from whatever order the file has.
function reorder(numbers, order) {
  const block = numbers.length / 4;
  const places = [..."ifgo"].map((gate) => String(order).indexOf(gate));
  if (places.includes(-1)) throw new Error(`the gate order ${order} has not the gates i, f, g, o`);
  const sorted = new Float32Array(numbers.length);
  places.forEach((place, k) => sorted.set(numbers.subarray(place * block, (place + 1) * block), k * block));
  return sorted;
}

// The header and, by our names, the arrays of an .npz.
async function readNpz(bytes) {
  const members = await readZip(bytes);
  const arrayOf = (name) => members.has(name) && readNpy(name, members.get(name));
  const header = arrayOf("header");
  if (!header) throw new Error("it is no model file of minilstm, since it has no header");
  return { header: JSON.parse(new TextDecoder().decode(header.numbers)), arrayOf };
}

// The same of a .safetensors: a length, a header in JSON, the numbers. Tensors have the names of a PyTorch state dict.
function readSafetensors(bytes) {
  const size = bytes.length < 8 ? Infinity : Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (8 + size > bytes.length) throw new Error("this is no .safetensors file");
  const { __metadata__: metadata, ...tensors } = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + size)));
  if (!metadata?.minilstm) throw new Error("it has no vocabulary; minilstm import --vocab makes a model file of it");
  const tensorOf = (name) => {
    const { dtype, shape, data_offsets: ends } = tensors[name] ?? {};
    const data = shape && bytes.slice(...ends.map((end) => 8 + size + end));
    return shape && { shape, numbers: numbersOf(name, data, dtype, shape) };
  };
  const names = { embedding: "encoder.weight", decoder_weight: "decoder.weight", decoder_bias: "decoder.bias" };
  const kinds = { W: "weight_ih", U: "weight_hh", b: "bias_ih" };
  const arrayOf = (name) => {
    const array = tensorOf(names[name] ?? `rnn.${kinds[name[0]]}_l${name.slice(1)}`);
    if (!array || name[0] !== "b") return array;
    const second = tensorOf(`rnn.bias_hh_l${name.slice(1)}`); // PyTorch has two biases, we their sum
    return second && { ...array, numbers: array.numbers.map((value, k) => value + second.numbers[k]) };
  };
  return { header: JSON.parse(metadata.minilstm), arrayOf };
}

// An .npy member.
function readNpy(name, bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes[6] === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const begin = (bytes[6] === 1 ? 10 : 12) + length;
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, begin));
  const [, type] = text.match(/'descr': '([<|][a-z]\d)'/) ?? [];
  const shape = (text.match(/'shape': \(([\d, ]*)\)/)?.[1] ?? "").split(",").filter((x) => x.trim()).map(Number);
  if (!type || text.includes("'fortran_order': True")) throw new Error(`${name} is no plain array`);
  return { shape, numbers: numbersOf(name, bytes.slice(begin), type, shape) };
}

const NUMBERS = {
  "<f4": Float32Array, "<f8": Float64Array, "<f2": Uint16Array, "|u1": Uint8Array, "|i1": Int8Array,
  F32: Float32Array, F64: Float64Array, F16: Uint16Array,
};

// Numbers as float32, or as they are where they are bytes.
function numbersOf(name, { buffer }, type, shape) {
  const size = shape.reduce((product, n) => product * n, 1);
  if (buffer.byteLength !== size * NUMBERS[type]?.BYTES_PER_ELEMENT) throw new Error(`${name} holds not what it says`);
  const numbers = new NUMBERS[type](buffer);
  if (type === "|u1") return numbers;
  return Float32Array.from(numbers, NUMBERS[type] === Uint16Array ? half : undefined);
}

// The members of a zip archive, stored or deflated, by name without `.npy`.
async function readZip(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = Array.from({ length: Math.min(66000, bytes.length - 21) }, (_, k) => bytes.length - 22 - k)
    .find((at) => view.getUint32(at, true) === 0x06054b50);
  if (end === undefined) throw new Error("this is no .npz file");
  const members = new Map();
  let at = view.getUint32(end + 16, true), total = 0;
  for (let k = view.getUint16(end + 10, true); k > 0; k--) {
    const [method, nameLength, extra, comment] = [10, 28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    const [packed, size] = [20, 24].map((offset) => view.getUint32(at + offset, true));
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    const local = view.getUint32(at + 42, true);
    const begin = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    total += size;
    if (total > MOST_BYTES) throw new Error("the file unpacks to more than this page takes");
    const data = bytes.subarray(begin, begin + packed);
    members.set(name.replace(/\.npy$/, ""), method ? await inflate(data, size) : data);
    at += 46 + nameLength + extra + comment;
  }
  return members;
}

async function inflate(data, size) {
  const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const whole = new Uint8Array(await new Response(stream).arrayBuffer());
  if (whole.length !== size) throw new Error("the file is damaged");
  return whole;
}
