"""Does somebody's LSTM follow the equations, and if not, since when, by how much, and which mistake explains it?

`vectors.write_vectors` writes what a program is to compute; `verify` compares what came out with `lstm.run` in
float64. Where they differ, `diagnosis` searches the known mistakes for programs that would have returned the same.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .. import lstm
from ..errors import VectorsError
from .comparing import GRADIENTS, HALF, TOLERANCES, compare
from .diagnosis import NOTHING, diagnose, diagnose_among, tries_pairs
from .gradients import gradients, named
from .outputs import read_outputs
from .place import axes_in, place_of, unit_number
from .program import QUANTITIES, RETURNED, TRACES, Variant, add_final_states
from .rounding import growth
from .variants import run as run_variant
from .variants import wrong_variants
from .vectors import read_cases
from .verdict import CONSTANT, NO_PAIRS, SINGLY, Departure, Verdict, WrongGradient
from .wrong_gradients import wrong_gradients

UNSEEN = {  # what nobody can see who is not handed the outputs of a case
    "": "sequences of different lengths",
    "again": "another batch on the same weights",
    "chunks": "state handed on between calls",
    "wide": "many units, inputs unlike units",
    "gradients": "gradients",
}

MUCH = 10  # times as large a tolerance as usual: said, since smaller mistakes pass
BLIND = 0.3  # of h, which is within 1: a tolerance above which most mistakes would pass


def verify(
    vectors: str | Path | Mapping[str, np.ndarray],
    outputs: str | Path | Mapping[str, Any],
    rtol: float | None = None,
    atol: float | None = None,
    precision: str | None = None,
    progress: bool = False,
) -> Verdict:
    """Compare what a program made of test vectors with the equations.

    Parameters
    ----------
    vectors : str, Path or mapping
        The directory that `vectors.write_vectors` wrote, one of its files, or what `vectors.make_vectors` returns.
    outputs : str, Path or mapping of str to array
        An .npz or .safetensors file, or arrays, a framework's tensors among them: at least one of `output`
        (steps, batch, units), the last layer's h; `h_n`, `C_n` (layers, batch, units), the states after each sequence's
        own last word; `h`, `C`, `i`, `f`, `o`, `C_tilde` (layers, steps, batch, units); or of the same names with
        `_again`, `_chunks` or `_wide` behind them, for the other cases of the vectors; or gradients, `d_x`, `d_h_0`,
        `d_C_0` and `d_` before the name of a weight, which are looked at if the outputs are right. Axes may come
        in any order: their sizes tell them apart, or, where two are alike, the numbers do. What stands behind a
        sequence's end is not looked at.
    rtol, atol : float, optional
        A number passes if it is within atol + rtol * |right number|. If not given, they follow from the precision.
    precision : {"float64", "float32", "float16", "bfloat16"}, optional
        In which the program computes. If not given, each array is judged by the type in which it is handed in, however
        coarse its numbers are (float64 that holds numbers of float32 counts as float32). Half precision in float32
        arrays, as an .npz has bfloat16, has to be said.
    progress : bool
        Show on standard error, if it is a terminal, how far the search for mistakes is.

    Returns
    -------
    Verdict
        True only if all numbers pass.

    Raises
    ------
    VectorsError
        If the vectors or the outputs are not what they should be, saying which name or shape was expected.

    See Also
    --------
    minilstm.verify_module : Runs a framework's LSTM itself.

    Examples
    --------
    >>> import minilstm
    >>> from minilstm import lstm
    >>> from minilstm.verification.vectors import make_vectors, read_vectors
    >>> vectors = make_vectors()
    >>> v = read_vectors(vectors)
    >>> trace = lstm.run(v.x, v.layers, lstm.State(v.h_0, v.C_0))
    >>> bool(minilstm.verify(vectors, {"output": trace.h[-1]}))
    True
    >>> minilstm.verify(vectors, {"output": lstm.run(v.x, v.layers).h[-1]}).diagnosis
    ('initial state not used, zero instead',)
    """
    if precision not in (None, *TOLERANCES):
        raise VectorsError(f"precision: expected one of {', '.join(TOLERANCES)}, got {precision!r}")
    return judge(read_cases(vectors), outputs, rtol, atol, precision=precision, progress=progress)


def judge(cases, outputs, rtol=None, atol=None, scale=1.0, precision=None, progress=False):
    """`verify`, given the `Problem` of each case; the tolerance by the precision is `scale` times as large."""
    first = cases[""]
    right = {case: (_right(p), p.lengths) for case, p in cases.items()}
    if first.losses:
        right["gradients"] = named(gradients(first), first.convention), None
    growths = {}  # of rounding, by case and precision
    with np.errstate(all="ignore"):  # what is handed in may well be infinite, and a wrong program may overflow
        for nearest in (True, False):
            compared, notes = _compare(cases, right, outputs, rtol, atol, scale, precision, nearest, growths)
            said = _said_of_rounding(growths) if atol is None else ()
            verdict = _judge(cases, right, compared, notes, progress)
            if verdict or not notes or verdict.explained:
                break
    return verdict._replace(notes=(*notes, *said))


def _said_of_rounding(growths):
    """A note where rounding grows; raises VectorsError where whatever is handed in would pass for it."""
    passes, coarsest = max((grown["h"] * TOLERANCES[kind][1], kind) for (_, kind), grown in growths.items())
    if passes > BLIND:
        raise VectorsError(
            f"in {coarsest}, rounding alone may change what this LSTM returns by {passes:.1g}, so large are its "
            "weights: whether it follows the equations cannot be told; expected outputs in float64"
        )
    if passes > MUCH * TOLERANCES[coarsest][1]:
        return (f"Rounding grows in this LSTM: in {coarsest}, differences of up to {passes:.1g} pass for it.",)
    return ()


def _judge(cases, right, compared, notes, progress):
    errors = {_key(name, case): c.errors() for case, quantities in compared.items() for name, c in quantities.items()}
    departing = [case for case in compared if not all(errors[_key(name, case)].ok for name in compared[case])]
    unseen = tuple(_unseen(right, compared))
    if not departing:
        return Verdict(True, errors, None, (), unseen=unseen, notes=notes)
    in_turn = {case: compared[case] for case in [*departing, *(case for case in compared if case not in departing)]}
    if departing[0] == "gradients":  # all outputs are right, or not handed in
        departure, found, place, untried = _wrong_gradient(cases[""], compared["gradients"])
    else:
        departure, found, place, untried = _wrong_output(cases, in_turn, progress)
    advice = list(_precision(errors, found.names))
    if found.names:
        place = ""
    elif departing[0] != "gradients":
        missing = right[departing[0]][0].keys() - compared[departing[0]].keys()
        advice = [*_next_outputs(missing, _key("", departing[0])), *advice]
    search = found.names, found.nearest, found.remainder, place
    return Verdict(False, errors, departure, *search, (*unseen, *untried), tuple(advice), notes)


def _wrong_gradient(p, compared):
    """The first departure, the `Diagnosis`, the place of what is not explained, and what was not tried."""
    departure, place = _first_wrong_gradient(compared)
    runs = {name: lambda run=run: named(run(), p.convention) for name, run in wrong_gradients(p).items()}
    return departure, diagnose_among(runs, compared), place, [SINGLY]


def _wrong_output(cases, in_turn, progress):
    """The same of outputs; `in_turn` has first the comparisons of a case that departs from the equations."""
    case = next(iter(in_turn))
    p, compared = cases[case], in_turn[case]
    departure = _first_departure(compared, case, p)
    if all(comparison.constant for quantities in in_turn.values() for comparison in quantities.values()):
        return departure, NOTHING, f"{CONSTANT} of {', '.join(compared)}", []
    if p.variant == Variant():
        found = diagnose(cases, {each: in_turn[each] for each in in_turn if each in cases}, progress)
        untried = [] if tries_pairs(p) else [NO_PAIRS]
    else:
        found, untried = diagnose_among(wrong_variants(p), compared), [SINGLY]
    expected = found.wrong or {name: comparison.right for name, comparison in compared.items()}
    place = place_of(compared, expected, p)
    if found.nearest and not place:  # it is not that of the other cases
        place = ", ".join(_key(name, each) for each in list(in_turn)[1:] for name in in_turn[each])
    return departure, found, place, untried


def _next_outputs(missing, suffix):
    """Advice on what to hand in next where the cause is not found, of the quantities `missing`."""
    for group in (RETURNED, ("h", "C"), ("i", "f", "o", "C_tilde")):
        names = [f"{name}{suffix}" for name in group if name in missing]
        if names:
            extent = "" if group is RETURNED else ", of all layers and steps"
            first = f"{', '.join(names[:-1])} and " if names[1:] else ""
            yield f"To come closer, hand in next: {first}{names[-1]}{extent}."
            return


def _precision(errors, names):
    """Advice where float32 holds numbers of half precision, unless `names` tell where they come from."""
    fits = {name: e.fits for name, e in errors.items() if not e.ok and e.precision not in HALF}
    coarser = "float16" if "float16" in fits.values() else "bfloat16"
    if fits and set(fits.values()) <= set(HALF) and (not names or coarser in names[0]):
        yield (
            f"Every number in {', '.join(fits)} fits {coarser}, but was handed in as something finer. If the program "
            f"computes in {coarser}, say so: --precision {coarser} (in Python: precision={coarser!r})."
        )


def _unseen(right, compared):
    """Mistakes that the outputs handed in cannot show, in words."""
    for case, text in UNSEEN.items():
        if case in right and case not in compared:
            yield text
    for case, quantities in compared.items():
        if case == "gradients":
            missing = [name for name in right[case][0] if name not in quantities]
        else:  # h at all steps has the output in it; final states are returned apart, and may be wrong by themselves
            seen = {*quantities, *(["output"] if "h" in quantities else [])}
            missing = [_key(name, case) for name in RETURNED if name not in seen]
        if missing:
            yield ", ".join(missing)


def _compare(cases, right, outputs, rtol, atol, scale, precision, nearest, growths):
    """Comparisons by case and quantity, of those that were handed in; and what is to be said of the order of axes.

    `right` has what is right by case: arrays by name, and the words of each sequence, or None where all counts.
    `growths`, how rounding grows by case and precision, gets what it lacks.
    """
    keys = {_key(name, case): (case, name) for case, (arrays, _) in right.items() for name in arrays}
    expected = {}
    for key, (case, name) in keys.items():
        arrays, lengths = right[case]
        expected[key] = arrays[name], _words(name, arrays[name].shape, lengths)
    compared, notes = {}, []
    for key, (got, handed_in, order) in read_outputs(outputs, expected, right[""][1], nearest).items():
        case, name = keys[key]
        array, words = expected[key]
        problem, judged_as = case.replace("gradients", ""), precision or handed_in
        if (problem, judged_as) not in growths:
            growths[problem, judged_as] = growth(cases[problem], right[problem][0], _right, judged_as)
        larger = GRADIENTS * max(1, np.abs(array).max()) if case == "gradients" else 1
        grown = growths[problem, judged_as]
        larger *= max(grown.values()) if case == "gradients" else grown["C" if name in ("C", "C_n") else "h"]
        comparison = compare(got, array, words, judged_as, rtol, atol, scale * larger)
        compared.setdefault(case, {})[name] = comparison
        if order:
            notes.append(f"{key}: sizes are alike; read with its axes as {axes_in(name, array.shape, order)}.")
    return compared, tuple(notes)


def _key(name, case):
    """Name under which a quantity of a case is handed in."""
    return f"{name}_{case}" if case not in ("", "gradients") else name


def _right(p):
    """Outputs of a right program."""
    if p.variant != Variant():
        return run_variant(p)
    trace = lstm.run(p.x, p.layers, lstm.State(p.h_0, p.C_0))
    made = add_final_states({name: getattr(trace, name) for name in TRACES}, p.lengths)
    return {name: made[name] for name in QUANTITIES}


def _words(name, shape, lengths):
    """Mask of where an array of `shape` holds words, not padding."""
    if lengths is None or name in ("h_n", "C_n"):
        return np.ones(shape, bool)
    steps = np.arange(shape[-3])[:, None, None]
    return np.broadcast_to(steps < lengths[:, None], shape)


def _first_wrong_gradient(compared):
    """The first number out of tolerance in the first gradient that has one, and the names of all that have."""
    outside = {name: np.argwhere(~comparison.close(comparison.right)) for name, comparison in compared.items()}
    names = [name for name in outside if len(outside[name])]
    where, comparison = tuple(map(int, outside[names[0]][0])), compared[names[0]]
    first = WrongGradient(names[0], where, float(comparison.got[where]), float(comparison.right[where]))
    return first, ", ".join(names)


def _first_departure(compared, case, p):
    """The first number out of tolerance: by step, then by layer, quantity, sequence and unit."""
    departures = []
    for name, comparison in compared.items():
        for where in np.argwhere(~comparison.close(comparison.right)):
            *front, sequence, _ = map(int, where)
            if name == "output":
                layer, step = len(p.W) // p.variant.directions - 1, front[0]
            elif name in ("h_n", "C_n"):
                layer, step = front[0] // p.variant.directions, int(p.lengths[sequence]) - 1
            else:
                layer, step = front
            unit = unit_number(name, where, comparison.got.shape, p)
            departures.append((step, layer, QUANTITIES.index(name), sequence, unit, tuple(where)))
    step, layer, quantity, sequence, unit, where = min(departures)
    comparison = compared[QUANTITIES[quantity]]
    numbers = float(comparison.got[where]), float(comparison.right[where])
    return Departure(_key(QUANTITIES[quantity], case), step, sequence, layer + 1, unit, *numbers)
