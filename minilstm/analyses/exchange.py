"""Activation patching between two sentences: a gate, a cell, h, or one direction of the last layer's cells.

    The boy  near the cars | greets      the base: a singular subject
    The boys near the cars | greet       the source: the same words, but for the subject's number

While the network reads the base, a unit gets one of its variables (a gate i, f, o, the candidate C~, the cell C, or h)
from the source, at one word. What follows from it is computed as ever: C from the gates by Eq. 1, h from C by Eq. 2.
How far the choice of the verb form moves says what that variable carries there.

Many patches are the rows of one matrix, and sentences that begin alike share their beginnings, as in `fast/sweep.py`.

References
----------
Geiger, A., Lu, H., Icard, T. and Potts, C. (2021). Causal abstractions of neural networks. NeurIPS 34.
"""

from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from ..errors import MinilstmError, StimulusError
from ..fast.prefix_tree import prefix_tree, walk
from ..fast.sweep import LogitDifferences, Reader, assign_rows
from ..lstm import Step
from ..records import short_repr

VARIABLES = {name: (name,) for name in Step._fields} | {"both": ("C", "h")}  # {variable: those exchanged}


def right_both_ways(intact, source):
    """The pairs of which the network gets both sentences right: (pairs,) bool; raises StimulusError for none."""
    good = (intact > 0) & (source < 0)
    if not good.any():
        raise StimulusError("no sentence is answered rightly with either number of the subject: there is none to move")
    return good


def normalized_effect(intact, patched, source):
    """Normalised effect: how far the mean margin moves from the base's (0) to the source's (1).

    Parameters
    ----------
    intact, source : (pairs,) arrays
    patched : (..., pairs) array

    Returns
    -------
    (...,) array
        nan where there are no pairs.
    """
    if not len(intact):
        return np.full(patched.shape[:-1], np.nan)
    return (intact - patched).mean(axis=-1) / (intact - source).mean()


@short_repr
class Word(NamedTuple):
    """Gates and states of a layer at a word, and the cell before it; (nodes, rows, H) arrays."""

    step: Step
    C_prev: np.ndarray


def exchange(
    model, bases, sources, sets, variable="C", at=0, onwards=False, state="context", unknown="error", progress=False
):
    """Compute margins with a variable of some units taken from another sentence.

    Parameters
    ----------
    model : LanguageModel
    bases, sources : sequences of stimuli.Item
        See `stimuli.pairs`; of equal lengths word for word.
    sets : sequence of collections of int
        Units to patch together, in the paper's numbers. Each set is tried on every pair.
    variable : {"i", "f", "o", "C_tilde", "C", "h", "both"}
        The one that is exchanged; "both": C and h.
    at : int
        At which word: 0 is the first in which the two sentences differ, the subject; 1 the next, and so on.
    onwards : bool
        At every word from there to the last before the verb.
    state : None, "context" or lstm.State
        What both sentences are read from.
    unknown : {"error", "<unk>"}

    Returns
    -------
    patched : (sets, pairs) array
        Margins log p(right) - log p(wrong) of the base's forms.
    intact : (pairs,) array
        The same with nothing exchanged.
    source : (pairs,) array
        The same, of the base's forms, after the source: below 0 if the network is right there.

    Examples
    --------
    >>> import minilstm
    >>> model = minilstm.load("planted")
    >>> bases, sources = minilstm.stimuli.pairs(minilstm.stimuli.na_tasks(tasks=["nounPP"], n=2))
    >>> patched, intact, _ = exchange(model, bases, sources, [(71, 72), (73,)])  # both number units; the syntax unit
    >>> bool((intact > 0).all()), (patched > 0).all(axis=1)
    (True, array([False,  True]))
    """
    if variable not in VARIABLES:
        raise MinilstmError(f"variable to copy: expected one of {', '.join(VARIABLES)}, got {variable!r}")
    rows = assign_rows(sets, model.sizes)

    def patch(k, base, source):
        row, unit = rows.targets[k]
        here = slice(None), row, unit
        values = {name: getattr(source.step, name)[:, 0, unit] for name in VARIABLES[variable]}
        i, f, o, C_tilde, C, h = Step(*(field[here] for field in base.step))._replace(**values)
        if variable in ("i", "f", "C_tilde"):
            C = f * base.C_prev[here] + i * C_tilde  # Eq. 1
        if "h" not in values:
            h = o * np.tanh(C)  # Eq. 2
        base.step.C[here], base.step.h[here] = C, h

    margins, source = read_pairs(
        model, bases, sources, rows.counts, patch, at, onwards, state=state, unknown=unknown, progress=progress
    )
    row = np.where(rows.of_set < len(margins), rows.of_set, 0)  # a set without units is the intact network
    return margins[row], margins[0], source


def exchange_along(model, bases, sources, directions, at=0, state="context", unknown="error", progress=False):
    """The same with C of the last layer taken from another sentence along one direction.

    Parameters
    ----------
    model : LanguageModel
    bases, sources : sequences of stimuli.Item
        See `stimuli.pairs`.
    directions : (n, H) array
        Of length 1; each is tried on every pair.
    at : int
        At which word: 0 is the first in which the two sentences differ.
    state, unknown
        As in `exchange`.

    Returns
    -------
    patched : (n, pairs) array
        Margins log p(right) - log p(wrong) of the base's forms.
    intact, source : (pairs,) arrays
    """
    directions = np.asarray(directions, model.dtype)

    def patch(k, base, source):
        if k == len(model.sizes) - 1:
            C, h, o = (array[:, 1:] for array in (base.step.C, base.step.h, base.step.o))  # row 0 is left intact
            along = np.einsum("nrh,rh->nr", source.step.C - C, directions)
            C += along[..., None] * directions
            h[...] = o * np.tanh(C)  # Eq. 2

    rows = [1] * (len(model.sizes) - 1) + [1 + len(directions)]
    margins, source = read_pairs(
        model, bases, sources, rows, patch, at, state=state, unknown=unknown, progress=progress
    )
    return margins[1:], margins[0], source


def read_pairs(
    model, bases, sources, rows, patch, at=0, onwards=False, state="context", unknown="error", progress=False
):
    """Read bases and their sources side by side, and let `patch` change what the bases are read as.

    Parameters
    ----------
    rows : list of int
        In how many ways each layer reads a base, none fewer than the layer below; row 0 is left intact.
    patch : callable (k, base, source)
        Changes C and h of layer k in place, before anything else sees them. `base` is a Word of (nodes, rows, H)
        arrays, `source` one with a single row.

    Returns
    -------
    margins : (rows, pairs) array
    source : (pairs,) array
    """
    V, reader = len(model.vocabulary), Reader(model, rows)
    contrast = model.contrast([base.right for base in bases], [base.wrong for base in bases])
    choice, source_choice = LogitDifferences(*contrast, rows[-1] - 1), LogitDifferences(*contrast, 0)

    def read(states, parents, words):
        base, source, since = states[0], states[1], states[2][parents]
        word, other = np.divmod(words, V)
        since = since + ((since >= 0) | (word != other))  # words since the first that differs; -1 before it
        nodes = np.flatnonzero(since >= at if onwards else since == at)
        gates = []
        read_source = reader.read(source, parents, other, lambda k, z, h, C: gates.append(z))

        def patch_nodes(k, z, h, C):
            if len(nodes):
                where = slice(None) if len(nodes) == len(words) else nodes  # views, where all are patched
                its = _word(z[where], *(array[where] for array in (h, C, base[k][1][parents])))
                patch(k, its, _word(*(a[where] for a in (gates[k], *read_source[k], source[k][1][parents]))))
                h[where], C[where] = its.step.h, its.step.C

        if len(nodes) and base[-1][0].shape[1] < rows[-1]:  # until then, all rows are the same
            base = [tuple(np.repeat(a, n, axis=1) for a in layer) for layer, n in zip(base, rows, strict=True)]
        return reader.read(base, parents, word, patch_nodes), read_source, since

    sentences = [
        model.encode(base.prefix, unknown) * V + model.encode(source.prefix, unknown)
        for base, source in zip(bases, sources, strict=True)
    ]
    single = Reader(model, [1] * len(model.sizes)).start(state)
    with tqdm(total=len(bases), disable=None if progress else True, unit="sentence") as bar:
        for visit in walk(prefix_tree(sentences), (single, single, np.array([-1])), read, reader.width):
            node, sentence = visit.node[visit.ends], visit.sentence[visit.ends]
            choice.record(visit.states[0], node, sentence)
            source_choice.record(visit.states[1], node, sentence)
            bar.update(len(sentence))
    return choice.margins, source_choice.margins[0]


def _word(z, h, C, C_prev):
    """A Word from what a Reader has of it; `z` are the gates i, f, C_tilde, o."""
    i, f, C_tilde, o = np.split(z, 4, axis=-1)
    return Word(Step(i, f, o, C_tilde, C, h), C_prev)
