"""Programs that somebody might have written for our test vectors (PyTorch's convention), each with one mistake.

Written apart from `minilstm.verification.mistakes`, one sequence at a time and in float32, so that the two can be compared. All
take the arrays of `make_vectors` and `order`, in which they believe the blocks to stand. Padding comes back as NaN.
"""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def read(words, h, C, weights, order="ifgo", squash=sigmoid):
    """One sequence (steps, D) from h, C (layers, H): h and C at all steps, (layers, steps, H) each."""
    hs, Cs = np.zeros((2, len(h), len(words), h.shape[1]), np.float32)
    for k in range(len(h)):
        h_k, C_k = h[k], C[k]
        for t, x in enumerate(words):
            z = weights[f"weight_ih_l{k}"] @ x + weights[f"bias_ih_l{k}"]
            z = z + weights[f"weight_hh_l{k}"] @ h_k + weights[f"bias_hh_l{k}"]
            z = dict(zip(order, np.split(z, 4), strict=True))
            C_k = squash(z["f"]) * C_k + squash(z["i"]) * np.tanh(z["g"])
            h_k = squash(z["o"]) * np.tanh(C_k)
            hs[k, t], Cs[k, t] = h_k, C_k
        words = hs[k]
    return hs, Cs


def program(d, order="ifgo", words=None, start=None, weights=None, **options):
    """Read every sequence; `words(x_b, length)`, `start(h_b, C_b)` and `weights(d)` may spoil what it reads."""
    weights = weights(d) if weights else d
    results = []
    for b, length in enumerate(d["lengths"]):
        x = words(d["x"][:, b], length) if words else d["x"][:length, b]
        h, C = d["h_0"][:, b], d["C_0"][:, b]
        results.append(read(x, *(start(h, C) if start else (h, C)), weights, order, **options))
    return hand_back(d, results)


def hand_back(d, results, place=lambda values, length, steps: values):
    h, C = np.full((2, 2, 12, 5, 8), np.nan, np.float32)
    for b, (hs, Cs) in enumerate(results):
        for kept, values in ((h, hs), (C, Cs)):
            values = place(values, d["lengths"][b], 12)
            kept[:, : values.shape[1], b] = values
    h_n, C_n = (np.stack([r[k][:, -1] for r in results], axis=1) for k in (0, 1))
    return {"h": h, "C": C, "output": h[-1], "h_n": h_n, "C_n": C_n}


def changed(**how):
    """Every weight whose name starts with a key of `how` passed through its value."""

    def weights(d):
        return {k: next((f(a) for start, f in how.items() if k.startswith(start)), a) for k, a in d.items()}

    return weights


def turned(a):
    return np.concatenate([block.T for block in np.split(a, 4)])


def forget_one(order):
    """+ 1 on the block that the program takes for the forget gate."""
    return changed(bias_ih=lambda a: a + np.repeat([float(gate == "f") for gate in order], 8).astype("f4"))


def swapped_layers(d):
    return {k.replace("l0", "l9").replace("l1", "l0").replace("l9", "l1"): a for k, a in d.items()}


def exchanged(out, *pairs):
    new = dict(out)
    for one, other in pairs:
        new[one], new[other] = out[other], out[one]
    return new | {"output": new["h"][-1]}


def carried(d, order="ifgo"):
    h, C, results = d["h_0"][:, 0], d["C_0"][:, 0], []
    for b, length in enumerate(d["lengths"]):
        results.append(read(d["x"][:length, b], h, C, d, order))
        h, C = results[-1][0][:, -1], results[-1][1][:, -1]
    return hand_back(d, results)


def carried_up(d, order="ifgo"):
    results = []
    for b in range(5):
        one = {k.replace("l1", "l0"): a for k, a in d.items() if "l0" not in k}
        h0, C0 = read(d["x"][:, b], d["h_0"][:1, b], d["C_0"][:1, b], d, order)
        h1, C1 = read(h0[0], h0[:, -1], C0[:, -1], one, order)
        n = d["lengths"][b]
        results.append((np.concatenate([h0, h1])[:, :n], np.concatenate([C0, C1])[:, :n]))
    return hand_back(d, results)


def carried_over(d, order="ifgo"):
    before = program(d, order)
    return program(d | {"h_0": before["h_n"], "C_0": before["C_n"]}, order)


def forgetful(d, order="ifgo"):
    zero, results = np.zeros((2, 8), np.float32), []
    for b, length in enumerate(d["lengths"]):
        words = [read(d["x"][t : t + 1, b], zero, zero, d, order) for t in range(length)]
        results.append(tuple(np.concatenate([w[k] for w in words], axis=1) for k in (0, 1)))
    return hand_back(d, results)


def exchanged_axes(d, order="ifgo"):
    """x (steps, batch, D) handed to a program that expects batch first."""
    zero = np.zeros((2, 8), np.float32)
    h, C = (np.stack(part, axis=1) for part in zip(*(read(x, zero, zero, d, order) for x in d["x"]), strict=True))
    last = d["lengths"] - 1  # h, C: (layers, steps as rows, batch as steps, H)
    return {"h": h, "C": C, "output": h[-1], **{f"{n}_n": a[:, last, range(5)] for n, a in (("h", h), ("C", C))}}


def time_reversed(whole, put_back):
    def run(d, order="ifgo"):
        results = []
        for b, length in enumerate(d["lengths"]):
            n = 12 if whole else length
            results.append(read(d["x"][:n, b][::-1], d["h_0"][:, b], d["C_0"][:, b], d, order))
        return hand_back(d, results, lambda values, length, steps: values[:, ::-1] if put_back else values)

    return run


def left_padded(put_back):
    def run(d, order="ifgo"):
        results = []
        for b, length in enumerate(d["lengths"]):
            x = np.concatenate([np.zeros((12 - length, 8), np.float32), d["x"][:length, b]])
            results.append(read(x, d["h_0"][:, b], d["C_0"][:, b], d, order))
        return hand_back(d, results, lambda values, length, steps: values[:, steps - length :] if put_back else values)

    return run


def handed_back_left_padded(d, order="ifgo"):
    right = program(d, order)
    for name in ("h", "C"):
        for b, length in enumerate(d["lengths"]):
            right[name][:, :, b] = np.roll(right[name][:, :, b], 12 - length, axis=1)
    right["output"] = right["h"][-1]
    # what stands before the words is what lay behind them
    return {k: np.nan_to_num(a) for k, a in right.items()}


def through_padding(d, order="ifgo"):
    whole = program(d, order, words=lambda x, length: x)
    return whole | {k: program(d, order)[k] for k in ("h", "C", "output")}


def exchanged_layers(d, order="ifgo"):
    out = {k: a[::-1] for k, a in program(d, order).items() if k != "output"}
    return out | {"output": out["h"][-1]}


def zero(a):
    return 0 * a


def with_weights(**how):
    return lambda d, order="ifgo": program(d, order, weights=changed(**how))


def with_start(start):
    return lambda d, order="ifgo": program(d, order, start=start)


PROGRAMS = {
    "bias missing": with_weights(bias=zero),
    "bias doubled": with_weights(bias=lambda a: 2 * a),
    "first bias only, b_hh missing": with_weights(bias_hh=zero),
    "second bias only, b_ih missing": with_weights(bias_ih=zero),
    "forget bias + 1": lambda d, order="ifgo": program(d, order, weights=forget_one(order)),
    "recurrent weights U transposed": with_weights(weight_hh=turned),
    "input weights W transposed": with_weights(weight_ih=turned),
    "W and U transposed": with_weights(weight=turned),
    "hard sigmoid of Keras 3 and PyTorch, relu6(z + 3) / 6": lambda d, order="ifgo": program(
        d, order, squash=lambda z: np.clip(z + 3, 0, 6) / 6
    ),
    "hard sigmoid of Keras 2 and ONNX, 0.2 z + 0.5 within 0 and 1": lambda d, order="ifgo": program(
        d, order, squash=lambda z: np.maximum(0, np.minimum(1, np.float32(0.2) * z + np.float32(0.5)))
    ),
    "layers in reverse order": lambda d, order="ifgo": program(d, order, weights=swapped_layers),
    "initial states of the layers in reverse order": with_start(lambda h, C: (h[::-1], C[::-1])),
    "layers and their initial states in reverse order": lambda d, order="ifgo": program(
        d, order, weights=swapped_layers, start=lambda h, C: (h[::-1], C[::-1])
    ),
    "layers handed back in reverse order, output of the first": exchanged_layers,
    "h and C swapped in the initial state": with_start(lambda h, C: (C, h)),
    "h and C swapped in what is handed back": lambda d, order="ifgo": exchanged(
        program(d, order), ("h", "C"), ("h_n", "C_n")
    ),
    "h_n and C_n swapped": lambda d, order="ifgo": exchanged(program(d, order), ("h_n", "C_n")),
    "initial state not used, zero instead": with_start(lambda h, C: (0 * h, 0 * C)),
    "initial h not used, zero instead": with_start(lambda h, C: (0 * h, C)),
    "initial C not used, zero instead": with_start(lambda h, C: (h, 0 * C)),
    "state zero again at every step": forgetful,
    "state carried from one sequence of the batch to the next": carried,
    "state carried over from an earlier run of the batch": carried_over,
    "state carried up from each layer to the next": carried_up,
    "time reversed, padding first": time_reversed(whole=True, put_back=False),
    "time reversed, padding first, outputs put back in order": time_reversed(whole=True, put_back=True),
    "time reversed within each sequence": time_reversed(whole=False, put_back=False),
    "time reversed within each sequence, outputs put back in order": time_reversed(whole=False, put_back=True),
    "left padding, read before the words": left_padded(put_back=False),
    "left padding, read before the words, outputs moved to the front": left_padded(put_back=True),
    "left padding in what is handed back": handed_back_left_padded,
    "right padding read, final states behind it": through_padding,
    "steps and batch exchanged, state zero": exchanged_axes,
}
