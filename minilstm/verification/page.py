"""The page that lies beside test vectors and says what is in them and what to hand back."""

import numpy as np

from ..io.conventions import CONVENTIONS
from .variants import VARIANTS

PAGE = """\
# Test vectors for an LSTM, version {version}

Run your own LSTM on them, save what it says, and have it compared with the equations:

    minilstm verify {directory} outputs.npz

`vectors.npz` opens with `numpy.load`, `vectors.safetensors` (the same, if it is here) with any reader of that format;
there `format`, `version` and `convention` stand in the metadata. Made with seed {seed}.

## What is given

| key | shape | axes | type | what |
|---|---|---|---|---|
{given}

Sizes: {layers} layers, {steps} steps, {batch} sequences in the batch, {units} units a layer, {inputs} inputs. The first
layer reads x, the second the h of the first. Sequence number b has `lengths[b]` words at the steps 0 to
`lengths[b] - 1`; behind them stands padding, zero, which is not part of the sequence. Each sequence starts from its
own h_0 and C_0.

The weights stand in the convention of {convention}: their blocks, one a gate, are in the order {order}, where g is the
candidate (ONNX and Keras call it c).{biases}
All numbers are multiples of 1/64 which float16 and bfloat16 hold exactly.

## What to compute

At every step and in every layer, with z = W x + U h_prev + b, cut into z_i, z_f, z_g, z_o (U: weight_hh, R or
recurrent_kernel):

    i = sigmoid(z_i)    f = sigmoid(z_f)    o = sigmoid(z_o)    C_tilde = tanh(z_g)
    C = f * C_prev + i * C_tilde
    h = o * tanh(C)

## What to hand back

One .npz or .safetensors file with at least one of these; the more there are, the closer to the cause the report comes.
float64, float32, float16 or bfloat16 (in .npz: as float32); the allowed error follows the precision. That of the wide
LSTM is four times as large and that of gradients eight times, because they are sums of many numbers, and that of
gradients also by as much as the largest number in an array is above 1.

| key | shape | what |
|---|---|---|
| `output` | ({steps}, {batch}, {units}) steps, batch, units | h of the last layer at every step |
| `h_n`, `C_n` | ({layers}, {batch}, {units}) layers, batch, units | h and C after each sequence's own last word |
| `h`, `C` | ({layers}, {steps}, {batch}, {units}) layers, steps, batch, units | at every step, in every layer |
| `i`, `f`, `o`, `C_tilde` | ({layers}, {steps}, {batch}, {units}) | the gates and the candidate |
{cases}

Axes may come in another order, such as batch first, and axes of length 1 are dropped: all sizes differ, so that the
shape says which axis is which. What stands in the padding is not looked at. In PyTorch, for instance:

    packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
    output, (h_n, C_n) = lstm(packed, (h_0, C_0))
    output, _ = pad_packed_sequence(output)
    np.savez("outputs.npz", output=output.detach(), h_n=h_n.detach(), C_n=C_n.detach())

In Python, `minilstm.verify(directory, {{"output": output, "h_n": h_n, "C_n": C_n}})` does the same.

## What they can show

With `output`, `h_n` and `C_n`, in float64, float32, float16 and bfloat16: a wrong order of gates, in all arrays, some
of them or one layer; weights transposed, reshaped, left out or of another gate or layer; a bias missing, doubled or in
the wrong place; other activation functions and equations; a cell clipped at 10 or below, pre-activations clipped at 6
or below (in float32 at 10, in float64 at 20), functions that overflow at |z| = 100; states that are lost, swapped,
repeated or taken from another layer or sequence; words skipped, repeated or read in another order, padding that is
read, sequences mixed up. From float32 on also products in TF32 or half precision and weights in int8.
{shown}
They cannot show a cell clipped above 11, more units than there are here, or anything in outputs that are not handed in.

## Without test vectors

    minilstm verify --installed          the LSTM of every framework that is installed, on all vectors it can be run on
    minilstm verify model.onnx           each LSTM in a model file: ONNX, PyTorch, .safetensors, .keras
    minilstm verify model.pt model.onnx  whether a conversion holds the same LSTM, and if not, what went wrong

and in Python `assert minilstm.verify_module(torch.nn.LSTM(20, 30))`, for an object with the weights it has: an LSTM of
PyTorch, a layer of Keras, a cell of Flax, a session of ONNX Runtime. An LSTM that runs in millions of devices, for
instance, is that of silero-vad, which finds speech (MIT licence, 11 MB):

    pip download --no-deps silero-vad && unzip silero_vad-*.whl
    minilstm verify silero_vad/data/silero_vad_16k.safetensors
"""
AGAIN = """\
| `output_again`, `h_n_again`, ... | the same with {again} | what the same weights make of `x_again`, from \
`h_0_again` and `C_0_again`; no sequence is padded |"""
CHUNKS = """\
| `output_chunks`, `h_n_chunks`, ... | as `output_again`, ... | the same sequences read in {count} calls, of {chunks} \
steps, each from the state that the one before it returned |"""
WIDE_ROW = """\
| `output_wide`, `h_n_wide`, ... | the same with {wide} | what the LSTM in `wide....` makes of `x_wide`, from \
`h_0_wide` and `C_0_wide` |"""
VARIANT_PAGE = """\
# Test vectors for an LSTM, version {version}, variant: {name}

Run your own LSTM on them, save what it says, and have it compared with the equations:

    minilstm verify {directory} outputs.npz

Made with seed {seed}.

| key | shape | axes | type | what |
|---|---|---|---|---|
{given}

The weights stand in the convention of {convention}, their blocks in the order {order}; z = W x + U h_prev + b is cut
into z_i, z_f, z_g, z_o. Peepholes stand in the order i o f. Sequence number b has `lengths[b]` words.

## What to compute

{equations}

## What to hand back

One .npz or .safetensors file with at least one of `output` ({steps}, {batch}, {width}), h of the last layer at every
step, and `h_n` ({states}, {batch}, {size}), `C_n` ({states}, {batch}, {units}), both after each sequence's own end.
"""
GRADIENTS = """\
| `d_x`, `d_h_0`, `d_C_0`, {weights} | as `x`, `h_0`, ... | the derivatives of the loss sum(loss_output * output) + \
sum(loss_h_n * h_n) + sum(loss_C_n * C_n) |"""
SHOWN = (
    (AGAIN, "x_again", "With `output_again`: sizes of a batch that a program takes for fixed."),
    (CHUNKS, "chunks", "With `output_chunks`: state that is lost, or words that are repeated, between calls."),
    (WIDE_ROW, "x_wide", "With `output_wide`: units beyond the first 32, 64, 100 or 128 that are dropped."),
    (
        GRADIENTS,
        "loss_output",
        "With the gradients: state through which nothing goes back, activations, gate orders \
and sums that differ in the\nbackward pass, truncation, parameters that are never learned.",
    ),
)
KEYS = {  # axes, what
    "format": ("", "what this is"),
    "version": ("", "of this format"),
    "convention": ("", "how the weights are named, shaped and ordered"),
    "x": ("steps, batch, inputs", "what is read"),
    "lengths": ("batch", "words in each sequence"),
    "h_0": ("layers, batch, units", "h before the first word"),
    "C_0": ("layers, batch, units", "C before the first word"),
    "weight_ih": ("4 blocks of units, inputs", "W"),
    "weight_hh": ("4 blocks of units, units", "U"),
    "bias_ih": ("4 blocks of units", "first part of b"),
    "bias_hh": ("4 blocks of units", "second part of b"),
    "W": ("1, 4 blocks of units, inputs", "W"),
    "R": ("1, 4 blocks of units, units", "U"),
    "B": ("1, twice 4 blocks of units", "the two parts of b, one behind the other"),
    "kernel": ("inputs, 4 blocks of units", "W, transposed"),
    "recurrent_kernel": ("units, 4 blocks of units", "U, transposed"),
    "bias": ("4 blocks of units", "b"),
    "variant": ("", "which LSTM this is"),
    "weight_hr": ("size of h, units", "R"),
    "P": ("directions, 3 blocks of units", "peepholes p_i, p_o, p_f"),
    "loss_output": ("steps, batch, units", "weights of output in the loss"),
    "loss_h_n": ("layers, batch, units", "weights of h_n in the loss"),
    "loss_C_n": ("layers, batch, units", "weights of C_n in the loss"),
    "chunks": ("calls", "steps of x_again in each call, when it is read in parts"),
}
CASES = {"again": "another batch", "wide": "the wide LSTM"}
TWO = " The two parts of b only act through their sum."


def page(arrays, seed, directory):
    """The page in Markdown for the arrays that `vectors.make_vectors` makes, to lie in `directory`."""
    if "variant" in arrays:
        return _variant_page(arrays, seed, directory)
    steps, batch, inputs = arrays["x"].shape
    layers, _, units = arrays["h_0"].shape
    convention = str(arrays["convention"])
    sizes = {
        "again": _sizes(arrays, "again"),
        "wide": _sizes(arrays, "wide"),
        "chunks": " + ".join(map(str, arrays.get("chunks", ()))),
        "count": len(arrays.get("chunks", ())),
        "weights": ", ".join(f"`d_{key}`" for key in arrays if key.endswith(("_l0", "_l1")) and "." not in key),
    }
    present = [(row.format(**sizes), text) for row, key, text in SHOWN if key in arrays]
    return PAGE.format(
        given="\n".join(_row(key, array) for key, array in arrays.items()),
        cases="\n".join(row for row, _ in present),
        shown="\n".join(text for _, text in present),
        version=arrays["version"],
        seed=seed,
        directory=directory,
        layers=layers,
        steps=steps,
        batch=batch,
        units=units,
        inputs=inputs,
        convention=convention,
        order=" ".join(CONVENTIONS[convention].order),
        biases="" if convention == "keras" else TWO,
    )


def _variant_page(arrays, seed, directory):
    variant, convention = VARIANTS[str(arrays["variant"])], str(arrays["convention"])
    (steps, batch, _), (states, _, size) = arrays["x"].shape, arrays["h_0"].shape
    return VARIANT_PAGE.format(
        name=arrays["variant"],
        version=arrays["version"],
        seed=seed,
        directory=directory,
        given="\n".join(_row(key, array) for key, array in arrays.items()),
        convention=convention,
        order=" ".join(CONVENTIONS[convention].order),
        equations="\n".join(f"    {line}" for line in _equations(variant)),
        steps=steps,
        batch=batch,
        width=variant.directions * size,
        states=states,
        size=size,
        units=arrays["C_0"].shape[2],
    )


def _equations(variant):
    """The equations of a variant, one a line, with nothing in them that it lacks."""
    p_i, p_f, p_o = (" + p_i * C_prev", " + p_f * C_prev", " + p_o * C") if variant.peepholes else ("", "", "")
    gate_of = "gate(cut({}))" if variant.clip < np.inf else "gate({})"
    gate, candidate, exposed = variant.activations
    if variant.clip < np.inf:
        yield f"cut(v) = v within [-{variant.clip:g}, {variant.clip:g}]"
    yield "i = " + gate_of.format(f"z_i{p_i}")
    yield "f = 1 - i" if variant.coupled else "f = " + gate_of.format(f"z_f{p_f}")
    yield "C_tilde = " + gate_of.format("z_g").replace("gate", "candidate")
    yield "C = f * C_prev + i * C_tilde"
    yield "o = " + gate_of.format(f"z_o{p_o}")
    yield f"h = {'R @ ' if variant.projection else ''}(o * exposed(C))"
    yield f"gate: {gate}; candidate: {candidate}; exposed: {exposed}"
    if variant.directions == 2:
        yield "second direction: the same from each sequence's own last word to its first; what it says of a word"
        yield "stands behind what the first says of it; h_n and C_n: layer 1 forwards, backwards, layer 2 forwards, ..."


def _sizes(arrays, case):
    """The sizes of one of the other cases in words."""
    if f"x_{case}" not in arrays:
        return ""
    (steps, batch, inputs), (layers, _, units) = arrays[f"x_{case}"].shape, arrays[f"h_0_{case}"].shape
    sizes = {"layer": layers, "step": steps, "sequence": batch, "unit": units, "input": inputs}
    return ", ".join(f"{n} {what}{'' if n == 1 else 's'}" for what, n in sizes.items())


def _row(key, array):
    kind, case = key, ""
    for suffix in CASES:
        if key.endswith(f"_{suffix}") or key.startswith(f"{suffix}."):
            kind, case = key.removesuffix(f"_{suffix}").removeprefix(f"{suffix}."), f", {CASES[suffix]}"
    backwards = ", backwards" if kind.endswith("_reverse") else ""
    kind, _, layer = kind.removesuffix("_reverse").partition("_l")
    if not layer.isdigit():
        kind, layer = kind if not layer else f"{kind}_l{layer}", ""
    axes, what = KEYS[kind]
    what += f", layer {int(layer) + 1}{backwards}{case}" if layer else case
    if array.ndim == 0:
        what += f": {array}"
    return f"| `{key}` | {array.shape} | {axes} | {'text' if array.dtype.kind == 'U' else array.dtype} | {what} |"
