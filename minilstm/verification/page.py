"""The page that lies beside test vectors and says what is in them and what to hand back."""

from pathlib import Path

import numpy as np

from ..io.conventions import CONVENTIONS
from .comparing import GRADIENTS
from .program import Variant
from .variants import VARIANTS

PAGE = Path(__file__).with_name("page.md")  # with places for what `page` puts in
WHAT_VECTORS_SHOW = """
## What they can show

Tested with ten seeds, for vectors of the usual sizes that have initial states. With `output`, `h_n` and `C_n`, in
float64, float32, float16 and bfloat16: a wrong order of gates, in all arrays, some of them or one layer; weights
transposed, reshaped, left out or of another gate or layer, in all layers or in one; a bias missing, doubled or in the
wrong place; other activation functions and equations; a cell clipped at 12 or below, pre-activations clipped at 6 or
below (in float32 at 10, in float64 at 20), functions that overflow at |z| = 100; states that are lost, swapped,
repeated or taken from another layer or sequence; words skipped, repeated or read in another order, padding that is
read, sequences mixed up. In float32 and float64 also products, their sums or states in TF32 or half precision, and
weights in int8.
{other}
They cannot show a cell clipped at 13 or above, more units than there are here, or anything in outputs that are not
handed in.
"""
TRACES = """\
| `h`, `C` | {traces} layers, steps, batch, units | at every step, in every layer |
| `i`, `f`, `o`, `C_tilde` | {traces} layers, steps, batch, units | the gates and the candidate |"""
OTHER_OUTPUTS = (  # the array that asks for them; their row; what they can show
    (
        "x_again",
        "| `output_again`, `h_n_again`, ... | the same with {again} | what the same weights make of `x_again`, from "
        "`h_0_again` and `C_0_again`; no sequence is padded |",
        "With `output_again`: sizes of a batch that a program takes for fixed.",
    ),
    (
        "chunks",
        "| `output_chunks`, `h_n_chunks`, ... | as `output_again`, ... | the same sequences read in {count} calls, of "
        "{chunks} steps, each from the state that the one before it returned |",
        "With `output_chunks`: state that is lost, or words that are repeated, between calls.",
    ),
    (
        "x_wide",
        "| `output_wide`, `h_n_wide`, ... | the same with {wide} | what the LSTM in `wide....` makes of `x_wide`, from "
        "`h_0_wide` and `C_0_wide` |",
        "With `output_wide`: units beyond the first 32, 64, 100 or 128 that are dropped.",
    ),
    (
        "loss_output",
        "| `d_x`, `d_h_0`, `d_C_0`, {weights} | as `x`, `h_0`, ... | the derivatives of the loss sum(loss_output * "
        "output) + sum(loss_h_n * h_n) + sum(loss_C_n * C_n) |",
        "With the gradients, in float64 and float32: state through which nothing goes back, activations, gate orders "
        "and\nsums that differ in the backward pass, truncation, parameters that are never learned.",
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
    "W": ("directions, 4 blocks of units, inputs", "W"),
    "R": ("directions, 4 blocks of units, units", "U"),
    "B": ("directions, twice 4 blocks of units", "the two parts of b, one behind the other"),
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
ALIKE = ", or, where two are alike as here, the numbers do (the report then says how\nthey were read)"
TWO = " The two parts of b only act through their sum."


def page(arrays, seed, directory):
    """The page in Markdown for the arrays that `make_vectors` or `make_variant` makes, to lie in `directory`."""
    (steps, batch, _), (states, _, size), units = arrays["x"].shape, arrays["h_0"].shape, arrays["C_0"].shape[2]
    name, convention = str(arrays.get("variant", "")), str(arrays["convention"])
    variant, traces = VARIANTS.get(name, Variant()), (states, steps, batch, units)
    others = {
        "again": _sizes(arrays, "_again"),
        "wide": _sizes(arrays, "_wide"),
        "chunks": " + ".join(map(str, arrays.get("chunks", ()))),
        "count": len(arrays.get("chunks", ())),
        "weights": ", ".join(f"`d_{key}`" for key in arrays if key.endswith(("_l0", "_l1")) and "." not in key),
    }
    shapes = traces, (steps, batch, variant.directions * size), (states, batch, size)
    alike = any(shape.count(n) > 1 for shape in shapes for n in shape if n > 1)
    present = [(row.format(**others), text) for key, row, text in OTHER_OUTPUTS if key in arrays]
    rows = [] if name else [TRACES.format(traces=traces), *(row for row, _ in present)]
    return PAGE.read_text(encoding="utf-8").format(
        version=arrays["version"],
        variant=f", variant: {name}" if name else "",
        directory=directory,
        seed=seed,
        given="\n".join(_row(key, array) for key, array in arrays.items()),
        sizes=_sizes(arrays),
        convention=convention,
        order=" ".join(CONVENTIONS[convention].order),
        biases="" if convention == "keras" else TWO,
        equations="\n".join(f"    {line}" for line in _equations(variant)),
        gradients_scale=GRADIENTS,
        alike=ALIKE if alike else "",
        output=(steps, batch, variant.directions * size),
        h_n=(states, batch, size),
        C_n=(states, batch, units),
        more="\n".join(rows),
        shown="" if name else WHAT_VECTORS_SHOW.format(other="\n".join(text for _, text in present)),
    )


def _equations(variant):
    """The equations of a variant, one a line, with nothing in them that it lacks."""
    p_i, p_f, p_o = (" + p_i * C_prev", " + p_f * C_prev", " + p_o * C") if variant.peepholes else ("", "", "")
    called = dict(zip(("gate", "candidate", "exposed"), variant.activations, strict=True))
    gate, candidate, exposed = (name if name.isidentifier() else kind for kind, name in called.items())
    within = "({})"
    if variant.clip < np.inf:
        within = "(cut({}))"
        yield f"cut(v) = v within [-{variant.clip:g}, {variant.clip:g}]"
    yield f"i = {gate}{within.format(f'z_i{p_i}')}"
    yield "f = 1 - i" if variant.coupled else f"f = {gate}{within.format(f'z_f{p_f}')}"
    yield f"C_tilde = {candidate}{within.format('z_g')}"
    yield "C = f * C_prev + i * C_tilde"
    yield f"o = {gate}{within.format(f'z_o{p_o}')}"
    yield f"h = R @ (o * {exposed}(C))" if variant.projection else f"h = o * {exposed}(C)"
    yield from (f"{kind}: {name}" for kind, name in called.items() if not name.isidentifier())
    if variant.peepholes:
        yield "peepholes stand in the order i o f"
    if variant.directions == 2:
        yield "second direction: the same from each sequence's own last word to its first; what it says of a word"
        yield "stands behind what the first says of it; h_n and C_n: layer 1 forwards, backwards, layer 2 forwards, ..."


def _sizes(arrays, case=""):
    """The sizes of one of the cases in words."""
    if f"x{case}" not in arrays:
        return ""
    (steps, batch, inputs), (states, _, _) = arrays[f"x{case}"].shape, arrays[f"h_0{case}"].shape
    layers = states // VARIANTS.get(str(arrays.get("variant")), Variant()).directions
    units = arrays[f"C_0{case}"].shape[2]
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
