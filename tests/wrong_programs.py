"""Programs that somebody might have written for our test vectors (PyTorch's convention), each with one mistake.

Written apart from `minilstm.verification`, one sequence and one word at a time, so that the two can be compared. Each
takes one case of the vectors (`cases`) and `order`, in which it believes the blocks to stand, and returns arrays by
name. What stands behind a sequence's end is NaN where a real program would return anything.
"""

from functools import partial
from itertools import combinations, permutations
from types import SimpleNamespace

import numpy as np
from scipy.special import erfc

CASES = "", "_again", "_chunks", "_wide"


def sigmoid(z):
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-z))


def cases(d, dtype=np.float64):
    """The cases of `make_vectors()` by their suffix: x, lengths, h, C, layers of W, U, b_ih, b_hh, and parts."""
    found = {}
    for suffix in CASES:
        at = "_again" if suffix == "_chunks" else suffix
        prefix = "wide." if suffix == "_wide" else ""
        x = d[f"x{at}"].astype(dtype)
        layers = []
        while f"{prefix}weight_ih_l{len(layers)}" in d:
            kinds = "weight_ih", "weight_hh", "bias_ih", "bias_hh"
            layers.append([d[f"{prefix}{kind}_l{len(layers)}"].astype(dtype) for kind in kinds])
        found[suffix] = SimpleNamespace(
            x=x,
            lengths=d["lengths"] if not suffix else np.full(x.shape[1], len(x)),
            h=d[f"h_0{at}"].astype(dtype),
            C=d[f"C_0{at}"].astype(dtype),
            layers=layers,
            parts=list(d["chunks"]) if suffix == "_chunks" else [len(x)],
        )
    return found


def on_all_cases(run, d, order="ifgo", dtype=np.float64):
    """What `run(case, order)` makes of every case, by the names that are handed in."""
    with np.errstate(all="ignore"):
        made = {suffix: run(case, order) for suffix, case in cases(d, dtype).items()}
    return {f"{name}{suffix}": array for suffix, out in made.items() for name, array in out.items()}


GATES = {"i": sigmoid, "f": sigmoid, "g": np.tanh, "o": sigmoid}


def plain_cell(z, C):
    """h and C after one word, from the activated gates in z."""
    C = z["f"] * C + z["i"] * z["g"]
    return z["o"] * np.tanh(C), C


def read(words, h, C, layers, order="ifgo", gates=GATES, cell=plain_cell, sums=None, climbs="h", dot=np.matmul):
    """One sequence (steps, D) from h, C (layers, H): h and C at all steps, (layers, steps, H) each."""
    hs, Cs = [], []
    for (W, U, b_ih, b_hh), h_k, C_k in zip(layers, h, C, strict=True):
        own = []
        for x in words:
            z = np.split(dot(W, x) + b_ih + dot(U, h_k) + b_hh, 4)
            z = {gate: block if sums is None else sums(block) for gate, block in zip(order, z, strict=True)}
            h_k, C_k = cell({gate: gates[gate](block) for gate, block in z.items()}, C_k)
            own.append((h_k, C_k))
        hs.append([a for a, _ in own])
        Cs.append([a for _, a in own])
        words = hs[-1] if climbs == "h" else Cs[-1]
    return np.array(hs), np.array(Cs)


def program(case, order="ifgo", words=None, start=None, layers=None, seam=None, **options):
    """Read every sequence, part by part; the keywords spoil what is read and how the state is handed on."""
    results = []
    for b, length in enumerate(case.lengths):
        x = words(case.x[:, b], length) if words else case.x[:length, b]
        h, C = case.h[:, b], case.C[:, b]
        h, C = first = start(h, C) if start else (h, C)
        hs, Cs = [], []
        for n, part in enumerate(np.split(x, np.cumsum(case.parts)[:-1]) if len(case.parts) > 1 else [x]):
            if n and seam:
                h, C = seam(h, C, first)
            part_h, part_C = read(part, h, C, layers(case.layers) if layers else case.layers, order, **options)
            h, C = part_h[:, -1], part_C[:, -1]
            hs.append(part_h)
            Cs.append(part_C)
        results.append((np.concatenate(hs, axis=1), np.concatenate(Cs, axis=1)))
    return hand_back(case, results)


def hand_back(case, results, place=lambda values, length, steps: values):
    steps, (L, _, H) = len(case.x), case.h.shape
    h, C = np.full((2, L, steps, len(case.lengths), H), np.nan)
    for b, (hs, Cs) in enumerate(results):
        for kept, values in ((h, hs), (C, Cs)):
            values = place(values, case.lengths[b], steps)
            kept[:, : values.shape[1], b] = values
    h_n, C_n = (np.stack([r[k][:, -1] for r in results], axis=1) for k in (0, 1))
    return {"h": h, "C": C, "output": h[-1], "h_n": h_n, "C_n": C_n}


PROGRAMS = {}


def wrong(name, run=None, **options):
    """Enter a program: `run(case, order)`, or the plain one with something spoilt."""
    PROGRAMS[name] = run or (lambda case, order="ifgo": program(case, order, **options))


# ---- weights


def each_layer(change):
    return lambda layers: [change(*layer) for layer in layers]


def per_block(change, *indices):
    """Change W, U, b_ih or b_hh (0 to 3), each of its blocks by itself."""

    def changed(*layer):
        return [
            np.concatenate([change(block) for block in np.split(a, 4)]) if k in indices else a
            for k, a in enumerate(layer)
        ]

    return each_layer(changed)


def wrong_weights(name, change):
    """`change(W, U, b_ih, b_hh)` on the arrays as they are stored."""
    wrong(name, layers=each_layer(change))


def by_gate(name, change):
    """`change(W, U, b_ih, b_hh)`, each a dict by the gate that the program takes a block for."""

    def run(case, order="ifgo"):
        def changed(*layer):
            named = [dict(zip(order, np.split(a, 4), strict=True)) for a in layer]
            return [np.concatenate([a[gate] for gate in order]) for a in change(*map(dict, named))]

        return program(case, order, layers=each_layer(changed))

    wrong(name, run)


def square_turned(block):
    return block.T if block.shape[0] == block.shape[1] else block


wrong_weights("bias missing", lambda W, U, b, c: (W, U, 0 * b, 0 * c))
wrong_weights("bias doubled", lambda W, U, b, c: (W, U, 2 * b, 2 * c))
wrong_weights("first bias only, b_hh missing", lambda W, U, b, c: (W, U, b, 0 * c))
wrong_weights("second bias only, b_ih missing", lambda W, U, b, c: (W, U, 0 * b, c))
wrong_weights("first bias twice, b_hh missing", lambda W, U, b, c: (W, U, b, b))
wrong_weights("second bias twice, b_ih missing", lambda W, U, b, c: (W, U, c, c))
wrong_weights("recurrent weights U not used", lambda W, U, b, c: (W, 0 * U, b, c))
wrong_weights("input weights W not used", lambda W, U, b, c: (0 * W, U, b, c))
wrong_weights("W reshaped where it should be transposed", lambda W, U, b, c: (W.reshape(W.T.shape).T, U, b, c))
wrong_weights("U reshaped where it should be transposed", lambda W, U, b, c: (W, U.reshape(U.T.shape).T, b, c))
wrong_weights(
    "W and U reshaped where it should be transposed",
    lambda W, U, b, c: (W.reshape(W.T.shape).T, U.reshape(U.T.shape).T, b, c),
)
wrong_weights(
    "gates taken to alternate from row to row",
    lambda *arrays: [np.concatenate([a[k::4] for k in range(4)]) for a in arrays],
)
wrong_weights("W and U exchanged", lambda W, U, b, c: (U, W, b, c) if W.shape == U.shape else (W, U, b, c))
wrong("recurrent weights U transposed", layers=per_block(square_turned, 1))
wrong("input weights W transposed", layers=per_block(square_turned, 0))
wrong("W and U transposed", layers=per_block(square_turned, 0, 1))
wrong("layers in reverse order", layers=lambda layers: layers[::-1])
for gate in "ifgo":
    of = "forget bias" if gate == "f" else f"bias of gate {gate}"
    by_gate(f"{of} + 1", lambda W, U, b, c, gate=gate: (W, U, b | {gate: b[gate] + 1}, c))
    by_gate(f"{of} - 1", lambda W, U, b, c, gate=gate: (W, U, b | {gate: b[gate] - 1}, c))
    by_gate(
        f"bias of gate {gate} missing",
        lambda W, U, b, c, gate=gate: (W, U, b | {gate: 0 * b[gate]}, c | {gate: 0 * c[gate]}),
    )
    by_gate(f"gate {gate} without U", lambda W, U, b, c, gate=gate: (W, U | {gate: 0 * U[gate]}, b, c))
    by_gate(f"gate {gate} without W", lambda W, U, b, c, gate=gate: (W | {gate: 0 * W[gate]}, U, b, c))
    rest = [other for other in "ifgo" if other != gate]
    chosen = {f"gate {other}": [other] for other in rest} | {"every gate": rest}
    chosen |= {f"gates {one} and {other}": [one, other] for one, other in combinations(rest, 2)}
    for who, gates in chosen.items():
        by_gate(
            f"{who} with the bias of gate {gate}",
            lambda W, U, b, c, gate=gate, gates=gates: (
                *(W, U),
                *(bias | dict.fromkeys(gates, bias[gate]) for bias in (b, c)),
            ),
        )

# ---- orders of some arrays or layers, apart from the others because there are so many

ORDERS = {}
ARRAYS = {"W": (0,), "U": (1,), "b": (2, 3), "b_ih": (2,), "b_hh": (3,)}
PARTS = {f"{part} alone": indices for part, indices in ARRAYS.items()} | {
    "W and U, not in b": (0, 1),
    "W and b, not in U": (0, 2, 3),
    "U and b, not in W": (1, 2, 3),
}


def rearranged(array, order):
    """Blocks i f g o laid out so that who reads them in that order takes them for `order`."""
    blocks = dict(zip(order, np.split(array, 4), strict=True))
    return np.concatenate([blocks[gate] for gate in "ifgo"])


for order in ("".join(o) for o in permutations("ifgo")):
    if order == "ifgo":
        continue
    spaced = " ".join(order)
    ORDERS[f"gate order {spaced}"] = lambda case, _="", order=order: program(case, order)
    for where, indices in PARTS.items():
        ORDERS[f"gate order {spaced} in {where}"] = lambda case, _="", order=order, indices=indices: program(
            case,
            layers=each_layer(
                lambda *arrays: [rearranged(a, order) if k in indices else a for k, a in enumerate(arrays)]
            ),
        )

# ---- all of these in one layer of two alone

LAYERED = {}


def one_layer(case, k, x):
    """The case of layer k alone, which reads x."""
    return SimpleNamespace(
        **{**vars(case), "x": x, "layers": case.layers[k : k + 1], "h": case.h[k : k + 1], "C": case.C[k : k + 1]}
    )


def in_one_layer(run, layer):
    """`run` reads with one layer, a right program with the other."""

    def mixed(case, order="ifgo"):
        if len(case.layers) == 1:
            return program(case, order)
        lower, upper = (run if k == layer else program for k in (0, 1))
        below = lower(one_layer(case, 0, case.x), order)
        above = upper(one_layer(case, 1, np.nan_to_num(below["output"])), order)
        both = {name: np.concatenate([below[name], above[name]]) for name in ("h", "C", "h_n", "C_n")}
        return both | {"output": above["output"]}

    return mixed


in_all = {name: run for name, run in PROGRAMS.items() if name != "layers in reverse order"}
in_all |= {name: run for name, run in ORDERS.items() if " in " not in name}
for name, run in in_all.items():
    for layer in (0, 1):
        LAYERED[f"{name} in layer {layer + 1} alone"] = in_one_layer(run, layer)

# ---- initial states

wrong("initial states of the layers in reverse order", start=lambda h, C: (h[::-1], C[::-1]))
wrong(
    "layers and their initial states in reverse order",
    layers=lambda layers: layers[::-1],
    start=lambda h, C: (h[::-1], C[::-1]),
)
wrong("h and C swapped in the initial state", start=lambda h, C: (C, h))
wrong("initial h used for C too", start=lambda h, C: (h, h))
wrong("initial C used for h too", start=lambda h, C: (C, C))
wrong("initial state not used, zero instead", start=lambda h, C: (0 * h, 0 * C))
wrong("initial h not used, zero instead", start=lambda h, C: (0 * h, C))
wrong("initial C not used, zero instead", start=lambda h, C: (h, 0 * C))
for layer in (0, 1):

    def one_zero(h, C, layer=layer):
        return tuple(
            np.stack([a * (k != layer or len(arrays) == 1) for k, a in enumerate(arrays)]) for arrays in (h, C)
        )

    def from_one(h, C, layer=layer):
        return tuple(np.stack([arrays[layer] for _ in arrays]) if len(arrays) > 1 else arrays for arrays in (h, C))

    wrong(f"initial state of layer {layer + 1} not used", start=one_zero)
    wrong(f"every layer starts from the initial state of layer {layer + 1}", start=from_one)


def with_states(take):
    def run(case, order="ifgo"):
        states = {"h": case.h[:, take(case)], "C": case.C[:, take(case)]}
        return program(SimpleNamespace(**{**vars(case), **states}), order)

    return run


wrong("every sequence starts from the first one's state", with_states(lambda case: [0 for _ in case.lengths]))
wrong("every sequence starts from the last one's state", with_states(lambda case: [-1 for _ in case.lengths]))
wrong("initial states of the sequences in reverse order", with_states(lambda case: slice(None, None, -1)))

# ---- equations

HARD = {
    "hard sigmoid of Keras 3 and PyTorch, relu6(z + 3) / 6": lambda z: np.minimum(np.maximum(z + 3, 0), 6) / 6,
    "hard sigmoid of Keras 2 and ONNX, 0.2 z + 0.5 within 0 and 1": lambda z: np.maximum(0, np.minimum(1, z / 5 + 0.5)),
}
OTHERS = HARD | {
    "no activation": lambda z: z,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "relu": lambda z: z * (z > 0),
    "leaky relu": lambda z: np.maximum(z, z / 100),
    "elu": lambda z: np.array([v if v > 0 else np.exp(v) - 1 for v in z]),
    "softplus": lambda z: np.maximum(z, 0) + np.log1p(np.exp(-abs(z))),
    "softsign": lambda z: z / (abs(z) + 1),
    "hard tanh": lambda z: np.minimum(1, np.maximum(-1, z)),
    "gelu": lambda z: z * erfc(-z / 2**0.5) / 2,
    "swish": lambda z: z / (1 + np.exp(-z)),
    "1.7159 tanh(2 z / 3)": lambda z: 1.7159 * np.tanh(z * 2 / 3),
}
for name, f in OTHERS.items():
    if name != "sigmoid":
        whole = name if name in HARD else f"{name} for sigmoid in every gate"
        wrong(whole, gates=GATES | dict.fromkeys("ifo", f))
        for gate in "ifo":
            wrong(f"{name} for sigmoid in gate {gate}", gates=GATES | {gate: f})
    if name != "tanh":
        wrong(f"{name} for tanh in C~", gates=GATES | {"g": f})

        def showing(z, C, f=f):
            C = z["f"] * C + z["i"] * z["g"]
            return z["o"] * f(C), C

        wrong(f"{name} for tanh of C in h", cell=showing)
        wrong(f"{name} for both tanh", gates=GATES | {"g": f}, cell=showing)
wrong("sigmoid taken twice in every gate", gates=GATES | dict.fromkeys("ifo", lambda z: sigmoid(sigmoid(z))))
wrong("tanh taken twice in C~", gates=GATES | {"g": lambda z: np.tanh(np.tanh(z))})
for gate in "ifo":
    wrong(f"1 - {gate} for {gate}", gates=GATES | {gate: lambda z: 1 - sigmoid(z)})


def cell_with(C_of, h_of=lambda z, C, old: z["o"] * np.tanh(C)):
    def cell(z, old):
        C = C_of(z["i"], z["f"], z["g"], old)
        return h_of(z, C, old), C

    return cell


CELLS = {
    "coupled gates, f = 1 - i": cell_with(lambda i, f, g, C: C + i * (g - C)),
    "coupled gates, i = 1 - f": cell_with(lambda i, f, g, C: g + f * (C - g)),
    "i + C~ for i * C~": cell_with(lambda i, f, g, C: f * C + i + g),
    "f + C for f * C": cell_with(lambda i, f, g, C: f + C + i * g),
    "no forget gate, C = C_prev + i C~": cell_with(lambda i, f, g, C: C + i * g),
    "no input gate, C = f C_prev + C~": cell_with(lambda i, f, g, C: f * C + g),
    "C_prev forgotten, C = i C~": cell_with(lambda i, f, g, C: i * g),
    "f and i on the sum, C = f (C_prev + i C~)": cell_with(lambda i, f, g, C: f * C + f * i * g),
    "no output gate, h = tanh(C)": cell_with(lambda i, f, g, C: f * C + i * g, lambda z, C, old: np.tanh(C)),
    "output gate inside tanh, h = tanh(o C)": cell_with(
        lambda i, f, g, C: f * C + i * g, lambda z, C, old: np.tanh(z["o"] * C)
    ),
    "h from the cell before, h = o tanh(C_prev)": cell_with(
        lambda i, f, g, C: f * C + i * g, lambda z, C, old: z["o"] * np.tanh(old)
    ),
}
for name, spoilt in CELLS.items():
    wrong(name, cell=spoilt)
for limit in (1, 2, 3, 4, 5, 6, 8, 10):
    wrong(
        f"C clipped at {limit}",
        cell=cell_with(lambda i, f, g, C, t=limit: np.maximum(-t, np.minimum(t, f * C + i * g))),
    )
for limit in (1, 2, 3, 5, 6, 10, 20):
    wrong(f"z clipped at {limit}", sums=lambda z, t=limit: np.maximum(-t, np.minimum(t, z)))


def overflowing(exp_of, f):
    """`f`, but nan where exp of a number, made of z, is infinite in the precision that it has."""

    def spoilt(z):
        with np.errstate(over="ignore"):
            return np.where(np.isinf(np.exp(exp_of(z))), np.nan, f(z))

    return spoilt


half_sigmoid, half_tanh = (overflowing(lambda z: np.float16(np.abs(z)), f) for f in (sigmoid, np.tanh))
for name, gates in {
    "exp overflows in sigmoid, nan where z is above 88": dict.fromkeys("ifo", overflowing(np.float32, sigmoid)),
    "exp overflows in tanh, nan where |z| is above 88": {"g": overflowing(lambda z: np.float32(abs(z)), np.tanh)},
    "exp overflows in tanh, nan where z is above 44": {"g": overflowing(lambda z: np.float32(2 * z), np.tanh)},
    "exp overflows in float16, nan where |z| is above 11": dict.fromkeys("ifo", half_sigmoid) | {"g": half_tanh},
}.items():
    wrong(name, gates=GATES | gates)
for width in (32, 64, 100, 128):

    def narrow(z, C, width=width):
        h, C = plain_cell(z, C)
        h[width:], C[width:] = 0, 0
        return h, C

    wrong(f"units beyond {width} dropped", cell=narrow)
wrong("the next layer reads C instead of h", climbs="C")

# ---- what is carried from word to word and from call to call


def word_by_word(again):
    """The state passes through `again(h, C)` before every word but the first."""

    def run(case, order="ifgo"):
        case = SimpleNamespace(**{**vars(case), "parts": [1] * len(case.x)})
        return unpadded(case, order, lambda h, C, first: again(h, C))

    return run


def unpadded(case, order, seam):
    results = []
    for b, length in enumerate(case.lengths):
        only = SimpleNamespace(
            **{**vars(case), "x": case.x[:length, b : b + 1], "lengths": [length], "parts": case.parts[:length]},
        )
        only.h, only.C = case.h[:, b : b + 1], case.C[:, b : b + 1]
        out = program(only, order, seam=seam)
        results.append((out["h"][:, :, 0], out["C"][:, :, 0]))
    return hand_back(case, results)


def forgetful(case, order="ifgo"):
    zero, results = 0 * case.h[:, 0], []
    for b, length in enumerate(case.lengths):
        words = [read(case.x[t : t + 1, b], zero, zero, case.layers, order) for t in range(length)]
        results.append(tuple(np.concatenate([w[k] for w in words], axis=1) for k in (0, 1)))
    return hand_back(case, results)


def carried(case, order="ifgo"):
    h, C, results = case.h[:, 0], case.C[:, 0], []
    for b, length in enumerate(case.lengths):
        results.append(read(case.x[:length, b], h, C, case.layers, order))
        h, C = results[-1][0][:, -1], results[-1][1][:, -1]
    return hand_back(case, results)


def carried_over(case, order="ifgo"):
    before = program(case, order)
    return program(SimpleNamespace(**{**vars(case), "h": before["h_n"], "C": before["C_n"]}), order)


def carried_up(case, order="ifgo"):
    results = []
    for b, length in enumerate(case.lengths):
        x, h, C, made = case.x[:, b], case.h[:1, b], case.C[:1, b], []
        for layer in case.layers:
            made.append(read(x, h, C, [layer], order))
            x, h, C = made[-1][0][0], made[-1][0][:, -1], made[-1][1][:, -1]
        results.append(tuple(np.concatenate([m[k] for m in made])[:, :length] for k in (0, 1)))
    return hand_back(case, results)


def bias_later(case, order="ifgo"):
    results = []
    without = [(W, U, b, 0 * c) for W, U, b, c in case.layers]
    for b, length in enumerate(case.lengths):
        first = read(case.x[:1, b], case.h[:, b], case.C[:, b], without, order)
        rest = read(case.x[1:length, b], first[0][:, 0], first[1][:, 0], case.layers, order)
        results.append(tuple(np.concatenate([one, other], axis=1) for one, other in zip(first, rest, strict=True)))
    return hand_back(case, results)


wrong("state zero again at every step", forgetful)
wrong("h zero again at every step", word_by_word(lambda h, C: (0 * h, C)))
wrong("C zero again at every step", word_by_word(lambda h, C: (h, 0 * C)))
wrong("state carried from one sequence of the batch to the next", carried)
wrong("state carried over from an earlier run of the batch", carried_over)
wrong("state carried up from each layer to the next", carried_up)
wrong("second bias b_hh missing at the first step", bias_later)
wrong("state lost at every seam, zero instead", seam=lambda h, C, first: (0 * h, 0 * C))
wrong("h lost at every seam, zero instead", seam=lambda h, C, first: (0 * h, C))
wrong("C lost at every seam, zero instead", seam=lambda h, C, first: (h, 0 * C))
wrong("initial state again at every seam", seam=lambda h, C, first: first)
wrong("initial h again at every seam", seam=lambda h, C, first: (first[0], C))
wrong("initial C again at every seam", seam=lambda h, C, first: (h, first[1]))
wrong("h and C swapped at every seam", seam=lambda h, C, first: (C, h))
wrong("h and C swapped at every call", start=lambda h, C: (C, h), seam=lambda h, C, first: (C, h))
wrong(
    "only the last layer's state handed on at every seam",
    seam=lambda h, C, first: tuple(np.concatenate([0 * a[:-1], a[-1:]]) for a in (h, C)),
)
wrong(
    "every layer goes on from the last layer's state at every seam",
    seam=lambda h, C, first: tuple(np.repeat(a[-1:], len(a), axis=0) for a in (h, C)),
)


def replayed(plan):
    """Read the words at the steps that `plan` lists; return, for each step, the state after its last reading."""

    def run(case, order="ifgo"):
        results = []
        for b, length in enumerate(case.lengths):
            h, C, at = case.h[:, b], case.C[:, b], {}
            last = h, C
            steps = plan(len(case.x), np.cumsum(case.parts)[:-1])
            for t in range(len(case.x)):
                for _ in range(steps.count(t)):
                    hs, Cs = read(case.x[t : t + 1, b], *last, case.layers, order)
                    last = hs[:, 0], Cs[:, 0]
                at[t] = last
            results.append(tuple(np.stack([at[t][k] for t in range(length)], axis=1) for k in (0, 1)))
        return hand_back(case, results)

    return run


for step in range(16):
    wrong(
        f"word at step {step} skipped, the state kept",
        replayed(lambda n, seams, step=step: [t for t in range(n) if t != step]),
    )
    wrong(
        f"word at step {step} read twice",
        replayed(lambda n, seams, step=step: sorted([*range(n), *([step] if step < n else [])])),
    )
wrong(
    "last word before every seam read again after it",
    replayed(lambda n, seams: sorted([*range(n), *(s - 1 for s in seams)])),
)
wrong("first word after every seam skipped", replayed(lambda n, seams: [t for t in range(n) if t not in seams]))
wrong("last word before every seam skipped", replayed(lambda n, seams: [t for t in range(n) if t + 1 not in seams]))

# ---- time, padding and sequences


def time_reversed(whole, put_back):
    def run(case, order="ifgo"):
        results = []
        for b, length in enumerate(case.lengths):
            n = len(case.x) if whole else length
            results.append(read(case.x[:n, b][::-1], case.h[:, b], case.C[:, b], case.layers, order))
        return hand_back(case, results, lambda values, length, steps: values[:, ::-1] if put_back else values)

    return run


def left_padded(put_back):
    def run(case, order="ifgo"):
        results = []
        for b, length in enumerate(case.lengths):
            x = np.concatenate([np.zeros((len(case.x) - length, case.x.shape[2])), case.x[:length, b]])
            results.append(read(x, case.h[:, b], case.C[:, b], case.layers, order))
        return hand_back(
            case, results, lambda values, length, steps: values[:, steps - length :] if put_back else values
        )

    return run


def returned_left_padded(case, order="ifgo"):
    right = program(case, order)
    for name in ("h", "C"):
        for b, length in enumerate(case.lengths):
            right[name][:, :, b] = np.roll(right[name][:, :, b], len(case.x) - length, axis=1)
    right["output"] = right["h"][-1]
    # what stands before the words is what lay behind them
    return {k: np.nan_to_num(a) for k, a in right.items()}


def through_padding(case, order="ifgo"):
    whole = program(case, order, words=lambda x, length: x)
    return whole | {k: program(case, order)[k] for k in ("h", "C", "output")}


def exchanged_axes(case, order="ifgo"):
    """x (steps, batch, D) handed to a program that expects batch first."""
    zero = 0 * case.h[:, 0]
    made = zip(*(read(x, zero, zero, case.layers, order) for x in case.x), strict=True)
    h, C = (np.stack(part, axis=1) for part in made)
    last = case.lengths - 1  # h, C: (layers, steps as rows, batch as steps, H)
    ends = {f"{n}_n": a[:, last, range(len(last))] for n, a in (("h", h), ("C", C))}
    return {"h": h, "C": C, "output": h[-1], **ends}


def shifted(late):
    def words(x, length):
        zero = np.zeros((1, x.shape[1]))
        return np.concatenate([zero, x[:-1]])[:length] if late else np.concatenate([x[1:], zero])[:length]

    return words


def outputs_late(case, order="ifgo"):
    out = program(case, order)
    for name, first in (("h", case.h), ("C", case.C)):
        out[name] = np.concatenate([first[:, None], out[name][:, :-1]], axis=1)
    return out | {"output": out["h"][-1]}


def padded(case, order, on):
    """What a program returns that writes zeros behind the words or, going on, what it makes of the padding."""
    out = program(case, order)
    whole = program(case, order, words=lambda x, length: x) if on else out
    return {name: np.nan_to_num(whole[name] if name in ("h", "C", "output") else out[name]) for name in out}


def by_length(states, put_back, on=False):
    def run(case, order="ifgo"):
        rank = sorted(range(len(case.lengths)), key=lambda b: -case.lengths[b])
        by_rank = SimpleNamespace(**{**vars(case), "x": case.x[:, rank], "lengths": case.lengths[rank]})
        if states:
            by_rank.h, by_rank.C = case.h[:, rank], case.C[:, rank]
        out = padded(by_rank, order, on)
        return {name: a[..., np.argsort(rank), :] for name, a in out.items()} if put_back else out

    return run


def only_lengths_sorted(case, order="ifgo", on=False):
    lengths = np.sort(case.lengths)[::-1]
    return padded(SimpleNamespace(**{**vars(case), "lengths": lengths}), order, on)


wrong("time reversed, padding first", time_reversed(whole=True, put_back=False))
wrong("time reversed, padding first, outputs put back in order", time_reversed(whole=True, put_back=True))
wrong("time reversed within each sequence", time_reversed(whole=False, put_back=False))
wrong("time reversed within each sequence, outputs put back in order", time_reversed(whole=False, put_back=True))
wrong("left padding, read before the words", left_padded(put_back=False))
wrong("left padding, read before the words, outputs moved to the front", left_padded(put_back=True))
wrong("left padding in what is returned", returned_left_padded)
wrong("right padding read, final states behind it", through_padding)
wrong("steps and batch exchanged, state zero", exchanged_axes)
wrong("every word read one step late, zero first", words=shifted(late=True))
wrong("every word read one step early", words=shifted(late=False))
wrong("outputs one step late, the initial state first", outputs_late)
wrong("sequences sorted by length, initial states not", by_length(states=False, put_back=True))
for on, end in (False, ""), (True, ", padding read on"):
    name = "sequences sorted by length"
    wrong(f"{name}, outputs not put back{end}", by_length(states=True, put_back=False, on=on))
    wrong(f"{name}, initial states not, outputs not put back{end}", by_length(states=False, put_back=False, on=on))
    wrong(f"lengths sorted, sequences not{end}", partial(only_lengths_sorted, on=on))

# ---- what is returned


def returned(change):
    def run(case, order="ifgo"):
        out = program(case, order)
        out = out | change(out)
        return out | {"output": out["h"][-1]}

    return run


wrong(
    "h and C swapped in what is returned",
    returned(lambda o: {"h": o["C"], "C": o["h"], "h_n": o["C_n"], "C_n": o["h_n"]}),
)
wrong("h_n and C_n swapped", returned(lambda o: {"h_n": o["C_n"], "C_n": o["h_n"]}))
wrong("C returned for h too", returned(lambda o: {"h": o["C"], "h_n": o["C_n"]}))
wrong("h returned for C too", returned(lambda o: {"C": o["h"], "C_n": o["h_n"]}))
wrong(
    "layers returned in reverse order, output of the first",
    returned(lambda o: {name: o[name][::-1] for name in ("h", "C", "h_n", "C_n")}),
)
for on, end in (False, ""), (True, ", padding read on"):

    def turned(case, order="ifgo", on=on):
        return {name: a[..., ::-1, :] for name, a in padded(case, order, on).items()}

    wrong(f"sequences returned in reverse order{end}", turned)


def with_exchanged_ends(case, order="ifgo", **options):
    out = program(case, order, **options)
    return out | {"h_n": out["C_n"], "C_n": out["h_n"]}


wrong("h_n and C_n swapped, and in the initial state", partial(with_exchanged_ends, start=lambda h, C: (C, h)))
wrong("h_n and C_n swapped, and handed on so", partial(with_exchanged_ends, seam=lambda h, C, first: (C, h)))
wrong(
    "h_n and C_n with the layers in reverse order",
    lambda case, order="ifgo": (
        program(case, order) | {name: program(case, order)[name][::-1] for name in ("h_n", "C_n")}
    ),
)

# ---- inexact ones, to be run in float32: options of `program`


def to_bfloat16(a):
    bits = np.float32(a).view(np.uint32)
    return (bits + 0x7FFF + (bits >> 16 & 1) & np.uint32(0xFFFF0000)).view(np.float32)


def to_float16(a):
    return np.float16(a).astype(np.float32)


def to_tf32(a):
    return np.float32(a).view(np.uint32) + np.uint32(1 << 12) & np.uint32(0xFFFFE000)


def to_int8(a):
    """In steps of 1/127 of the largest number."""
    largest = np.max(np.abs(a))
    return np.float32(np.rint(a * 127 / largest) * largest / 127) if largest else a


def keeping(h_to, C_to, early=False):
    """A cell whose state is rounded when it is stored; or C already before h is made of it."""

    def cell(z, C):
        C = z["f"] * C + z["i"] * z["g"]
        if early:
            C = C_to(C)
        return h_to(z["o"] * np.tanh(C)), C_to(C)

    return cell


def product_of(change, outside=lambda a: a):
    return lambda a, b: outside(change(a) @ change(b))


def exact(a):
    return a


SCALES = {"each array": to_int8, "each gate": to_int8, "each row": lambda a: np.stack([to_int8(row) for row in a])}


def quantised(where):
    def change(a):
        return np.concatenate(list(map(to_int8, np.split(a, 4)))) if where == "each gate" else SCALES[where](a)

    return each_layer(lambda W, U, b, c: (change(W), change(U), b, c))


INEXACT = {  # by name, each a list of programs that go by it
    "products in TF32 or float16": [
        {"dot": product_of(to_float16)},
        {"dot": product_of(lambda a: to_tf32(a).view(np.float32))},
    ],
    "products in bfloat16": [{"dot": product_of(to_bfloat16)}],
}
for half, to in {"float16": to_float16, "bfloat16": to_bfloat16}.items():
    INEXACT |= {
        f"products and their sums in {half}": [{"dot": product_of(to, to)}],
        f"h kept in {half}": [{"cell": keeping(to, exact)}],
        f"C kept in {half}": [{"cell": keeping(exact, to, early)} for early in (True, False)],
        f"h and C kept in {half}": [{"cell": keeping(to, to, early)} for early in (True, False)],
    }
    throughout = {"gates": {g: (lambda z, f=f, to=to: to(f(z))) for g, f in GATES.items()}, "sums": to}
    INEXACT[f"{half} throughout"] = [throughout | {"cell": keeping(to, to, True), "dot": product_of(to, to)}]
for where in SCALES:
    INEXACT |= {
        f"weights in int8, one scale for {where}": [{"layers": quantised(where)}],
        f"weights and inputs in int8, one scale for {where}": [
            {"layers": quantised(where), "dot": lambda a, b: a @ to_int8(b)}
        ],
    }
